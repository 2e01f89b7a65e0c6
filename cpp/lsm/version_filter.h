// Which versions flush and compaction keep: the one place that decides.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "table/table_entry.h"

namespace skiplith {

// Fed versions in internal order, it drops those, and only those, that no reader can miss. Readers
// read at one of the snapshots, or at a sequence that no version of the stream is above.
//
// Snapshots s1 < s2 < ... < sn part the sequences into stripes: up to s1, above s1 up to s2, and so
// on, above sn. Of each key, in this order:
//
//   shadowed    A newer version of the key lies in the same stripe: dropped, nobody reads it.
//   tombstones  What is left has one version a stripe. A tombstone among it hides the next older
//               one, or where there is none, whatever older lies deeper. It is dropped when that
//               is nothing: the next older one is a tombstone too (whether that one stays or not),
//               or there is none and nothing older may lie deeper.
//   puts        All that are left are kept.
//
// So a tombstone's fate is known only when the next older version comes: it is held back until
// then, by its key, without a value. One thread.
class VersionFilter {
 public:
  // May something older than the stream's versions of the key lie outside of it, where readers
  // look after its output? "Yes" is always safe. Asked in ascending order, each key at most once.
  using MayLieDeeper = std::function<bool(Bytes key)>;

  // `snapshots`: those that are held, ascending, each once.
  VersionFilter(std::vector<Sequence> snapshots, MayLieDeeper may_lie_deeper);

  struct Verdict {
    // An earlier tombstone that is kept after all; it comes before the entry asked about. Good
    // until the next call.
    const TableEntry* held = nullptr;
    // The entry itself is kept; false for every tombstone, now or later.
    bool keeps = false;
  };
  Verdict next(const TableEntry& entry);
  // After the last entry: the tombstone held back, if it is kept.
  const TableEntry* finish();

  // So far; a tombstone held back does not count.
  uint64_t dropped() const { return dropped_; }

 private:
  size_t stripe_of(Sequence sequence) const;
  Verdict next_version(const TableEntry& entry);  // of the same key
  void begin_key(const TableEntry& entry);
  void hold(Sequence sequence);
  // Decides on the tombstone held back now that its key has no older version.
  const TableEntry* end_key();

  const std::vector<Sequence> snapshots_;
  const MayLieDeeper may_lie_deeper_;
  bool has_key_ = false;
  std::string key_;
  size_t stripe_ = 0;     // of the key's last version
  bool is_held_ = false;  // a tombstone of the key
  Sequence held_sequence_ = 0;
  std::string last_key_;
  TableEntry kept_;  // of key_ or last_key_
  uint64_t dropped_ = 0;
};

}  // namespace skiplith
