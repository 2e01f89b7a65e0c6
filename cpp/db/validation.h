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
//
// Frozen memtables do not change any more: a check begins with them, while others write, and has
// only what was active then left for the moment in which nobody may.
class Validation {
 public:
  // Entries that are looked at, and looked for, while all lanes are held: about ten milliseconds,
  // in which nobody writes.
  static constexpr uint64_t kMaxEntries = 100'000;

  Validation(ReadPoint since, const ReadSet& reads, uint64_t max_entries = kMaxEntries);

  Sequence since() const { return since_.sequence; }
  // Nothing was read: it holds.
  bool is_empty() const { return keys_.empty() && intervals_.empty(); }
  // Nothing was read but keys that the batch writes.
  bool is_covered_by(const Batch& batch) const;

  // With a lane held, `active` being the active memtable: what has been frozen until now.
  void gather_frozen(const LoggedMemtable& active);
  // Checks those, with nothing held. Ok, or kConflict.
  Status check_frozen();
  // Checks what is left. The caller holds the bits of all that was read, or all lanes; `active` is
  // the active memtable.
  Status check_with_bits(const LoggedMemtable& active) const;
  Status check_with_all_lanes(const LoggedMemtable& active) const;

 private:
  class Looking;
  Status check(const LoggedMemtable& active, uint64_t max_entries) const;

  const ReadPoint since_;
  const std::vector<std::string> keys_;
  const std::vector<Interval> intervals_;
  const uint64_t max_entries_;
  std::vector<std::shared_ptr<const LoggedMemtable>> frozen_;
};

}  // namespace skiplith
