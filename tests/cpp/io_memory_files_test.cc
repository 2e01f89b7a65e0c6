// What a power cut, and what a kill, may leave of files in memory.
#include "io/memory_files.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "io/faulty_files.h"

namespace skiplith::testing {
namespace {

constexpr uint64_t kSeeds = 200;

class MemoryFilesTest : public ::testing::Test {
 protected:
  MemoryFilesTest() { expect_ok(files_.make_directories("/d")); }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  // Made and written to; neither the file nor its name is synced.
  std::unique_ptr<AppendableFile> write(const std::string& path, const std::string& contents) {
    auto file = files_.create_appendable(path);
    expect_ok(file.status());
    expect_ok((*file)->append(contents));
    return std::move(*file);
  }
  std::unique_ptr<SegmentFile> create_segment(SinkForm form, uint64_t capacity) {
    auto segment = files_.create_segment("/d/s", form, capacity, 1 << 20);
    expect_ok(segment.status());
    expect_ok(files_.sync_directory("/d"));
    return std::move(*segment);
  }
  static void store(SegmentFile& segment, uint64_t offset, const std::string& bytes) {
    if (segment.mapped() != nullptr) {
      std::memcpy(segment.mapped() + offset, bytes.data(), bytes.size());
    } else {
      expect_ok(segment.write(offset, bytes));
    }
  }
  static std::string contents(const MemoryFiles& files, const std::string& path) {
    auto found = files.contents(path);
    return found.is_ok() ? *found : "<" + std::to_string(found.status().error_number()) + ">";
  }
  // All that crashes with these seeds leave of a file.
  std::set<std::string> outcomes(const std::string& path, double keep = 0.5) const {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      found.insert(contents(*files_.crash(seed, keep), path));
    }
    return found;
  }
  std::set<std::vector<std::string>> lists(double keep = 0.5) const {
    std::set<std::vector<std::string>> found;
    for (uint64_t seed = 0; seed < kSeeds; ++seed)
      found.insert(*files_.crash(seed, keep)->list("/d"));
    return found;
  }

  using Names = std::set<std::vector<std::string>>;
  MemoryFiles files_;
};

const std::string kMissing = "<" + std::to_string(ENOENT) + ">";

TEST_F(MemoryFilesTest, WhatWasSyncedSurvivesEveryCrash) {
  auto file = write("/d/f", "synced");
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  for (const double keep : {0.0, 0.5, 1.0}) {
    EXPECT_EQ(outcomes("/d/f", keep), std::set<std::string>{"synced"});
  }
}

TEST_F(MemoryFilesTest, KeepDecidesHowMuchSurvives) {
  auto file = write("/d/f", "synced");
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  expect_ok(file->append(" and not"));
  write("/d/new", "");
  EXPECT_EQ(outcomes("/d/f", 0), std::set<std::string>{"synced"});
  EXPECT_EQ(outcomes("/d/f", 1), std::set<std::string>{"synced and not"});
  EXPECT_EQ(lists(0), (Names{{"f"}}));
  EXPECT_EQ(lists(1), (Names{{"f", "new"}}));
  EXPECT_EQ(lists(0.5), (Names{{"f"}, {"f", "new"}}));
}

TEST_F(MemoryFilesTest, TheSeedDecidesWhatSurvives) {
  auto segment = create_segment(SinkForm::kWrite, 64 << 10);
  store(*segment, 0, std::string(64 << 10, 'x'));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(contents(*files_.crash(seed, 0.5), "/d/s"),
              contents(*files_.crash(seed, 0.5), "/d/s"));
  }
  EXPECT_GT(outcomes("/d/s").size(), kSeeds / 2);
}

TEST_F(MemoryFilesTest, UnsyncedContentsSurviveBySectorOrByPage) {
  for (const SinkForm form : {SinkForm::kMapped, SinkForm::kWrite}) {
    auto segment = create_segment(form, 32 << 10);
    store(*segment, 0, std::string(32 << 10, 'o'));
    expect_ok(segment->sync());
    store(*segment, 0, std::string(32 << 10, 'n'));
    int by_sector = 0, by_page = 0;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      const std::string found = contents(*files_.crash(seed, 0.5), "/d/s");
      ASSERT_EQ(found.size(), 32u << 10);
      bool pages_whole = true;
      for (size_t at = 0; at < found.size(); at += 512) {
        const std::string sector = found.substr(at, 512);
        ASSERT_EQ(sector, std::string(512, sector[0]));
        if (at % 4096 != 0 && found[at - 1] != sector[0]) pages_whole = false;
      }
      ++(pages_whole ? by_page : by_sector);
    }
    EXPECT_GT(by_sector, 0);
    EXPECT_GT(by_page, 0);
    expect_ok(files_.remove("/d/s"));
  }
}

