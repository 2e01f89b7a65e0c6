// Ordinary files, directories and the machine, as posix_files() shows them.
#include <fcntl.h>
#include <unistd.h>

#include "io/files.h"
#include "support/faulty_directory.h"

namespace skiplith {
namespace {

using testing::FaultyDirectory;

class PosixFilesTest : public ::testing::Test {
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

  Files& files_ = posix_files();
  FaultyDirectory directory_;
};

TEST_F(PosixFilesTest, KindsFollowSymbolicLinks) {
  directory_.write("file", "");
  std::filesystem::create_symlink(directory_.path(), directory_.path("to_directory"));
  std::filesystem::create_symlink("file", directory_.path("to_file"));
  std::filesystem::create_symlink("nowhere", directory_.path("dangling"));
  EXPECT_EQ(kind_of(directory_.path()), PathKind::kDirectory);
  EXPECT_EQ(kind_of(directory_.path("file")), PathKind::kOther);
  EXPECT_EQ(kind_of(directory_.path("missing")), PathKind::kMissing);
  EXPECT_EQ(kind_of(directory_.path("to_directory")), PathKind::kDirectory);
  EXPECT_EQ(kind_of(directory_.path("to_file")), PathKind::kOther);
  EXPECT_EQ(kind_of(directory_.path("dangling")), PathKind::kMissing);
  expect_storage(files_.kind_of(directory_.path("file/below")).status(), ENOTDIR,
                 directory_.path("file/below"));
}

TEST_F(PosixFilesTest, RelativeDirectoriesAreMade) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  expect_ok(files_.make_directories("relative"));
  expect_ok(files_.make_directories("one/two"));
  std::filesystem::current_path(before);
  EXPECT_EQ(kind_of(directory_.path("relative")), PathKind::kDirectory);
  EXPECT_EQ(kind_of(directory_.path("one/two")), PathKind::kDirectory);
}

TEST_F(PosixFilesTest, DirectoriesAreNotMadeOverOtherThings) {
  directory_.write("file", "");
  std::filesystem::create_symlink("nowhere", directory_.path("dangling"));
  expect_storage(files_.make_directories(directory_.path("file")), ENOTDIR,
                 directory_.path("file"));
  expect_storage(files_.make_directories(directory_.path("dangling")), EEXIST,
                 directory_.path("dangling"));
  EXPECT_EQ(files_.make_directories(directory_.path("file/below")).error_number(), ENOTDIR);
}

TEST_F(PosixFilesTest, DescriptorsAreNotInherited) {
  auto appendable = files_.create_appendable(directory_.path("a"));
  auto readable = files_.open_readable(directory_.path("a"));
  auto segment = files_.create_segment(directory_.path("s"), SinkForm::kMapped, 4096, 8192);
  auto lock = files_.lock(directory_.path(), false);
  ASSERT_TRUE(lock.is_ok());
  int ours = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.find(directory_.path()) == std::string::npos) continue;
    ++ours;
    EXPECT_NE(fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0) << target;
  }
  EXPECT_EQ(ours, 4);
}

TEST_F(PosixFilesTest, TheFileSystemDecidesTheForm) {
  EXPECT_EQ(*files_.best_form("/proc"), SinkForm::kWrite);  // one that nobody has vouched for
  if (kind_of("/dev/shm") == PathKind::kDirectory) {
    EXPECT_EQ(*files_.best_form("/dev/shm"), SinkForm::kMapped);
  }
}

TEST_F(PosixFilesTest, TheBootHasOneName) {
  const BootId id = files_.boot_id();
  if (access("/proc/sys/kernel/random/boot_id", R_OK) != 0) {
    EXPECT_FALSE(id.is_known());
    EXPECT_FALSE(id.same_as(id));
    return;
  }
  EXPECT_TRUE(id.is_known());
  EXPECT_TRUE(id.same_as(files_.boot_id()));
  EXPECT_NE(id.words[0], id.words[1]);
}

}  // namespace
}  // namespace skiplith
