// Files in memory beside their crashes: kills, handles, observers, planted files.
#include <atomic>
#include <stdexcept>
#include <thread>

#include "support/memory_files_testing.h"

namespace skiplith::testing {
namespace {

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