TEST_F(MemoryFilesTest, GrowthIsDurableWithTheNextSync) {
  for (const SinkForm form : {SinkForm::kMapped, SinkForm::kWrite}) {
    auto segment = create_segment(form, 4096);
    EXPECT_EQ(outcomes("/d/s"), std::set<std::string>{std::string(4096, '\0')});
    expect_ok(segment->grow(8192));
    std::set<size_t> sizes;
    for (const std::string& found : outcomes("/d/s")) {
      EXPECT_EQ(found, std::string(found.size(), '\0'));
      sizes.insert(found.size());
    }
    EXPECT_EQ(*sizes.begin(), 4096u);
    EXPECT_EQ(*sizes.rbegin(), 8192u);
    EXPECT_GT(sizes.size(), 2u);  // and between
    expect_ok(segment->sync());
    EXPECT_EQ(outcomes("/d/s"), std::set<std::string>{std::string(8192, '\0')});
    expect_ok(files_.remove("/d/s"));
  }
}

TEST_F(MemoryFilesTest, AnAppendMayLeaveAHoleOrAPart) {
  auto file = write("/d/f", std::string(1000, 'a'));
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  expect_ok(file->append(std::string(1000, 'b')));
  bool hole = false, part = false;
  for (const std::string& found : outcomes("/d/f")) {
    ASSERT_GE(found.size(), 1000u);
    ASSERT_LE(found.size(), 2000u);
    EXPECT_EQ(found.substr(0, 1000), std::string(1000, 'a'));
    hole = hole || found.find('\0') != found.npos;
    part = part || (found.size() > 1000 && found.size() < 2000);
  }
  EXPECT_TRUE(hole);
  EXPECT_TRUE(part);
}

TEST_F(MemoryFilesTest, FinishingMakesTheSizeDurable) {
  auto segment = create_segment(SinkForm::kMapped, 8192);
  store(*segment, 0, "head");
  std::vector<std::unique_ptr<MemoryFiles>> on_the_way;
  files_.on_operation([&](Operation, const std::string&, uint64_t) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) on_the_way.push_back(files_.crash(seed, 0.5));
  });
  expect_ok(segment->finish(4));
  files_.on_operation({});
  EXPECT_EQ(outcomes("/d/s"), std::set<std::string>{"head"});
  std::set<size_t> sizes;
  for (const auto& files : on_the_way) sizes.insert(contents(*files, "/d/s").size());
  EXPECT_EQ(sizes, (std::set<size_t>{4, 8192}));  // cut or not yet
}

TEST_F(MemoryFilesTest, AFileWhoseNameWasNeverSyncedMayVanish) {
  auto file = write("/d/f", "x");
  expect_ok(file->sync());
  EXPECT_EQ(outcomes("/d/f"), (std::set<std::string>{"x", kMissing}));
}

TEST_F(MemoryFilesTest, ANameThatWasSyncedMayLackItsContents) {
  auto file = write("/d/f", "x");
  expect_ok(files_.sync_directory("/d"));
  EXPECT_EQ(outcomes("/d/f"), (std::set<std::string>{"x", "", std::string(1, '\0')}));
}

TEST_F(MemoryFilesTest, ARemovedFileMayComeBack) {
  auto file = write("/d/f", "x");
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  expect_ok(files_.remove("/d/f"));
  EXPECT_EQ(contents(files_, "/d/f"), kMissing);
  EXPECT_EQ(outcomes("/d/f"), (std::set<std::string>{"x", kMissing}));
  expect_ok(files_.sync_directory("/d"));
  EXPECT_EQ(outcomes("/d/f"), std::set<std::string>{kMissing});
}

