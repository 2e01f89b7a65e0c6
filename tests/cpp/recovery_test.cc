// Opening what a crash left. The files are in memory, so that a crash is of one moment, whatever
// the background thread is at.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "io/memory_files.h"
#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

namespace fs = std::filesystem;

// Forwards everything but says which boot it is.
class SomeBoot : public FaultyFiles {
 public:
  SomeBoot(Files& inner, uint64_t boot) : FaultyFiles(inner), boot_(boot) {}
  BootId boot_id() override { return {{17, boot_}}; }

 private:
  const uint64_t boot_;
};

class RecoveryTest : public DatabaseTest {
 protected:
  ~RecoveryTest() override { database_.reset(); }  // before its files
  Files& files() override { return *files_; }

  // The process dies, now or at the moment that `image` is of.
  void crash() { crash_as(memory_->kill()); }
  void crash_as(std::unique_ptr<MemoryFiles> image) {
    database_.reset();
    memory_ = std::move(image);
    start();
  }
  // From here on only a dense prefix of what has not been synced counts.
  void reboot() {
    ++boot_;
    start();
  }
  std::vector<std::string> files_ending(const std::string& ending) {
    std::vector<std::string> found = *memory_->list(directory_);
    std::erase_if(found, [&](const std::string& name) { return !name.ends_with(ending); });
    return found;
  }
  uint64_t bytes_on_disk() {
    uint64_t bytes = 0;
    for (const std::string& name : files_ending("")) {
      bytes += memory_->contents(directory_ + "/" + name)->size();
    }
    return bytes;
  }

  std::unique_ptr<MemoryFiles> memory_ = std::make_unique<MemoryFiles>();
  std::unique_ptr<SomeBoot> files_ = std::make_unique<SomeBoot>(*memory_, 1);

 private:
  void start() { files_ = std::make_unique<SomeBoot>(*memory_, boot_); }
  uint64_t boot_ = 1;
};

TEST_F(RecoveryTest, WhatWasAcknowledgedSurvivesTheProcess) {
  for (const SinkChoice sink : {SinkChoice::kMapped, SinkChoice::kWrite}) {
    options_.wal_sink = sink;
    options_.memtable_bytes = 1 << 20;  // all of it in the log
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
  auto image = memory_->kill();
  parked.release();
  writer.join();
  crash_as(std::move(image));

  open();  // same boot: everything but the record in flight counts
  EXPECT_EQ(get("in flight"), "<absent>");
  EXPECT_EQ(get("after the gap"), "1");
  put("second life", "1", true);
  crash();
  reboot();  // now only a dense prefix would count
  open();
  EXPECT_EQ(get("after the gap"), "1");
  EXPECT_EQ(get("second life"), "1");
}

TEST_F(RecoveryTest, ASyncCutBetweenTwoSegmentsLeavesAPrefixNotDamage) {
  open();
  {
    sync_points::Pause unflushed(SyncPoint::flush_begin, 1);
    put("a", "1");
    fill_until_frozen();
    put("b", "1");
    // Sticky: should the background thread take the second call for a spare segment, the sync
    // meets the next one.
    files_->fail_at({.operation = Operation::kSegmentSync, .nth = 2, .sticky = true});
    EXPECT_EQ(database_->sync().code(), StatusCode::kStorage);
    auto image = memory_->crash(0, 0);
    unflushed.release();
    crash_as(std::move(image));
  }
  reboot();
  open();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "<absent>");
}

TEST_F(RecoveryTest, SequencesAndFileNumbersGoOn) {
  std::set<std::string> seen;
  for (int life = 0; life < 4; ++life) {
    open();
    put("k" + std::to_string(life), "1");
    for (const std::string& name : files_ending(".log")) {
      EXPECT_TRUE(seen.insert(name).second) << "opening ends the life of all segments";
    }
    if (life % 2 == 0) {
      crash();
    } else {
      expect_ok(database_->close());
      database_.reset();
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
    for (const std::string& name : files_ending("")) {
      all += name + *memory_->contents(directory_ + "/" + name);
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
  EXPECT_LT(bytes_on_disk(), uint64_t{1} << 20);
  EXPECT_EQ(files_ending(".log").size(), 1u);
}

// Recovery is cut at every one of its operations, by an error instead of a kill, and then run
// again on what that left.
TEST_F(RecoveryTest, MayFailAtAnyOperationAndRunAgain) {
  open();
  for (int i = 0; i < 300; ++i) put("k" + std::to_string(i), std::string(300, 'v'));
  const std::unique_ptr<MemoryFiles> image = memory_->kill();
  uint64_t failures = 0;
  for (const Operation operation :
       {Operation::kCreateSegment, Operation::kSegmentGrow, Operation::kSegmentWrite,
        Operation::kSegmentSync, Operation::kSegmentFinish, Operation::kCreateAppendable,
        Operation::kAppend, Operation::kAppendSync, Operation::kOpenReadable, Operation::kRead,
        Operation::kSyncDirectory, Operation::kRename, Operation::kRemove}) {
    for (uint64_t nth = 1;; ++nth) {
      crash_as(image->kill());
      const uint64_t before = files_->failures(operation);
      files_->fail_at({.operation = operation, .nth = nth});
      const Status opened = try_open();
      const bool struck = files_->failures(operation) > before;
      database_.reset();
      files_->heal();
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
