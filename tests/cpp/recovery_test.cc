// Opening what a crash left. A crash of the process is a copy of the directory while the database
// is open: the page cache survives it.

#include <fstream>

#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

namespace fs = std::filesystem;

// Forwards everything but says that the machine has been started anew.
class OtherBoot : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  BootId boot_id() override { return {{17, boots_}}; }
  void reboot() { ++boots_; }

 private:
  uint64_t boots_ = 1;
};

class RecoveryTest : public DatabaseTest {
 protected:
  ~RecoveryTest() override { database_.reset(); }  // before its files
  Files& files() override { return files_; }
  // The process dies: the directory as the kernel has it, under the same name.
  void crash() {
    const std::string image = directory_ + "_image";
    fs::copy(directory_, image);
    database_.reset();
    fs::remove_all(directory_);
    fs::rename(image, directory_);
  }
  std::vector<std::string> files_ending(const std::string& ending) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  OtherBoot files_{posix_files()};
};

TEST_F(RecoveryTest, WhatWasAcknowledgedSurvivesTheProcess) {
  for (const SinkChoice sink : {SinkChoice::kMapped, SinkChoice::kWrite}) {
    options_.wal_sink = sink;
    database_.reset();
    open(OpenMode::kNew);
    for (int i = 0; i < 300; ++i) put("k" + std::to_string(i), std::string(500, 'a' + i % 26));
    expect_ok(database_->erase("k7", false));
    crash();
    open();
    EXPECT_GT(database_->stats()->recovered_records, 300u);
    EXPECT_EQ(get("k299"), std::string(500, 'a' + 299 % 26));
    EXPECT_EQ(get("k7"), "<absent>");
    put("after", "1");
    crash();
    open();
    EXPECT_EQ(get("after"), "1");
    EXPECT_EQ(get("k0"), std::string(500, 'a'));
  }
}

TEST_F(RecoveryTest, AGapLeftByOneCrashIsNoLostTailAfterTheNext) {
  open();
  sync_points::Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { static_cast<void>(database_->put("in flight", "1", false)); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  put("after the gap", "1");
  const std::string image = directory_ + "_image";
  fs::copy(directory_, image);
  parked.release();
  writer.join();
  database_.reset();
  fs::remove_all(directory_);
  fs::rename(image, directory_);

  open();  // same boot: everything but the record in flight counts
  EXPECT_EQ(get("in flight"), "<absent>");
  EXPECT_EQ(get("after the gap"), "1");
  put("second life", "1", true);
  crash();
  files_.reboot();  // now only a dense prefix would count
  open();
  EXPECT_EQ(get("after the gap"), "1");
  EXPECT_EQ(get("second life"), "1");
}

TEST_F(RecoveryTest, ASyncCutBetweenTwoSegmentsLeavesAPrefixNotDamage) {
  open();
  put("a", "1");
  fill_until_frozen();
  put("b", "1");
  // Sticky: should the background thread take the second call for a spare segment, the sync meets
  // the next one.
  files_.fail_at({.operation = Operation::kSegmentSync, .nth = 2, .sticky = true});
  EXPECT_EQ(database_->sync().code(), StatusCode::kStorage);
  const std::vector<std::string> segments = files_ending(".log");
  static_cast<void>(database_->close());
  database_.reset();
  files_.heal();
  // The power cut takes what was not synced: all blocks of the newest segment with records.
  std::ofstream(segments[1], std::ios::in | std::ios::out).seekp(4096)
      << std::string(fs::file_size(segments[1]) - 4096, '\0');
  files_.reboot();
  open();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "<absent>");
}