TEST_F(MemoryFilesTest, ARenameHappensWholeOrNotAtAll) {
  expect_ok(files_.plant("/d/CURRENT", "old"));
  auto file = write("/d/tmp", "new");
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  expect_ok(files_.rename("/d/tmp", "/d/CURRENT"));
  std::set<std::pair<std::string, std::string>> found;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    auto after = files_.crash(seed, 0.5);
    found.insert({contents(*after, "/d/CURRENT"), contents(*after, "/d/tmp")});
  }
  EXPECT_EQ(found,
            (std::set<std::pair<std::string, std::string>>{{"old", "new"}, {"new", kMissing}}));
  expect_ok(files_.sync_directory("/d"));
  EXPECT_EQ(outcomes("/d/CURRENT"), std::set<std::string>{"new"});
}

TEST_F(MemoryFilesTest, ChangesOfOneNameKeepTheirOrder) {
  write("/d/a", "");                              // 1
  expect_ok(files_.rename("/d/a", "/d/b"));       // 2, after 1
  write("/d/c", "");                              // 3, on its own
  expect_ok(files_.rename("/d/b", "/d/target"));  // 4, after 2
  EXPECT_EQ(lists(),
            (Names{{}, {"a"}, {"b"}, {"target"}, {"c"}, {"a", "c"}, {"b", "c"}, {"c", "target"}}));
}

TEST_F(MemoryFilesTest, SyncingADirectoryIsForItsNamesAndWhatTheyNeed) {
  expect_ok(files_.make_directories("/e"));
  write("/d/stays", "");
  write("/d/goes", "");
  expect_ok(files_.rename("/d/goes", "/e/came"));
  expect_ok(files_.sync_directory("/e"));
  const auto after = files_.crash(0, 0);
  EXPECT_EQ(*after->list("/e"), std::vector<std::string>{"came"});
  EXPECT_EQ(*after->list("/d"), std::vector<std::string>{});
}

TEST_F(MemoryFilesTest, DirectoriesAreDurableWhenMade) {
  expect_ok(files_.make_directories("/x/y/z"));
  EXPECT_EQ(*files_.crash(0, 0)->kind_of("/x/y/z"), PathKind::kDirectory);
}

TEST_F(MemoryFilesTest, ANewSegmentIsSyncedButForItsName) {
  auto segment = files_.create_segment("/d/s", SinkForm::kMapped, 4096, 8192);
  EXPECT_EQ(outcomes("/d/s"), (std::set<std::string>{std::string(4096, '\0'), kMissing}));
}

TEST_F(MemoryFilesTest, StoresIntoTheMappingAreUnsyncedWrites) {
  auto segment = create_segment(SinkForm::kMapped, 4096);
  store(*segment, 0, "first");
  EXPECT_EQ(contents(files_, "/d/s").substr(0, 5), "first");
  EXPECT_EQ(contents(*files_.crash(0, 0), "/d/s"), std::string(4096, '\0'));
  EXPECT_EQ(contents(*files_.crash(0, 1), "/d/s").substr(0, 5), "first");
  expect_ok(segment->sync());
  store(*segment, 4096 - 3, "end");
  const std::string found = contents(*files_.crash(0, 0), "/d/s");
  EXPECT_EQ(found.substr(0, 5), "first");
  EXPECT_EQ(found.substr(4093), std::string(3, '\0'));
  segment.reset();  // no sync either
  EXPECT_EQ(contents(*files_.crash(0, 0), "/d/s"), found);
}

TEST_F(MemoryFilesTest, AFailedSyncLeavesTheDataUnsynced) {
  FaultyFiles faulty(files_);
  faulty.fail_at({.operation = Operation::kSegmentSync, .nth = 1});
  auto segment = faulty.create_segment("/d/s", SinkForm::kMapped, 4096, 8192);
  ASSERT_TRUE(segment.is_ok());
  expect_ok(files_.sync_directory("/d"));
  store(**segment, 0, "x");
  EXPECT_FALSE((*segment)->sync().is_ok());
  EXPECT_EQ(contents(*files_.crash(0, 0), "/d/s"), std::string(4096, '\0'));
}

