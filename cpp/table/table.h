// An immutable sorted file, as readers see it.
#pragma once

#include <memory>
#include <string>

#include "base/locks.h"
#include "io/open_files.h"
#include "record/cursor.h"
#include "record/lookup.h"
#include "table/block_cache.h"
#include "table/frame.h"
#include "table/searched_key.h"
#include "table/version_cursor.h"

namespace skiplith {

// Any number of threads. The file is opened, and its frame (index, filter) read, at first use: so
// opening a database does not grow with its tables. A frame that could not be read is tried again
// at the next use. The file may be closed between two reads, and is opened again for the next
// (io/open_files.h): an error of that is that call's alone. What is resident needs no file.
//
// What is read from where, and held how:
//
//   kResidentOnly  the caller holds an epoch guard over the call and the use of the value; no
//                  lock, no I/O, no reference
//   kMayRead       the caller holds none, since guards never cover I/O; every block used is held
//                  by a reference, and so is the value's
//   cursors        as kMayRead; the block stood on is held by reference
//
// The frame is published once and lives as long as the table; blocks come and go by BlockCache's
// rules. Destroyed when no call is inside and no cursor is left; values that were kept live on.
class Table {
 public:
  enum class Io : uint8_t { kResidentOnly, kMayRead };

  // Touches nothing. `bytes`: what the manifest says of the file.
  Table(OpenFiles& files, std::string path, const DatabaseId& database, uint64_t number,
        uint64_t bytes, BlockCache& cache);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const std::string& path() const { return path_; }
  uint64_t number() const { return identity_.number; }
  uint64_t bytes() const { return bytes_; }

  // The newest version of the key with a sequence of at most `at`. kNeedsIo only under
  // kResidentOnly; kFailed and `failure` only under kMayRead. `value` is set with kFound alone.
  Lookup get(const SearchedKey& key, Sequence at, Io io, PinnedBytes* value, Status* failure);

  // Stands on the keys that have a version visible at `at`, tombstones included. Reads; forward
  // it reads ahead. The table must outlive it.
  std::unique_ptr<Cursor> cursor(Sequence at);
  // All versions in order, for compaction: large reads, nothing becomes resident. The table must
  // outlive it.
  std::unique_ptr<VersionCursor> versions();

  // As stored in the table; reads the frame at first use.
  Result<TableProperties> properties();
  // Reads the whole file, past the cache, and checks all that readers rely on: checksums, order,
  // counts, filter, index. Ok, or what is wrong first.
  Status verify();

 private:
  friend class TableCursor;
  friend class Probe;

  // The frame if it has been read.
  const Frame* frame() const { return published_frame_.load(); }
  // Reads it if need be.
  Result<const Frame*> open_frame();
  // The block, held; from the file if it is not resident.
  Result<BlockRef> block(const Frame& frame, uint32_t block);
  Lookup get_in(const Frame& frame, uint32_t first_block, const SearchedKey& key, Sequence at,
                Io io, PinnedBytes* value, Status* failure);

  OpenFiles& files_;
  const std::string path_;
  const TableIdentity identity_;
  const uint64_t bytes_;
  BlockCache& cache_;
  std::atomic<const Frame*> published_frame_{nullptr};
  Mutex opening_;  // row 9 of the wait order: covers reading the frame
  std::unique_ptr<Frame> frame_;
};

}  // namespace skiplith
