// What a power cut may leave of files in memory.
#include "io/faulty_files.h"
#include "support/memory_files_testing.h"

namespace skiplith::testing {
namespace {

using MemoryCrashTest = MemoryFilesTest;

TEST_F(MemoryCrashTest, WhatWasSyncedSurvivesEveryCrash) {
  auto file = write("/d/f", "synced");
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  for (const double keep : {0.0, 0.5, 1.0}) {
    EXPECT_EQ(outcomes("/d/f", keep), std::set<std::string>{"synced"});
  }
}

TEST_F(MemoryCrashTest, KeepDecidesHowMuchSurvives) {
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

TEST_F(MemoryCrashTest, TheSeedDecidesWhatSurvives) {
  auto segment = create_segment(SinkForm::kWrite, 64 << 10);
  store(*segment, 0, std::string(64 << 10, 'x'));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(contents(*files_.crash(seed, 0.5), "/d/s"),
              contents(*files_.crash(seed, 0.5), "/d/s"));
  }
  EXPECT_GT(outcomes("/d/s").size(), kSeeds / 2);
}

TEST_F(MemoryCrashTest, UnsyncedContentsSurviveBySectorOrByPage) {
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

TEST_F(MemoryCrashTest, GrowthIsDurableWithTheNextSync) {
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

TEST_F(MemoryCrashTest, AnAppendMayLeaveAHoleOrAPart) {
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

TEST_F(MemoryCrashTest, FinishingMakesTheSizeDurable) {
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

TEST_F(MemoryCrashTest, AFileWhoseNameWasNeverSyncedMayVanish) {
  auto file = write("/d/f", "x");
  expect_ok(file->sync());
  EXPECT_EQ(outcomes("/d/f"), (std::set<std::string>{"x", kMissing}));
}

TEST_F(MemoryCrashTest, ANameThatWasSyncedMayLackItsContents) {
  auto file = write("/d/f", "x");
  expect_ok(files_.sync_directory("/d"));
  EXPECT_EQ(outcomes("/d/f"), (std::set<std::string>{"x", "", std::string(1, '\0')}));
}

TEST_F(MemoryCrashTest, ARemovedFileMayComeBack) {
  auto file = write("/d/f", "x");
  expect_ok(file->sync());
  expect_ok(files_.sync_directory("/d"));
  expect_ok(files_.remove("/d/f"));
  EXPECT_EQ(contents(files_, "/d/f"), kMissing);
  EXPECT_EQ(outcomes("/d/f"), (std::set<std::string>{"x", kMissing}));
  expect_ok(files_.sync_directory("/d"));
  EXPECT_EQ(outcomes("/d/f"), std::set<std::string>{kMissing});
}

TEST_F(MemoryCrashTest, ARenameHappensWholeOrNotAtAll) {
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

TEST_F(MemoryCrashTest, ChangesOfOneNameKeepTheirOrder) {
  write("/d/a", "");                              // 1
  expect_ok(files_.rename("/d/a", "/d/b"));       // 2, after 1
  write("/d/c", "");                              // 3, on its own
  expect_ok(files_.rename("/d/b", "/d/target"));  // 4, after 2
  EXPECT_EQ(lists(),
            (Names{{}, {"a"}, {"b"}, {"target"}, {"c"}, {"a", "c"}, {"b", "c"}, {"c", "target"}}));
}

TEST_F(MemoryCrashTest, SyncingADirectoryIsForItsNamesAndWhatTheyNeed) {
  expect_ok(files_.make_directories("/e"));
  write("/d/stays", "");
  write("/d/goes", "");
  expect_ok(files_.rename("/d/goes", "/e/came"));
  expect_ok(files_.sync_directory("/e"));
  const auto after = files_.crash(0, 0);
  EXPECT_EQ(*after->list("/e"), std::vector<std::string>{"came"});
  EXPECT_EQ(*after->list("/d"), std::vector<std::string>{});
  EXPECT_EQ(lists(1), (Names{{"stays"}}));  // what came before the rename is not done after it
}

TEST_F(MemoryCrashTest, DirectoriesAreDurableWhenMade) {
  expect_ok(files_.make_directories("/x/y/z"));
  EXPECT_EQ(*files_.crash(0, 0)->kind_of("/x/y/z"), PathKind::kDirectory);
}

TEST_F(MemoryCrashTest, ANewSegmentIsSyncedButForItsName) {
  auto segment = files_.create_segment("/d/s", SinkForm::kMapped, 4096, 8192);
  EXPECT_EQ(outcomes("/d/s"), (std::set<std::string>{std::string(4096, '\0'), kMissing}));
}

TEST_F(MemoryCrashTest, StoresIntoTheMappingAreUnsyncedWrites) {
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

TEST_F(MemoryCrashTest, AFailedSyncLeavesTheDataUnsynced) {
  FaultyFiles faulty(files_);
  faulty.fail_at({.operation = Operation::kSegmentSync, .nth = 1});
  auto segment = faulty.create_segment("/d/s", SinkForm::kMapped, 4096, 8192);
  ASSERT_TRUE(segment.is_ok());
  expect_ok(files_.sync_directory("/d"));
  store(**segment, 0, "x");
  EXPECT_FALSE((*segment)->sync().is_ok());
  EXPECT_EQ(contents(*files_.crash(0, 0), "/d/s"), std::string(4096, '\0'));
}

TEST_F(MemoryCrashTest, TheDiskMayHaveWhatWasWrittenBetweenSyncs) {
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

TEST_F(MemoryCrashTest, AFileThatCameAndWentMayStay) {
  write("/d/f", "x");
  expect_ok(files_.remove("/d/f"));
  EXPECT_TRUE(outcomes("/d/f").contains("x"));
  EXPECT_EQ(outcomes("/d/f", 1), std::set<std::string>{kMissing});
}

}  // namespace
}  // namespace skiplith::testing