TEST_F(MemoryFilesTest, TheDiskMayHaveWhatWasWrittenBetweenSyncs) {
  auto segment = create_segment(SinkForm::kMapped, 4096);
  store(*segment, 0, "one");
  files_.write_back(0, 1);
  store(*segment, 0, "two");
  EXPECT_EQ(contents(files_, "/d/s").substr(0, 3), "two");
  EXPECT_EQ(contents(*files_.crash(0, 0), "/d/s").substr(0, 3), "one");
  write("/d/f", "f");
  files_.write_back(0, 1);
  EXPECT_EQ(contents(*files_.crash(0, 0), "/d/f"), "f");
}

TEST_F(MemoryFilesTest, AFileThatCameAndWentMayStay) {
  write("/d/f", "x");
  expect_ok(files_.remove("/d/f"));
  EXPECT_TRUE(outcomes("/d/f").contains("x"));
  EXPECT_EQ(outcomes("/d/f", 1), std::set<std::string>{kMissing});
}

TEST_F(MemoryFilesTest, AKillKeepsContentsAndBootAndWhatIsUnsynced) {
  auto segment = create_segment(SinkForm::kMapped, 4096);
  store(*segment, 7, "x");
  write("/d/f", "f");
  const auto after = files_.kill();
  EXPECT_TRUE(after->boot_id().same_as(files_.boot_id()));
  EXPECT_EQ(contents(*after, "/d/s"), contents(files_, "/d/s"));
  EXPECT_EQ(contents(*after, "/d/f"), "f");
  const auto later = after->crash(0, 0);
  EXPECT_EQ(contents(*later, "/d/s"), std::string(4096, '\0'));
  EXPECT_EQ(contents(*later, "/d/f"), kMissing);
}

TEST_F(MemoryFilesTest, ACrashIsAnotherBootAndAKillIsNot) {
  EXPECT_TRUE(files_.boot_id().is_known());
  EXPECT_TRUE(files_.boot_id().same_as(files_.boot_id()));
  const auto first = files_.crash(0, 1);
  EXPECT_TRUE(first->boot_id().is_known());
  EXPECT_FALSE(first->boot_id().same_as(files_.boot_id()));
  EXPECT_FALSE(first->boot_id().same_as(files_.crash(0, 1)->boot_id()));
}

TEST_F(MemoryFilesTest, LocksGoWithTheProcess) {
  auto held = files_.lock("/d", false);
  EXPECT_EQ(files_.lock("/d", false).status().code(), StatusCode::kLocked);
  EXPECT_TRUE(files_.kill()->lock("/d", false).is_ok());
  EXPECT_TRUE(files_.crash(0, 1)->lock("/d", false).is_ok());
}

TEST_F(MemoryFilesTest, TheOldFilesAndWhatACrashLeftAreIndependent) {
  auto segment = create_segment(SinkForm::kMapped, 4096);
  auto file = write("/d/f", "f");
  const auto after = files_.crash(0, 1);
  store(*segment, 0, "x");
  expect_ok(segment->sync());
  expect_ok(file->append("more"));
  expect_ok(files_.remove("/d/f"));
  EXPECT_EQ(contents(*after, "/d/s"), std::string(4096, '\0'));
  EXPECT_EQ(contents(*after, "/d/f"), "f");
  expect_ok(after->remove("/d/s"));
  EXPECT_EQ(contents(files_, "/d/s")[0], 'x');
}

TEST_F(MemoryFilesTest, HandlesOutliveTheFiles) {
  auto files = std::make_unique<MemoryFiles>();
  auto segment = files->create_segment("/s", SinkForm::kMapped, 4096, 8192);
  auto file = files->create_appendable("/f");
  auto reader = files->open_readable("/s");
  auto lock = files->lock("/", true);
  files.reset();
  store(**segment, 0, "x");
  expect_ok((*segment)->finish(1));
  expect_ok((*file)->append("x"));
  char byte = 0;
  EXPECT_EQ(*(*reader)->read(0, &byte, 1), 1u);
  EXPECT_EQ(byte, 'x');
  (*lock)->release();
}

