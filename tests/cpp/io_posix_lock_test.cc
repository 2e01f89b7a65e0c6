// Who may have a directory open: handles, processes, forked children.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "io/files.h"
#include "support/faulty_directory.h"

namespace skiplith {
namespace {

using testing::FaultyDirectory;

class PosixLockTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, bool shared = false) {
    return posix_files().lock(directory, shared);
  }
  Result<std::unique_ptr<DirectoryLock>> lock() { return lock(directory_.path()); }
  Result<std::unique_ptr<DirectoryLock>> lock_shared() { return lock(directory_.path(), true); }

  void expect_locked(const Result<std::unique_ptr<DirectoryLock>>& outcome) {
    EXPECT_EQ(outcome.status().code(), StatusCode::kLocked) << outcome.status().to_string();
    EXPECT_EQ(outcome.status().path(), directory_.path());
  }

  FaultyDirectory directory_;
};

// A forked process that says when `body` has returned and then lives until it is let go.
class Child {
 public:
  // `body` returns what wait_ready() is to return. Called in the child.
  explicit Child(const std::function<char()>& body) {
    SKIPLITH_CHECK(pipe(ready_) == 0 && pipe(leave_) == 0);
    pid_ = fork();
    if (pid_ != 0) return;
    const char answer = body();
    SKIPLITH_CHECK(write(ready_[1], &answer, 1) == 1);
    close(leave_[1]);
    char ignored;
    (void)!read(leave_[0], &ignored, 1);
    _exit(0);
  }
  ~Child() { kill(); }
  pid_t pid() const { return pid_; }
  char wait_ready() {
    char answer = 0;
    SKIPLITH_CHECK(read(ready_[0], &answer, 1) == 1);
    return answer;
  }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
    for (const int end : {ready_[0], ready_[1], leave_[0], leave_[1]}) close(end);
  }

 private:
  int ready_[2];
  int leave_[2];
  pid_t pid_;
};

TEST_F(PosixLockTest, SymbolicLinksDoNotFoolIt) {
  FaultyDirectory elsewhere;
  std::filesystem::create_directory_symlink(directory_.path(), elsewhere.path("link"));
  auto first = lock();
  auto second = lock(elsewhere.path("link"));
  EXPECT_EQ(second.status().code(), StatusCode::kLocked);
  EXPECT_EQ(second.status().path(), elsewhere.path("link"));
  EXPECT_EQ(lock(directory_.path() + "/../" +
                 std::filesystem::path(directory_.path()).filename().string())
                .status()
                .code(),
            StatusCode::kLocked);
}

TEST_F(PosixLockTest, ARemovedLockFileDoesNotFoolIt) {
  auto first = lock();
  directory_.remove("LOCK");
  expect_locked(lock());
  EXPECT_FALSE(directory_.has("LOCK"));
}

TEST_F(PosixLockTest, SharedHoldersShareAndExcludeWriters) {
  {
    auto made = lock();
  }
  auto first = lock_shared();
  auto second = lock_shared();
  ASSERT_TRUE(first.is_ok());
  ASSERT_TRUE(second.is_ok());
  (*first)->release();
  expect_locked(lock());
  (*second)->release();
  EXPECT_TRUE(lock().is_ok());
}

TEST_F(PosixLockTest, SharedLeavesTheDirectoryUntouched) {
  auto first = lock_shared();
  ASSERT_TRUE(first.is_ok());
  EXPECT_TRUE(directory_.names().empty());
  expect_locked(lock());  // within this process it holds all the same
  EXPECT_TRUE(directory_.names().empty());
}

TEST_F(PosixLockTest, OtherProcessesAreRefused) {
  Child holder([&] {
    auto held = new auto(lock());  // for as long as the process lives
    return held->is_ok() ? 'y' : 'n';
  });
  ASSERT_EQ(holder.wait_ready(), 'y');
  expect_locked(lock());
  expect_locked(lock_shared());
  holder.kill();
  EXPECT_TRUE(lock().is_ok());
}

TEST_F(PosixLockTest, SharedHoldersOfTwoProcessesShare) {
  {
    auto made = lock();
  }
  auto own = lock_shared();
  Child other([&] {
    auto held = new auto(lock_shared());
    return held->is_ok() ? 'y' : 'n';
  });
  EXPECT_EQ(other.wait_ready(), 'y');
  (*own)->release();
  expect_locked(lock());
  other.kill();
  EXPECT_TRUE(lock().is_ok());
}

TEST_F(PosixLockTest, AForkedChildHoldsNothing) {
  auto held = lock();
  Child child([&] {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(entry.path(), gone);
      if (target.find(directory_.path()) != std::string::npos) return 'f';
    }
    return lock().status().code() == StatusCode::kLocked ? 'y' : 'n';
  });
  EXPECT_EQ(child.wait_ready(), 'y');
  (*held)->release();
  EXPECT_TRUE(lock().is_ok());  // while the child still lives
}

TEST_F(PosixLockTest, AForkedChildCannotReleaseItsParentsLock) {
  auto held = lock();
  Child child([&] {
    (*held)->release();
    held->reset();
    return 'y';
  });
  EXPECT_EQ(child.wait_ready(), 'y');
  Child stranger([&] { return lock().status().code() == StatusCode::kLocked ? 'y' : 'n'; });
  EXPECT_EQ(stranger.wait_ready(), 'y');
}

TEST_F(PosixLockTest, AKilledHolderWithALivingChildFreesTheLock) {
  int leave[2], runs[2];
  ASSERT_EQ(pipe(leave), 0);
  ASSERT_EQ(pipe(runs), 0);
  Child holder([&] {
    auto held = new auto(lock());
    char byte = 'n';
    if (!held->is_ok()) return byte;
    if (fork() == 0) {
      close(leave[1]);
      SKIPLITH_CHECK(write(runs[1], "y", 1) == 1);
      (void)!read(leave[0], &byte, 1);  // lives until the test has looked
      _exit(0);
    }
    SKIPLITH_CHECK(read(runs[0], &byte, 1) == 1);
    return byte;
  });
  ASSERT_EQ(holder.wait_ready(), 'y');
  expect_locked(lock());
  holder.kill();
  EXPECT_TRUE(lock().is_ok());
  for (const int end : {leave[0], leave[1], runs[0], runs[1]}) close(end);
}

TEST_F(PosixLockTest, ForksBesideLockingNeverHang) {
  std::atomic<bool> done{false};
  std::thread locker([&] {
    FaultyDirectory busy;
    while (!done.load()) EXPECT_TRUE(lock(busy.path()).is_ok());
  });
  for (int i = 0; i < 30; ++i) {
    Child child([&] { return lock().is_ok() ? 'y' : 'n'; });
    EXPECT_EQ(child.wait_ready(), 'y');
  }
  done.store(true);
  locker.join();
}

}  // namespace
}  // namespace skiplith
