// From one key to another.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "lsm/table_meta.h"

namespace skiplith {

// Both ends belong to it.
struct KeyRange {
  std::string smallest;
  std::string largest;

  bool operator==(const KeyRange&) const = default;
};

inline KeyRange range_of(const TableMeta& table) {
  return {.smallest = table.smallest_key, .largest = table.largest_key};
}

inline bool overlap(const KeyRange& a, const KeyRange& b) {
  return a.smallest <= b.largest && b.smallest <= a.largest;
}

inline bool overlap(const TableMeta& table, const KeyRange& range) {
  return table.smallest_key <= range.largest && range.smallest <= table.largest_key;
}

// Makes `range` cover `other` too.
inline void extend(KeyRange* range, const KeyRange& other) {
  range->smallest = std::min(range->smallest, other.smallest);
  range->largest = std::max(range->largest, other.largest);
}

// `ranges`: ascending, disjoint.
inline bool contain(const std::vector<KeyRange>& ranges, Bytes key) {
  const auto range = std::ranges::lower_bound(ranges, key, {}, &KeyRange::largest);
  return range != ranges.end() && Bytes(range->smallest) <= key;
}

}  // namespace skiplith
