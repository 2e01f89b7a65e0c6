// What every kind of files promises of ordinary files, directories and locks.
#include <algorithm>
#include <atomic>
#include <thread>

#include "support/any_files.h"

namespace skiplith::testing {
namespace {

class FilesTest : public ::testing::TestWithParam<FilesKind> {
 protected:
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }
  static void expect_storage(const Status& status, int error_number, const std::string& path) {
    EXPECT_EQ(status.code(), StatusCode::kStorage) << status.to_string();
    EXPECT_EQ(status.error_number(), error_number) << status.to_string();
    EXPECT_EQ(status.path(), path);
  }
  PathKind kind_of(const std::string& path) {
    auto kind = files_.kind_of(path);
    expect_ok(kind.status());
    return *kind;
  }
  Result<std::unique_ptr<DirectoryLock>> lock() { return files_.lock(place_.path(), false); }
  Result<std::unique_ptr<DirectoryLock>> lock_shared() { return files_.lock(place_.path(), true); }
  void expect_locked(const Result<std::unique_ptr<DirectoryLock>>& outcome) {
    EXPECT_EQ(outcome.status().code(), StatusCode::kLocked) << outcome.status().to_string();
    EXPECT_EQ(outcome.status().path(), place_.path());
  }

  AnyFiles place_{GetParam()};
  Files& files_ = place_.files();
};

INSTANTIATE_TEST_SUITE_P(Kinds, FilesTest, ::testing::Values(FilesKind::kPosix, FilesKind::kMemory),
                         [](const auto& kind) { return name_of(kind.param); });

TEST_P(FilesTest, WhatWasAppendedIsRead) {
  const std::string path = place_.path("f");
  auto out = files_.create_appendable(path);
  ASSERT_TRUE(out.is_ok());
  EXPECT_EQ((*out)->path(), path);
  expect_ok((*out)->append("hello "));
  expect_ok((*out)->append(""));
  expect_ok((*out)->append("world"));
  expect_ok((*out)->sync());
  expect_ok((*out)->close());
  expect_storage((*out)->append("!"), EBADF, path);
  expect_storage((*out)->sync(), EBADF, path);
  expect_ok((*out)->close());

  auto in = files_.open_readable(path);
  ASSERT_TRUE(in.is_ok());
  EXPECT_EQ((*in)->path(), path);
  EXPECT_EQ(*(*in)->size(), 11u);
  char buffer[32];
  EXPECT_EQ(*(*in)->read(6, buffer, 5), 5u);
  EXPECT_EQ(Bytes(buffer, 5), "world");
}

TEST_P(FilesTest, ReadsAreShortOnlyAtTheEnd) {
  place_.write("f", std::string(100'000, 'x'));
  auto in = files_.open_readable(place_.path("f"));
  std::string buffer(200'000, '\0');
  EXPECT_EQ(*(*in)->read(0, buffer.data(), buffer.size()), 100'000u);
  EXPECT_EQ(*(*in)->read(99'999, buffer.data(), 10), 1u);
  EXPECT_EQ(*(*in)->read(100'000, buffer.data(), 10), 0u);
  EXPECT_EQ(*(*in)->read(500'000, buffer.data(), 10), 0u);
}

TEST_P(FilesTest, AnOpenFileOutlivesItsName) {
  place_.write("old", "old");
  place_.write("new", "new");
  auto removed = files_.open_readable(place_.path("old"));
  expect_ok(files_.rename(place_.path("new"), place_.path("old")));
  auto replaced = files_.open_readable(place_.path("old"));
  expect_ok(files_.remove(place_.path("old")));
  char buffer[3];
  EXPECT_EQ(*(*removed)->read(0, buffer, 3), 3u);
  EXPECT_EQ(Bytes(buffer, 3), "old");
  EXPECT_EQ(*(*replaced)->read(0, buffer, 3), 3u);
  EXPECT_EQ(Bytes(buffer, 3), "new");
}

TEST_P(FilesTest, AnExistingFileIsNeverCreatedAgain) {
  place_.write("f", "precious");
  const std::string path = place_.path("f");
  expect_storage(files_.create_appendable(path).status(), EEXIST, path);
  EXPECT_EQ(place_.read("f"), "precious");
  expect_storage(files_.create_appendable(place_.path()).status(), EEXIST, place_.path());
}

TEST_P(FilesTest, FailuresNameThePathAndTheReason) {
  const std::string missing = place_.path("missing");
  expect_storage(files_.open_readable(missing).status(), ENOENT, missing);
  expect_storage(files_.remove(missing), ENOENT, missing);
  expect_storage(files_.rename(missing, place_.path("x")), ENOENT, missing);
  expect_storage(files_.list(missing).status(), ENOENT, missing);
  expect_storage(files_.sync_directory(missing), ENOENT, missing);
  expect_storage(files_.best_form(missing).status(), ENOENT, missing);
  expect_storage(files_.lock(missing, false).status(), ENOENT, missing);
  const std::string below = place_.path("missing/f");
  expect_storage(files_.create_appendable(below).status(), ENOENT, below);

  place_.write("f", "");
  const std::string file = place_.path("f");
  expect_storage(files_.list(file).status(), ENOTDIR, file);
  expect_storage(files_.sync_directory(file), ENOTDIR, file);
  expect_storage(files_.lock(file, false).status(), ENOTDIR, file);
  const std::string under = place_.path("f/below");
  expect_storage(files_.create_appendable(under).status(), ENOTDIR, under);
  expect_storage(files_.open_readable(under).status(), ENOTDIR, under);
  expect_storage(files_.rename(file, under), ENOTDIR, file);
  expect_storage(files_.rename(file, place_.path("missing/f")), ENOENT, file);
}

TEST_P(FilesTest, ADirectoryIsNoFile) {
  expect_ok(files_.make_directories(place_.path("d")));
  place_.write("f", "x");
  auto opened = files_.open_readable(place_.path("d"));
  char byte;
  const Status status = opened.is_ok() ? (*opened)->read(0, &byte, 1).status() : opened.status();
  expect_storage(status, EISDIR, place_.path("d"));
  expect_storage(files_.remove(place_.path("d")), EISDIR, place_.path("d"));
  expect_storage(files_.rename(place_.path("f"), place_.path("d")), EISDIR, place_.path("f"));
}

TEST_P(FilesTest, RenameReplaces) {
  place_.write("new", "new");
  place_.write("old", "old");
  expect_ok(files_.rename(place_.path("new"), place_.path("old")));
  expect_ok(files_.sync_directory(place_.path()));
  EXPECT_EQ(place_.read("old"), "new");
  EXPECT_FALSE(place_.has("new"));
  expect_ok(files_.rename(place_.path("old"), place_.path("old")));
  EXPECT_EQ(place_.read("old"), "new");
}

TEST_P(FilesTest, RenameMovesBetweenDirectories) {
  expect_ok(files_.make_directories(place_.path("d")));
  place_.write("f", "x");
  expect_ok(files_.rename(place_.path("f"), place_.path("d/g")));
  EXPECT_EQ(*files_.list(place_.path()), std::vector<std::string>{"d"});
  EXPECT_EQ(place_.read("d/g"), "x");
}

TEST_P(FilesTest, ListIsSortedAndWhole) {
  for (const char* name : {"b", "a", "c.tmp", "c", ".hidden"}) place_.write(name, "");
  expect_ok(files_.make_directories(place_.path("b1/deeper")));
  EXPECT_EQ(*files_.list(place_.path()),
            (std::vector<std::string>{".hidden", "a", "b", "b1", "c", "c.tmp"}));
  expect_ok(files_.remove(place_.path("b")));
  EXPECT_EQ(*files_.list(place_.path()),
            (std::vector<std::string>{".hidden", "a", "b1", "c", "c.tmp"}));
}

TEST_P(FilesTest, DirectoriesAreMadeWithTheirParents) {
  expect_ok(files_.make_directories(place_.path("a/b//c/")));
  EXPECT_EQ(kind_of(place_.path("a/b/c")), PathKind::kDirectory);
  expect_ok(files_.make_directories(place_.path("a/b/c")));
  expect_ok(files_.make_directories(place_.path("a/b/d/../e")));
  EXPECT_EQ(kind_of(place_.path("a/b/e")), PathKind::kDirectory);
  EXPECT_EQ(kind_of(place_.path("a/./b//e")), PathKind::kDirectory);
  EXPECT_EQ(kind_of("/"), PathKind::kDirectory);
}

TEST_P(FilesTest, DirectoriesAreNotMadeOverOtherThings) {
  place_.write("file", "");
  expect_storage(files_.make_directories(place_.path("file")), ENOTDIR, place_.path("file"));
  expect_storage(files_.make_directories(place_.path("file/below")), ENOTDIR,
                 place_.path("file/below"));
  EXPECT_EQ(kind_of(place_.path("file")), PathKind::kOther);
  EXPECT_EQ(kind_of(place_.path("missing")), PathKind::kMissing);
  expect_storage(files_.kind_of(place_.path("file/below")).status(), ENOTDIR,
                 place_.path("file/below"));
}

TEST_P(FilesTest, ASecondHandleIsRefusedUntilRelease) {
  auto first = lock();
  ASSERT_TRUE(first.is_ok()) << first.status().to_string();
  EXPECT_EQ(*files_.list(place_.path()), std::vector<std::string>{"LOCK"});
  expect_locked(lock());
  expect_locked(lock_shared());
  (*first)->release();
  auto second = lock();
  EXPECT_TRUE(second.is_ok());
  (*first)->release();  // no longer anything to release
  first->reset();
  expect_locked(lock());
}

TEST_P(FilesTest, TheDestructorReleases) {
  {
    auto first = lock();
  }
  EXPECT_TRUE(lock().is_ok());
}

TEST_P(FilesTest, SharedHoldersShareAndExcludeWriters) {
  auto first = lock_shared();
  auto second = lock_shared();
  ASSERT_TRUE(first.is_ok());
  ASSERT_TRUE(second.is_ok());
  EXPECT_TRUE(files_.list(place_.path())->empty());  // it leaves the directory untouched
  (*first)->release();
  expect_locked(lock());
  (*second)->release();
  EXPECT_TRUE(lock().is_ok());
}

TEST_P(FilesTest, DirectoriesAreLockedOneByOne) {
  expect_ok(files_.make_directories(place_.path("other")));
  auto first = lock();
  EXPECT_TRUE(files_.lock(place_.path("other"), false).is_ok());
  EXPECT_EQ(files_.lock(place_.path("other/.."), false).status().code(), StatusCode::kLocked);
}

TEST_P(FilesTest, OneOfManyThreadsGetsTheLock) {
  std::atomic<int> got{0};
  std::vector<std::unique_ptr<DirectoryLock>> held(4);
  std::vector<std::thread> threads;
  for (auto& holder : held) {
    threads.emplace_back([&] {
      auto mine = lock();
      if (!mine.is_ok()) return;
      holder = std::move(*mine);
      got.fetch_add(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(got.load(), 1);
}

TEST_P(FilesTest, ThreadsWorkOnFilesOfTheirOwn) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const std::string name = std::to_string(thread) + "." + std::to_string(i);
        place_.write(name + ".tmp", name);
        expect_ok(files_.rename(place_.path(name + ".tmp"), place_.path(name)));
        expect_ok(files_.sync_directory(place_.path()));
        EXPECT_EQ(place_.read(name), name);
        if (i % 2 == 0) expect_ok(files_.remove(place_.path(name)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files_.list(place_.path())->size(), 4u * 25);
}

TEST_P(FilesTest, TheBootHasOneName) {
  const BootId id = files_.boot_id();  // unknown where the system hides it
  EXPECT_EQ(id.same_as(files_.boot_id()), id.is_known());
  EXPECT_FALSE(id.same_as(MemoryFiles().boot_id()));
}

TEST_P(FilesTest, RandomNumbersDiffer) { EXPECT_NE(files_.random64(), files_.random64()); }

}  // namespace
}  // namespace skiplith::testing
