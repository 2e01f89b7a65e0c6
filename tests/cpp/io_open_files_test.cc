// Files of which only so many are open at once: all of them can be read all the same.
#include "io/open_files.h"

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "support/faulty_directory.h"
#include "support/faulty_files.h"
#include "support/lowered_limit.h"

namespace skiplith::testing {
namespace {

constexpr size_t kFiles = 60;
constexpr size_t kMost = 16;

std::string contents_of(size_t file) { return "contents of " + std::to_string(1000 + file); }

class OpenFilesTest : public ::testing::Test {
 protected:
  OpenFilesTest() {
    for (size_t i = 0; i < kFiles; ++i) directory_.write(name_of(i), contents_of(i));
  }
  static std::string name_of(size_t file) { return "f" + std::to_string(file); }
  std::string path_of(size_t file) const { return directory_.path(name_of(file)); }
  void open_all() {
    for (size_t i = 0; i < kFiles; ++i) {
      auto file = open_files_.open_readable(path_of(i));
      ASSERT_TRUE(file.is_ok()) << file.status().to_string();
      files_.push_back(std::move(*file));
    }
  }
  Status read(size_t file) {
    char buffer[100];
    Result<size_t> read = files_[file]->read(0, buffer, sizeof buffer);
    if (!read.is_ok()) return read.take_status();
    EXPECT_EQ(Bytes(buffer, *read), contents_of(file));
    return Status::ok();
  }
  void expect_reads(size_t file) {
    const Status status = read(file);
    EXPECT_TRUE(status.is_ok()) << status.to_string();
  }
  uint64_t opens() const { return faulty_.calls(Operation::kOpenReadable); }

  FaultyDirectory directory_;
  FaultyFiles faulty_{posix_files()};
  OpenFiles open_files_{faulty_};
  LoweredLimit limit_{kMost * 4};
  std::vector<std::unique_ptr<ReadableFile>> files_;
};

TEST_F(OpenFilesTest, AQuarterOfTheLimitAtMostIsOpenAndEveryFileReads) {
  EXPECT_EQ(OpenFiles::most_open(), kMost);
  open_all();
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    expect_reads(random() % kFiles);
    ASSERT_LE(OpenFiles::open_now(), kMost);
  }
  EXPECT_EQ(OpenFiles::open_now(), kMost);
  EXPECT_EQ(*files_[3]->size(), contents_of(3).size());
  files_.clear();
  EXPECT_EQ(OpenFiles::open_now(), 0u);
}

TEST_F(OpenFilesTest, WhatWasReadLastStaysOpen) {
  open_all();
  for (size_t i = 0; i < kMost; ++i) expect_reads(i);
  const uint64_t before = opens();
  for (size_t round = 0; round < 3; ++round) {
    for (size_t i = 0; i < kMost; ++i) expect_reads(i);
  }
  EXPECT_EQ(opens(), before);
  expect_reads(kMost);  // in the place of 0
  for (size_t i = 1; i <= kMost; ++i) expect_reads(i);
  EXPECT_EQ(opens(), before + 1);
}

TEST_F(OpenFilesTest, ALimitThatIsLoweredLaterCounts) {
  open_all();
  const LoweredLimit lower(kMost);
  expect_reads(0);
  EXPECT_LE(OpenFiles::open_now(), kMost / 4);
  for (size_t i = 0; i < kFiles; ++i) expect_reads(i);
}

TEST_F(OpenFilesTest, OneFileIsReadHoweverLowTheLimit) {
  open_all();
  OpenFiles others(faulty_);
  const auto other = std::move(*others.open_readable(path_of(0)));
  const LoweredLimit lower(2);  // of which a quarter is none
  expect_reads(kFiles - 1);     // the last one opened
  char byte;
  EXPECT_TRUE(other->read(0, &byte, 1).is_ok());
  EXPECT_EQ(byte, contents_of(0).front());
}

TEST_F(OpenFilesTest, AnErrorOfReopeningIsThatCallsAlone) {
  open_all();  // the first are closed again
  faulty_.fail_at({.operation = Operation::kOpenReadable, .error_number = EMFILE});
  const Status failed = read(0);
  EXPECT_EQ(failed.code(), StatusCode::kStorage);
  EXPECT_EQ(failed.error_number(), EMFILE);
  EXPECT_EQ(failed.path(), path_of(0));
  expect_reads(kFiles - 1);
  expect_reads(0);
}

TEST_F(OpenFilesTest, OpeningWhatIsNotThereFailsAtOnce) {
  EXPECT_EQ(open_files_.open_readable(directory_.path("none")).status().error_number(), ENOENT);
}

TEST_F(OpenFilesTest, ManyThreadsReadWhileFilesAreClosed) {
  open_all();
  constexpr size_t kThreads = 4;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < 3000; ++i) {
        expect_reads(random() % kFiles);
        // A file that is read may be closed, and one that was opened not be counted yet.
        EXPECT_LE(OpenFiles::open_now(), kMost + 2 * kThreads);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  expect_reads(0);
  EXPECT_LE(OpenFiles::open_now(), kMost);
}

}  // namespace
}  // namespace skiplith::testing
