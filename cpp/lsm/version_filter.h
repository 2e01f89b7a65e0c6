// Which versions a compaction keeps: the one place that decides.
#pragma once

#include <string>
#include <vector>

#include "table/table_entry.h"

namespace skiplith {

// Fed with versions in internal order: keys ascend, versions of one key newest first.
//
// The snapshots cut the sequences into stripes: (0, s1], (s1, s2], ..., (sn, now]. Nobody can tell
// two moments of one stripe apart, so of the versions of a key in one stripe only the newest is
// kept. A tombstone in the oldest stripe hides nothing but what is dropped with it and what lies
// deeper: where nothing does, it goes too.
class VersionFilter {
 public:
  // Ascending.
  explicit VersionFilter(std::vector<Sequence> snapshots) : snapshots_(std::move(snapshots)) {}

  // `may_lie_deeper(key)`: may anything older of the key be in what is not being compacted?
  template <typename MayLieDeeper>
  bool keep(const TableEntry& entry, MayLieDeeper may_lie_deeper) {
    const size_t stripe = stripe_of(entry.sequence);
    const bool same_key = begun_ && entry.key == Bytes(key_);
    const bool hidden = same_key && stripe == stripe_;
    if (!same_key) key_.assign(entry.key);
    begun_ = true;
    stripe_ = stripe;
    if (hidden) return false;
    return entry.kind != Kind::kDelete || stripe != 0 || may_lie_deeper(entry.key);
  }

 private:
  size_t stripe_of(Sequence sequence) const {
    size_t stripe = 0;
    while (stripe < snapshots_.size() && snapshots_[stripe] < sequence) ++stripe;
    return stripe;
  }

  const std::vector<Sequence> snapshots_;
  bool begun_ = false;
  std::string key_;  // of the last entry
  size_t stripe_ = 0;
};

}  // namespace skiplith
