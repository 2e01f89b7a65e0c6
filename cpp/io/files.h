// The file interface: the engine's only way to the disk. Everything that fails says which file
// and which errno. Memory files and faulty files implement the same interface.
//
// Paths are whole paths; a database's directory is `directory`, its files lie directly in it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace skiplith {

// Reads at any offset; any number of threads at once.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Fills `buffer` with up to `size` bytes from `offset`; fewer only at the end of the file.
  // Returns how many.
  virtual Result<size_t> read(uint64_t offset, char* buffer, size_t size) const = 0;
  virtual Result<uint64_t> size() const = 0;
  virtual const std::string& path() const = 0;
};

// Written once, front to back. One thread at a time.
class AppendableFile {
 public:
  virtual ~AppendableFile() = default;
  virtual Status append(Bytes bytes) = 0;
  virtual Status sync() = 0;  // data and size are durable (fdatasync)
  virtual Status close() = 0;
  virtual const std::string& path() const = 0;
};

// How bytes get into a segment.
enum class SinkForm : uint8_t {
  kMapped,  // stores into a mapped, allocated file
  kWrite,   // pwrite
};

// A segment's file: a sink that the engine writes and never reads. Its writers may be many at
// once, in places that do not overlap; grow() and finish() have one caller at a time and may run
// beside writers.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;
  virtual SinkForm form() const = 0;
  // Mapped form: where the file's first byte lies, the same until finish(); bytes below
  // capacity() may be stored to. Write form: nullptr.
  virtual char* mapped() const = 0;
  // The file is allocated to this size.
  virtual uint64_t capacity() const = 0;
  // Most that capacity() may become (the address space of the mapped form).
  virtual uint64_t reserved() const = 0;
  // Allocates up to `bytes`, so that no store waits for the disk or fails for want of it. On
  // failure the capacity is what it was. Durable with the next sync(): a sync of its own would
  // write back what the writers are storing to, page by page with an interrupt to each of their
  // processors, and made 300,000 puts take 1.3 us each instead of 0.8.
  virtual Status grow(uint64_t bytes) = 0;
  // Mapped form: has the pages of [begin, end), below capacity(), ready for stores, each of which
  // would otherwise stop at the first byte of a page, for 1 to 4 us. A wish, best effort; any
  // thread, beside writers and growth.
  virtual void populate(uint64_t begin, uint64_t end) = 0;
  // Mapped form: the whole pages of [begin, end) leave the process's memory; the page cache keeps
  // what was stored, and a later store finds it there. A wish; any thread, beside writers.
  virtual void release(uint64_t begin, uint64_t end) = 0;
  // Mapped form: what storing the pieces, at most kMostPieces, one behind the other from `offset`
  // on would do, by a call, which costs a third where pages are not ready: they are neither zeroed
  // nor faulted in first. False: store them, some or none have got there.
  virtual bool write_beside_stores(uint64_t offset, std::span<const Bytes> pieces) = 0;
  static constexpr size_t kMostPieces = 64;
  // Write form only: pwrite, whole.
  virtual Status write(uint64_t offset, Bytes bytes) = 0;
  // fdatasync: covers stores into the mapping and growth. May run beside grow(), and tells of
  // every failure to write back since the last call.
  virtual Status sync() = 0;
  // Cuts the file to `bytes` once nobody writes any more; makes the size durable. The last call:
  // the mapping is gone.
  virtual Status finish(uint64_t bytes) = 0;
  virtual const std::string& path() const = 0;
};

// Held while a database is open; let go by release() or the destructor.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
  virtual void release() = 0;
};

// Identifies one run of the machine: a process that dies leaves the page cache, so files of the
// same boot are whole; a machine that dies does not.
struct BootId {
  uint64_t words[2] = {0, 0};  // both zero: unknown, which equals nothing
  bool is_known() const { return (words[0] | words[1]) != 0; }
  bool same_as(const BootId& other) const {
    return is_known() && words[0] == other.words[0] && words[1] == other.words[1];
  }
};

enum class PathKind : uint8_t { kMissing, kDirectory, kOther };

class Files {
 public:
  virtual ~Files() = default;

  virtual Result<PathKind> kind_of(const std::string& path) = 0;  // follows symbolic links
  // Makes the directory and missing parents, and makes the new entries durable.
  virtual Status make_directories(const std::string& directory) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  virtual Status sync_directory(const std::string& directory) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;  // replaces
  virtual Status remove(const std::string& path) = 0;

  virtual Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) = 0;
  // A new, empty file; an error when one is there already.
  virtual Result<std::unique_ptr<AppendableFile>> create_appendable(const std::string& path) = 0;
  // A new segment file with `capacity` bytes allocated and synced;
  // `reserved` is the most it may grow to. Its directory is not synced here.
  virtual Result<std::unique_ptr<SegmentFile>> create_segment(const std::string& path,
                                                              SinkForm form, uint64_t capacity,
                                                              uint64_t reserved) = 0;
  // Which form serves this directory's file system: mapped on ext4, XFS and tmpfs.
  virtual Result<SinkForm> best_form(const std::string& directory) = 0;

  // Takes the database's lock, never waiting: kLocked with the path when another process, or
  // another handle of this process (by device and inode of the directory), holds it. Exclusive:
  // creates the lock file. Shared: leaves the directory untouched; without a lock file (or on
  // read-only media) only this process is kept out.
  virtual Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory,
                                                      bool shared) = 0;

  virtual BootId boot_id() = 0;
  virtual uint64_t random64() = 0;  // from the system's generator: nonces, database ids
};

// The operating system's files. One object, safe for all threads.
Files& posix_files();

}  // namespace skiplith