TEST_F(MemoryFilesTest, EveryChangeIsTold) {
  std::vector<std::string> told;
  files_.on_operation([&](Operation operation, const std::string& path, uint64_t nth) {
    told.push_back(operation_name(operation) + (" " + path));
    EXPECT_EQ(nth, told.size() + 1);  // the fixture made a directory
  });
  expect_ok(files_.make_directories("/x/y"));
  auto segment = files_.create_segment("/d/s", SinkForm::kWrite, 4096, 8192);
  expect_ok((*segment)->grow(8192));
  expect_ok((*segment)->grow(8192));  // there already: no change
  expect_ok((*segment)->write(0, "x"));
  expect_ok((*segment)->sync());
  expect_ok((*segment)->finish(1));
  auto file = write("/d/f", "x");
  expect_ok(file->sync());
  expect_ok(file->close());
  expect_ok(files_.sync_directory("/d"));
  expect_ok(files_.rename("/d/f", "/d/g"));
  expect_ok(files_.remove("/d/g"));
  (void)files_.lock("/d", false);
  (void)files_.lock("/d", true);
  (void)files_.list("/d");
  (void)files_.open_readable("/d/s");
  const std::vector<std::string> expected = {"make_directories /x",
                                             "make_directories /x/y",
                                             "create_segment /d/s",
                                             "segment_grow /d/s",
                                             "segment_sync /d/s",
                                             "segment_grow /d/s",
                                             "segment_write /d/s",
                                             "segment_sync /d/s",
                                             "segment_finish /d/s",
                                             "segment_sync /d/s",
                                             "create_appendable /d/f",
                                             "append /d/f",
                                             "append_sync /d/f",
                                             "sync_directory /d",
                                             "rename /d/f",
                                             "remove /d/g",
                                             "lock /d"};
  EXPECT_EQ(told, expected);
}

TEST_F(MemoryFilesTest, AnObserverIsToldBeforeAndMayStopIt) {
  auto file = write("/d/f", "1");
  files_.on_operation([&](Operation, const std::string&, uint64_t) {
    EXPECT_EQ(contents(*files_.crash(0, 1), "/d/f"), "1");
    throw std::runtime_error("stop");
  });
  EXPECT_THROW((void)file->append("2"), std::runtime_error);
  files_.on_operation({});
  EXPECT_EQ(contents(files_, "/d/f"), "1");
  expect_ok(file->append("3"));
  EXPECT_EQ(contents(files_, "/d/f"), "13");
}

TEST_F(MemoryFilesTest, WhatIsPlantedIsOnDisk) {
  auto open = write("/d/f", "old");
  expect_ok(files_.plant("/d/f", "planted"));
  expect_ok(files_.plant("/made/on/the/way", "too"));
  expect_ok(open->append("!"));  // to what it opened
  const auto after = files_.crash(0, 0);
  EXPECT_EQ(contents(*after, "/d/f"), "planted");
  EXPECT_EQ(contents(*after, "/made/on/the/way"), "too");
  EXPECT_EQ(files_.plant("/d", "").error_number(), EISDIR);
  EXPECT_EQ(files_.plant("/d/f/below", "").error_number(), ENOTDIR);
}

TEST_F(MemoryFilesTest, TheFormIsChosen) {
  EXPECT_EQ(*files_.best_form("/d"), SinkForm::kMapped);
  MemoryFiles write(SinkForm::kWrite);
  EXPECT_EQ(*write.best_form("/"), SinkForm::kWrite);
  EXPECT_EQ(*write.crash(0, 1)->best_form("/"), SinkForm::kWrite);
}

TEST_F(MemoryFilesTest, ThereIsACrashBesideEverything) {
  auto segment = create_segment(SinkForm::kMapped, 64 << 10);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (uint64_t at = 0; !done.load(); at = (at + 64) % (64 << 10)) {
      store(*segment, at, "stored without a lock");
    }
  });
  std::thread syncer([&] {
    while (!done.load()) expect_ok(segment->sync());
  });
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto after = files_.crash(seed, 0.5);
    EXPECT_EQ(contents(*after, "/d/s").size(), 64u << 10);
    const std::string name = "/d/f" + std::to_string(seed);
    expect_ok(write(name, "x")->sync());
    if (seed % 2 == 0) expect_ok(files_.rename(name, name + "x"));
    if (seed % 3 == 0) expect_ok(files_.sync_directory("/d"));
  }
  done.store(true);
  writer.join();
  syncer.join();
}

}  // namespace
}  // namespace skiplith::testing
