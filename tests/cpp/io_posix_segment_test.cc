// Segment files on disk, in both forms.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <vector>

#include "io/files.h"
#include "support/faulty_directory.h"

namespace skiplith {
namespace {

using testing::FaultyDirectory;

constexpr uint64_t kMiB = uint64_t{1} << 20;

class PosixSegmentTest : public ::testing::TestWithParam<SinkForm> {
 protected:
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  std::unique_ptr<SegmentFile> create(uint64_t capacity, uint64_t reserved) {
    auto segment = posix_files().create_segment(path_, GetParam(), capacity, reserved);
    expect_ok(segment.status());
    return std::move(*segment);
  }
  static void put(SegmentFile& segment, uint64_t offset, Bytes bytes) {
    if (segment.form() == SinkForm::kMapped) {
      std::memcpy(segment.mapped() + offset, bytes.data(), bytes.size());
    } else {
      expect_ok(segment.write(offset, bytes));
    }
  }
  uint64_t size_on_disk() const {
    struct stat status;
    EXPECT_EQ(stat(path_.c_str(), &status), 0);
    return static_cast<uint64_t>(status.st_blocks) * 512;
  }

  FaultyDirectory directory_;
  const std::string path_ = directory_.path("000001.log");
};

INSTANTIATE_TEST_SUITE_P(Forms, PosixSegmentTest,
                         ::testing::Values(SinkForm::kMapped, SinkForm::kWrite),
                         [](const auto& form) {
                           return form.param == SinkForm::kMapped ? "Mapped" : "Write";
                         });

TEST_P(PosixSegmentTest, ANewSegmentIsAllocatedAndZero) {
  auto segment = create(kMiB, 64 * kMiB);
  EXPECT_EQ(segment->form(), GetParam());
  EXPECT_EQ(segment->capacity(), kMiB);
  EXPECT_EQ(segment->reserved(), 64 * kMiB);
  EXPECT_EQ(segment->path(), path_);
  EXPECT_EQ(segment->mapped() != nullptr, GetParam() == SinkForm::kMapped);
  EXPECT_EQ(directory_.read("000001.log"), std::string(kMiB, '\0'));
  EXPECT_GE(size_on_disk(), kMiB);
}

// Runs `body` in a child, as what it does to the process ends with it. 77: not possible here.
constexpr int kNotPossible = 77;
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int outcome = 0;
  EXPECT_EQ(waitpid(child, &outcome, 0), child);
  EXPECT_TRUE(WIFEXITED(outcome)) << "signal " << WTERMSIG(outcome);
  return WIFEXITED(outcome) ? WEXITSTATUS(outcome) : -1;
}

#define REQUIRE_IN_CHILD(condition) \
  if (!(condition)) return fprintf(stderr, "failed: %s\n", #condition), 1

// A file system that only this process and its children see; without root, in a user namespace
// where it is root.
bool mount_here(const char* type, const std::string& at, const char* options) {
  const std::string user = "0 " + std::to_string(geteuid()) + " 1";
  const std::string group = "0 " + std::to_string(getegid()) + " 1";
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << user;
    std::ofstream("/proc/self/gid_map") << group;
  }
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return mount("none", at.c_str(), type, 0, options) == 0;
}

TEST_P(PosixSegmentTest, AFullDiskIsAnErrorOfGrowth) {
  const int outcome = in_child([&] {
    if (!mount_here("tmpfs", directory_.path(), "size=4m")) return kNotPossible;
    auto segment = posix_files().create_segment(path_, GetParam(), kMiB, 64 * kMiB);
    REQUIRE_IN_CHILD(segment.is_ok());
    const Status status = (*segment)->grow(32 * kMiB);
    REQUIRE_IN_CHILD(status.code() == StatusCode::kStorage);
    REQUIRE_IN_CHILD(status.error_number() == ENOSPC);
    REQUIRE_IN_CHILD((*segment)->capacity() == kMiB);
    REQUIRE_IN_CHILD(std::filesystem::file_size(path_) == kMiB);
    put(**segment, kMiB - 4, "last");  // what was there stays good
    REQUIRE_IN_CHILD((*segment)->sync().is_ok());
    REQUIRE_IN_CHILD((*segment)->grow(2 * kMiB).is_ok());
    put(**segment, 2 * kMiB - 4, "last");

    // Where it does not even begin, no file is left.
    auto second =
        posix_files().create_segment(directory_.path("2"), GetParam(), 8 * kMiB, 8 * kMiB);
    REQUIRE_IN_CHILD(second.status().error_number() == ENOSPC);
    REQUIRE_IN_CHILD(!directory_.has("2"));
    return 0;
  });
  if (outcome == kNotPossible) GTEST_SKIP() << "this process may not mount a file system";
  EXPECT_EQ(outcome, 0);
}

TEST_P(PosixSegmentTest, AFileSystemThatCannotAllocateGetsZerosWritten) {
  const int outcome = in_child([&] {
    if (!mount_here("ramfs", directory_.path(), "")) return kNotPossible;
    auto segment = posix_files().create_segment(path_, GetParam(), 100'000, 4 * kMiB);
    REQUIRE_IN_CHILD(segment.is_ok());
    put(**segment, 99'996, "last");
    REQUIRE_IN_CHILD((*segment)->grow(300'000).is_ok());
    put(**segment, 299'996, "last");
    REQUIRE_IN_CHILD(directory_.read("000001.log") ==
                     std::string(99'996, '\0') + "last" + std::string(199'996, '\0') + "last");
    return 0;
  });
  if (outcome == kNotPossible) GTEST_SKIP() << "this process may not mount a file system";
  EXPECT_EQ(outcome, 0);
}

TEST_P(PosixSegmentTest, ReleasedPagesAreNotInMemoryAndAreStillWritten) {
  if (GetParam() == SinkForm::kWrite) return;
  auto segment = create(8 * kMiB, 64 * kMiB);
  const auto pages_in_memory = [&] {
    // An entry of 64 bits for each page; the highest says that the process has it.
    std::ifstream entries("/proc/self/pagemap", std::ios::binary);
    entries.seekg(reinterpret_cast<intptr_t>(segment->mapped()) / 4096 * 8);
    std::vector<uint64_t> found(8 * kMiB / 4096);
    entries.read(reinterpret_cast<char*>(found.data()), 8 * kMiB / 4096 * 8);
    EXPECT_TRUE(entries.good());
    return std::ranges::count_if(found, [](uint64_t entry) { return (entry >> 63) == 1; });
  };
  std::memset(segment->mapped(), 'x', 8 * kMiB);
  EXPECT_EQ(pages_in_memory(), 2048);
  segment->release(100, 7 * kMiB + 100);
  EXPECT_EQ(pages_in_memory(), 257);
  expect_ok(segment->sync());
  EXPECT_EQ(directory_.read("000001.log"), std::string(8 * kMiB, 'x'));
}

TEST_P(PosixSegmentTest, ALimitOnFileSizesIsAnErrorOfGrowth) {
  const int outcome = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2 * kMiB, 2 * kMiB};
    REQUIRE_IN_CHILD(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    auto segment = posix_files().create_segment(path_, GetParam(), kMiB, 64 * kMiB);
    REQUIRE_IN_CHILD(segment.is_ok());
    REQUIRE_IN_CHILD((*segment)->grow(4 * kMiB).error_number() == EFBIG);
    REQUIRE_IN_CHILD((*segment)->capacity() == kMiB);
    put(**segment, kMiB - 4, "last");
    return 0;
  });
  EXPECT_EQ(outcome, 0);
}

}  // namespace
}  // namespace skiplith
