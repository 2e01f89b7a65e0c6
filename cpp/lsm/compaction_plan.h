// What to compact next: pure functions of what is known of the tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lsm/level_targets.h"

namespace skiplith {

enum class CompactionReason : uint8_t {
  kLevel0,    // level 0 has its tables: every one costs each lookup
  kSize,      // a level is over its target
  kTiers,     // level 0 has its tables, and is merged with runs of its size
  kObsolete,  // half of a table are tombstones or old versions; can wait until there is nothing
              // better to do
  kSmall,     // neighbours in a level that one table could hold; can wait likewise
  kRange,     // asked for
};

// The inputs are replaced by what is kept of them, in output_level.
//
// Newer stays above older: whatever is older than an input and shares keys with it is an input
// too, or lies deeper than the output. In the output level nothing else overlaps `range`.
//
// Compactions that run at once have ranges that do not overlap. So for the keys of one nothing
// comes or goes deeper than its output while it runs, wherever the others write to.
struct CompactionPlan {
  CompactionReason reason = CompactionReason::kSize;
  std::vector<TableMeta> inputs = {};  // by level, each in the order of its level
  uint32_t output_level = 0;
  // One input, into another level that is compressed alike, where it overlaps nothing: its file
  // stays as it is.
  bool is_trivial_move = false;
  KeyRange range = {};                // of all inputs
  std::vector<KeyRange> deeper = {};  // where older versions may lie: ascending, disjoint
  // Largest keys of the tables of the next deeper level that has any: where outputs are best cut.
  std::vector<std::string> cuts = {};

  bool operator==(const CompactionPlan&) const = default;
};

// The most urgent compaction that is due and overlaps none of the running ones; none when nothing
// is. `snapshots`: those held, ascending.
//
// Level 0 goes down as groups: the oldest table and all that overlap it, or one of the group. Of a
// deeper level that is over its target goes the table with the least to rewrite below it, for its
// size: nothing has to be remembered. (Taking tables in turn writes as much where writes are spread
// over all keys, 10.7 bytes for one, in a simulation with a factor of 10 and four levels; where
// they are together and move on, 2.8 against 2.6.)
//
// If tiered: level 0, and the levels below it that are not larger, become one run (tiers.h). The
// oldest table of level 0 moves where it meets nothing in any level: keys that ascend are never
// rewritten. (Where it met only nothing in the newest run, runs grew by moves to one size without
// ever being merged: keys that ascend again and again took four times their space.)
//
// Where no level is due, a table that is half obsolete goes down, so that its tombstones meet what
// they hide. Where nothing below shares its range it is rewritten in place, if that drops
// something for certain: if no snapshot parts its versions.
//
// Then neighbours in a level are joined that together are no larger than one table: flushes of
// ascending keys move down as they are, however small. What is joined at least doubles the largest
// of them, so an entry is rewritten for it no more often than a table can double, and of small
// neighbours a few of ever half the size may stay.
//
// Planning and applying end: every plan takes entries to a deeper level, drops some, or leaves
// fewer tables.
std::optional<CompactionPlan> plan_compaction(const LevelMetas& levels,
                                              const CompactionParameters& parameters,
                                              const std::vector<Sequence>& snapshots,
                                              const std::vector<KeyRange>& running = {});

// The next step of bringing every table with keys in [start, stop) to the last level that has any,
// and rid of what is obsolete for certain; from the top down. None when that is done, or when it
// has to wait for a running compaction. Without a bound: from the first key, to the last.
std::optional<CompactionPlan> plan_range(const LevelMetas& levels,
                                         const CompactionParameters& parameters,
                                         const std::vector<Sequence>& snapshots,
                                         std::optional<Bytes> start, std::optional<Bytes> stop,
                                         const std::vector<KeyRange>& running = {});

}  // namespace skiplith
