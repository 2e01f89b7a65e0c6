// Files that are read now and then, of which only so many are open at once.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <string>

#include "base/locks.h"
#include "io/files.h"

namespace skiplith {

// Its files open themselves when they are read. When too many are open, the one whose last read
// is the longest ago is closed; it keeps its descriptor until nobody is inside a read of it. Any
// thread; the mutex is held for moving a place in a list, not over I/O.
//
// Too many: over most_open(), in the whole process. Each of these closes files of its own only, so
// that none waits for another, or for a thread that a fork has left behind; one that has a single
// file open keeps it. Those that are being read come on top.
class OpenFiles {
 public:
  // What a store of some 15 GiB has, at 32 MiB a table; and small beside the 1,024 that a process
  // is usually given.
  static constexpr size_t kMostOpen = 500;
  // That, or a quarter of what the process may have now (RLIMIT_NOFILE), if that is less.
  static size_t most_open();
  // How many are open, in the process.
  static size_t open_now() { return open_now_.load(); }

  explicit OpenFiles(Files& files) : files_(files) {}
  // Its files are gone by then.
  ~OpenFiles();
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  // As Files::open_readable. Later on reads may fail as opening does.
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path);

 private:
  class File;
  struct Opened {
    Opened(const File* owner, std::unique_ptr<ReadableFile> file)
        : owner(owner), file(std::move(file)) {
      open_now_.fetch_add(1);
    }
    ~Opened() { open_now_.fetch_sub(1); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    const File* const owner;
    const std::unique_ptr<ReadableFile> file;
  };
  using Handle = std::shared_ptr<const Opened>;
  using Handles = std::list<Handle>;

  // The file, open for as long as the handle is held.
  Result<Handle> open(const File& file);
  void close(const File& file);

  static inline std::atomic<size_t> open_now_{0};
  Files& files_;
  Mutex mutex_;     // row 10 of the wait order: short, no I/O
  Handles opened_;  // last used first
};

}  // namespace skiplith
