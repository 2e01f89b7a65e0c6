// All entries of a table in internal order, forward.
#pragma once

#include <optional>

#include "table/data_block_cursor.h"
#include "table/frame.h"

namespace skiplith {

// One thread. Reads past the cache, in large pieces.
class VersionCursor {
 public:
  // Without a frame it is never valid, and status() says why. The frame must outlive it.
  explicit VersionCursor(Result<const Frame*> frame);

  void first();
  void seek(Bytes key);  // the newest version of the first key >= `key`
  void next();           // needs valid()

  // False past the end and after an error: status() tells which.
  bool valid() const { return entries_.valid(); }
  // Needs valid(). Good until the next positioning call.
  TableEntry entry() const {
    return {.key = entries_.key(),
            .sequence = entries_.sequence(),
            .kind = entries_.kind(),
            .value = entries_.value()};
  }
  // The entry before has the same key.
  bool is_older_version() const { return entries_.is_older_version(); }
  const Status& status() const { return status_; }

 private:
  bool enter(uint32_t block);
  void next_block();

  const Frame* frame_ = nullptr;
  std::optional<ReadAhead> read_ahead_;
  uint32_t index_ = 0;
  BlockRef block_;
  DataBlockCursor entries_;
  Status status_;
};

}  // namespace skiplith