TEST_F(RecoveryTest, SequencesAndFileNumbersGoOn) {
  std::set<std::string> seen;
  for (int life = 0; life < 4; ++life) {
    open();
    put("k" + std::to_string(life), "1");
    for (const std::string& path : files_ending(".log")) {
      const bool carried = life > 0 && !seen.insert(path).second;
      EXPECT_FALSE(carried && life % 2 == 1) << "a crash ends the life of its segments";
    }
    if (life % 2 == 0) {
      crash();
    } else {
      expect_ok(database_->close());
      database_.reset();
      seen.clear();
    }
  }
  open();
  for (int life = 0; life < 4; ++life) EXPECT_EQ(get("k" + std::to_string(life)), "1");
}

TEST_F(RecoveryTest, ClearReplaysAsOneMoment) {
  open();
  put("a", "1");
  fill_until_frozen();
  expect_ok(database_->clear(false));
  put("b", "1");
  crash();
  open();
  EXPECT_EQ(get("a"), "<absent>");
  EXPECT_EQ(get("zz-filler-1"), "<absent>");
  EXPECT_EQ(get("b"), "1");
}

TEST_F(RecoveryTest, ReadOnlyReplaysAndChangesNothing) {
  open();
  for (int i = 0; i < 200; ++i) put("k" + std::to_string(i), std::string(500, 'v'));
  crash();
  const auto content = [&] {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      all += entry.path().string() + std::string(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  };
  const std::string before = content();
  open(OpenMode::kRead);
  EXPECT_EQ(get("k199"), std::string(500, 'v'));
  EXPECT_EQ(database_->put("x", "1", false).code(), StatusCode::kReadOnly);
  auto cursor = std::move(*database_->cursor());
  expect_ok(cursor->first());
  EXPECT_TRUE(cursor->valid());
  cursor.reset();
  expect_ok(database_->close());
  database_.reset();
  EXPECT_EQ(content(), before);
}

TEST_F(RecoveryTest, WithoutALogCloseWritesEverythingOut) {
  open();
  put("logged", "1");
  reopen();
  options_.wal = false;
  reopen();
  put("unlogged", "2");
  expect_ok(database_->erase("logged", false));
  crash();  // what was not written out is lost, what was is not
  open();
  EXPECT_EQ(get("logged"), "1");
  EXPECT_EQ(get("unlogged"), "<absent>");
  put("unlogged", "2");
  expect_ok(database_->erase("logged", false));
  reopen();
  EXPECT_EQ(get("logged"), "<absent>");
  EXPECT_EQ(get("unlogged"), "2");
}

TEST_F(RecoveryTest, AStoreWithOneKeyTakesUnderAMebibyteAfterClose) {
  open();
  put("k", "v");
  expect_ok(database_->close());
  database_.reset();
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory_)) bytes += fs::file_size(entry);
  EXPECT_LT(bytes, uint64_t{1} << 20);
  EXPECT_EQ(files_ending(".log").size(), 1u);
}

// Recovery is cut at every one of its operations, by an error instead of a kill, and then run
// again on what that left.
TEST_F(RecoveryTest, MayFailAtAnyOperationAndRunAgain) {
  open();
  for (int i = 0; i < 300; ++i) put("k" + std::to_string(i), std::string(300, 'v'));
  const std::string image = directory_ + "_crashed";
  fs::copy(directory_, image);
  database_.reset();
  uint64_t failures = 0;
  for (const Operation operation :
       {Operation::kCreateSegment, Operation::kSegmentGrow, Operation::kSegmentWrite,
        Operation::kSegmentSync, Operation::kSegmentFinish, Operation::kCreateAppendable,
        Operation::kAppend, Operation::kAppendSync, Operation::kOpenReadable, Operation::kRead,
        Operation::kSyncDirectory, Operation::kRename, Operation::kRemove}) {
    for (uint64_t nth = 1;; ++nth) {
      fs::remove_all(directory_);
      fs::copy(image, directory_);
      const uint64_t before = files_.failures(operation);
      files_.fail_at({.operation = operation, .nth = nth});
      const Status opened = try_open();
      const bool struck = files_.failures(operation) > before;
      database_.reset();
      files_.heal();
      if (!struck) break;
      ++failures;
      open();
      for (const int i : {0, 150, 299}) {
        EXPECT_EQ(get("k" + std::to_string(i)), std::string(300, 'v'))
            << "operation " << static_cast<int>(operation) << " call " << nth;
      }
      database_.reset();
    }
  }
  EXPECT_GT(failures, 20u);
  fs::remove_all(image);
}

