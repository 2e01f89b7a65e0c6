// What to compact next: pure functions of what the levels hold.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lsm/table_meta.h"
#include "table/compression.h"

namespace skiplith {

// Level 0 newest first, the others in order of keys.
using LevelMetas = std::array<std::vector<TableMeta>, kLevels>;

struct CompactionSizes {
  size_t level0_tables = 4;  // so many in level 0 are too many
  uint64_t base_bytes = 0;   // no level below level 0 is meant to be smaller than this
  uint64_t factor = 10;      // each level against the one above
  uint64_t table_bytes = 0;  // outputs are cut at this size
  // A table does not move to a level that is compressed in another way.
  std::array<Compression, kLevels> compression = {};
  bool has_old_snapshots = false;  // somebody may still read old versions
};

// Merge the inputs into the output level: all tables that overlap them there are among them.
struct CompactionPlan {
  std::vector<TableMeta> inputs = {};  // level by level, in the order of LevelMetas
  uint32_t output_level = 0;
  bool is_move = false;  // nothing to merge, nothing to drop: the tables only change their level

  bool operator==(const CompactionPlan&) const = default;
};

// Where the last compaction of a level ended: the next one goes on behind that key.
using CompactionPlaces = std::array<std::string, kLevels>;

// How large each level is meant to be, 0 for those above the base level, which level 0 goes into.
// As RocksDB's dynamic level bytes: the deepest level sets the sizes, each above is a `factor`
// smaller, until one would fall below base_bytes. So at most about a ninth of the data lies above
// the deepest level, and with it what updates and deletes have made superfluous.
struct LevelTargets {
  uint32_t base_level = kLevels - 1;
  std::array<uint64_t, kLevels> bytes = {};
};
LevelTargets level_targets(const LevelMetas& levels, const CompactionSizes& sizes);

// What is due most; nullopt when nothing is: then nothing will be until something is flushed.
//
//   level 0 has too many tables, or mostly tombstones: all of it into the base level
//   a level is over its size, or above the base level: one of its tables into the next
//   half of a table's entries are tombstones or old versions: into the next level; in the deepest
//   level, where they hide nothing, rewritten as soon as there is no old snapshot
std::optional<CompactionPlan> plan_compaction(const LevelMetas& levels,
                                              const CompactionSizes& sizes,
                                              const CompactionPlaces& places);

// The next step of bringing every key from `start` to `stop`, both included and without a limit
// where absent, down to the deepest level; nullopt when they are there.
std::optional<CompactionPlan> plan_range(const LevelMetas& levels, const CompactionSizes& sizes,
                                         const std::optional<std::string>& start,
                                         const std::optional<std::string>& stop);

// How many bytes compactions have to write until nothing is due, about; 0 when nothing is.
uint64_t compaction_debt(const LevelMetas& levels, const CompactionSizes& sizes);

}  // namespace skiplith
