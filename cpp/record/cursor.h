// What every ordered source of pairs looks like to a merge: memtables, tables, levels.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "record/kind.h"

namespace skiplith {

// Stands on one key at a time, in ascending order of keys, each key at most once, with the newest
// mutation that the source holds for its point in time. Tombstones are stood on: kind() tells.
// One thread at a time; what it reads must outlive it.
class Cursor {
 public:
  virtual ~Cursor() = default;

  virtual void seek(Bytes key) = 0;           // the first key >= `key`
  virtual void seek_for_prev(Bytes key) = 0;  // the last key <= `key`
  virtual void first() = 0;
  virtual void last() = 0;
  virtual void next() = 0;  // needs valid()
  virtual void prev() = 0;  // needs valid()

  // False past either end and after an error: status() tells which.
  virtual bool valid() const = 0;

  // All need valid(). The bytes stay where they are at least until the next positioning call.
  virtual Bytes key() const = 0;
  virtual Bytes value() const = 0;  // empty for a tombstone
  virtual Kind kind() const = 0;
  virtual uint64_t prefix() const = 0;  // key_prefix(key()), at hand

  virtual const Status& status() const = 0;
};

}  // namespace skiplith
