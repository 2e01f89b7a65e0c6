#include "io/posix_lock.h"

#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/locks.h"
#include "io/file_names.h"
#include "io/posix_descriptor.h"

namespace skiplith {
namespace {

struct Holding {
  uint64_t id;  // never used again: a forked child's locks find nothing
  dev_t device;
  ino_t inode;
  bool shared;
  int descriptor;  // -1: shared, and there was no lock file
};

// Leaked: locks may be let go after static destructors have run. The mutex is a leaf of the wait
// order, held over a few system calls that do not wait.
struct Registry {
  Mutex mutex;
  uint64_t last_id = 0;
  std::vector<Holding> holdings;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

// The mutex is held over fork, so that the child never finds it locked by a thread it lacks.
struct AtFork {
  AtFork() {
    pthread_atfork([] { registry().mutex.lock(); }, [] { registry().mutex.unlock(); },
                   [] {
                     for (const Holding& holding : registry().holdings) {
                       if (holding.descriptor != -1) ::close(holding.descriptor);
                     }
                     registry().holdings.clear();
                     registry().mutex.unlock();
                   });
  }
} at_fork;

class PosixLock : public DirectoryLock {
 public:
  explicit PosixLock(uint64_t id) : id_(id) {}
  ~PosixLock() override { release(); }

  void release() override {
    MutexLock lock(registry().mutex);
    auto& holdings = registry().holdings;
    const auto own = std::find_if(holdings.begin(), holdings.end(),
                                  [this](const Holding& held) { return held.id == id_; });
    if (own == holdings.end()) return;
    if (own->descriptor != -1) {
      // Said aloud: a copy in a process that was started without fork handlers must not keep it.
      (void)uninterrupted([&] { return ::flock(own->descriptor, LOCK_UN); });
      ::close(own->descriptor);
    }
    holdings.erase(own);
  }

 private:
  const uint64_t id_;
};

Status locked(const std::string& directory, const char* by_whom) {
  return Status::at_path(StatusCode::kLocked, directory, by_whom);
}

// The descriptor of the locked file; none when it is missing and `shared`.
Result<Descriptor> lock_file(const std::string& directory, int directory_number, bool shared) {
  const std::string name = make_file_name({FileType::kLock, 0});
  const std::string path = join_path(directory, name);
  const int flags = O_CLOEXEC | (shared ? O_RDONLY : O_RDWR | O_CREAT);
  for (;;) {
    Descriptor file(
        uninterrupted([&] { return ::openat(directory_number, name.c_str(), flags, 0666); }));
    if (!file.is_open()) {
      if (shared && errno == ENOENT) return Descriptor();
      return failed(path, "open");
    }
    if (uninterrupted(
            [&] { return ::flock(file.number(), (shared ? LOCK_SH : LOCK_EX) | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return locked(directory, "another process has the database open");
      return failed(path, "lock");
    }
    // A file that was removed between open and flock locks nothing: take the new one.
    struct stat mine, named;
    if (::fstat(file.number(), &mine) != 0) return failed(path, "stat");
    if (::fstatat(directory_number, name.c_str(), &named, 0) == 0) {
      if (mine.st_dev == named.st_dev && mine.st_ino == named.st_ino) return file;
    } else if (errno != ENOENT) {
      return failed(path, "stat");
    }
  }
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> lock_posix_directory(const std::string& directory,
                                                            bool shared) {
  Result<Descriptor> opened = open_descriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!opened.is_ok()) return opened.take_status();
  struct stat status;
  if (::fstat(opened->number(), &status) != 0) return failed(directory, "stat");

  Registry& held = registry();
  MutexLock lock(held.mutex);
  for (const Holding& other : held.holdings) {
    const bool same = other.device == status.st_dev && other.inode == status.st_ino;
    if (same && !(shared && other.shared)) {
      return locked(directory, "this process has the database open already");
    }
  }
  Result<Descriptor> file = lock_file(directory, opened->number(), shared);
  if (!file.is_ok()) return file.take_status();
  held.holdings.reserve(held.holdings.size() + 1);
  auto handle = std::make_unique<PosixLock>(held.last_id + 1);
  held.holdings.push_back({.id = ++held.last_id,
                           .device = status.st_dev,
                           .inode = status.st_ino,
                           .shared = shared,
                           .descriptor = file->give_up()});
  return std::unique_ptr<DirectoryLock>(std::move(handle));
}

}  // namespace skiplith
