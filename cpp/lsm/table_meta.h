// What the levels, the manifest and compaction know of a table without opening it.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "record/kind.h"

namespace skiplith {

inline constexpr uint32_t kLevels = 7;  // level 0 and six deeper ones

struct TableMeta {
  uint64_t number = 0;
  uint32_t level = 0;
  uint64_t bytes = 0;    // of the file
  uint64_t entries = 0;  // versions, tombstones included
  uint64_t tombstones = 0;
  uint64_t old_versions = 0;  // that are not the newest of their key in this table
  Sequence smallest_sequence = 0;
  Sequence largest_sequence = 0;
  std::string smallest_key;
  std::string largest_key;

  // Whether the key lies between its ends: elsewhere it is not in the table.
  bool spans(Bytes key) const { return Bytes(smallest_key) <= key && key <= Bytes(largest_key); }
  bool operator==(const TableMeta&) const = default;
};

// False: nothing in it is visible at `at`. A loaded table has to be asked this, since its file
// does not say (stored_table.h); of others it spares a search.
inline bool may_be_visible(const TableMeta& table, Sequence at) {
  return table.smallest_sequence <= at;
}

}  // namespace skiplith