struct OpenCase {
  const char* name;
  std::vector<std::string> names;
  OpenMode mode;
  StatusCode code;
};

class OpenTest : public DatabaseTest, public ::testing::WithParamInterface<OpenCase> {};

TEST_P(OpenTest, RefusesWhatIsNoDatabaseAndTouchesNothing) {
  fs::create_directories(directory_);
  for (const std::string& name : GetParam().names) std::ofstream(directory_ + "/" + name) << "x";
  EXPECT_EQ(try_open(GetParam().mode).code(), GetParam().code);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    files += entry.path().filename() == "LOCK" ? 0 : 1;
  }
  if (GetParam().code != StatusCode::kOk) {
    EXPECT_EQ(files, GetParam().names.size());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, OpenTest,
    ::testing::Values(
        OpenCase{"ForeignCreate", {"notes.txt"}, OpenMode::kCreate, StatusCode::kFormat},
        OpenCase{"ForeignNew", {"notes.txt"}, OpenMode::kNew, StatusCode::kFormat},
        OpenCase{"ForeignWrite", {"notes.txt"}, OpenMode::kWrite, StatusCode::kNotFound},
        OpenCase{"EmptyRead", {}, OpenMode::kRead, StatusCode::kNotFound},
        OpenCase{"EmptyWrite", {}, OpenMode::kWrite, StatusCode::kNotFound},
        OpenCase{"LostCurrent", {"000002.log"}, OpenMode::kCreate, StatusCode::kCorruption},
        OpenCase{"LostCurrentRead", {"000002.log"}, OpenMode::kRead, StatusCode::kCorruption},
        OpenCase{"BadCurrent", {"CURRENT"}, OpenMode::kCreate, StatusCode::kFormat},
        OpenCase{"NeverCreated", {"000001.manifest"}, OpenMode::kCreate, StatusCode::kOk},
        OpenCase{"NewOverAnothersDatabase",
                 {"CURRENT", "MANIFEST-000005", "000008.log", "000012.sst"},
                 OpenMode::kNew,
                 StatusCode::kFormat},
        OpenCase{"NewOverOwn", {"CURRENT", "000002.log"}, OpenMode::kNew, StatusCode::kOk}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(DatabaseTest, APathThatIsAFileIsAnError) {
  std::ofstream(directory_) << "x";
  const Status status = try_open();
  EXPECT_EQ(status.code(), StatusCode::kStorage);
  EXPECT_EQ(status.path(), directory_);
}

TEST_F(DatabaseTest, ASecondOpenIsRefusedWithThePath) {
  open();
  auto second = Database::open(posix_files(), directory_, OpenMode::kCreate, options_);
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), StatusCode::kLocked);
  EXPECT_FALSE(second.status().path().empty());
}

TEST_F(DatabaseTest, OversizedKeysAndValuesAreRefusedAndLeaveNoTrace) {
  open();
  const std::string key(65'536, 'k');
  EXPECT_EQ(database_->put(key, "v", false).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database_->try_put(key, "v").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database_->erase(key, false).code(), StatusCode::kInvalidArgument);
  // The value is never looked at: only its size is wrong.
  const Bytes huge("v", (size_t{1} << 30) + 1);
  EXPECT_EQ(database_->put("k", huge, false).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database_->stats()->puts, 0u);
  put(std::string(65'535, 'k'), "v");
  put("", "");
  EXPECT_EQ(get(""), "");
}

}  // namespace
}  // namespace skiplith::testing
