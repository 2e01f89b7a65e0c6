// Whether what a transaction has read is still so.
#pragma once

#include <string>
#include <vector>

#include "db/cursor.h"
#include "db/read_set.h"
#include "db/view.h"
#include "record/batch.h"

namespace skiplith {

// All that is newer than a read point's sequence lies in the memtable that was active then and in
// its successors: the tables need not be read. A key has changed when its newest version there is
// newer than that sequence; a tombstone is a version like any other, and so is a key that was not
// there before.
class Validation {
 public:
  // Entries that an exclusive section looks at before it gives up: about ten milliseconds, in which
  // nobody writes.
  static constexpr uint64_t kMaxEntries = 100'000;

  Validation(ReadPoint since, const ReadSet& reads, uint64_t max_entries = kMaxEntries)
      : since_(std::move(since)),
        keys_(reads.keys().begin(), reads.keys().end()),
        intervals_(reads.intervals()),
        max_entries_(max_entries) {}

  // Nothing was read: it holds.
  bool is_empty() const { return keys_.empty() && intervals_.empty(); }
  // Nothing was read but keys that the batch writes.
  bool is_covered_by(const Batch& batch) const;

  // Ok, or kConflict. The caller holds the bits of all that was read, or all lanes; `active` is the
  // active memtable.
  Status check(const LoggedMemtable& active) const;

 private:
  Status check_keys(const Memtable& table) const;
  Status check_intervals(const Memtable& table, uint64_t* entries) const;

  const ReadPoint since_;
  const std::vector<std::string> keys_;
  const std::vector<Interval> intervals_;
  const uint64_t max_entries_;
};

}  // namespace skiplith
