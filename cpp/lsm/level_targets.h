// How large the levels are to be, and how far they are from it.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "lsm/key_range.h"
#include "lsm/table_meta.h"
#include "table/compression.h"

namespace skiplith {

// What compaction is planned on. Level 0 newest first; every deeper level in order of keys, its
// tables disjoint.
using LevelMetas = std::array<std::vector<TableMeta>, kLevels>;

struct CompactionParameters {
  // Levels are sorted runs, merged with those of their size (tiers.h), and have no targets.
  bool tiered = false;
  // Level 0 is due with so many tables. More: fewer compactions of it, more tables a lookup.
  uint32_t level0_trigger = 4;
  // The most that the base level is to hold. About what the trigger's tables hold together: then
  // compacting level 0 rewrites as much again as it brings.
  uint64_t base_bytes = uint64_t{256} << 20;
  // How many times as large each level below the base is. At least 2.
  uint32_t factor = 10;
  // What compactions end a table at. Neighbours that together have no more are joined; 0: never.
  uint64_t table_bytes = 0;
  // What tables of a level are written with; one that moves to another level keeps its own.
  std::array<Compression, kLevels> compression = {};
};

inline constexpr uint32_t kLastLevel = kLevels - 1;

uint64_t bytes_of(std::span<const TableMeta> tables);

// Those of a level below level 0 that overlap the range.
std::span<const TableMeta> overlapping(const std::vector<TableMeta>& level, const KeyRange& range);

// Sizes follow from the largest level: each level above the last is to hold a factor less than
// the one below it, and the first of them that may hold no more than base_bytes is the base, into
// which level 0 goes. Levels above the base are to be empty. So nine tenths of a store lie in its
// last level however large it is, and a small store has only that one. (With sizes fixed from
// level 1 down, a store may be full in a level above its last, and take twice its data's space.)
class LevelTargets {
 public:
  LevelTargets(const LevelMetas& levels, const CompactionParameters& parameters);

  uint32_t base() const { return base_; }
  // UINT64_MAX for the last level. None for level 0, which counts tables.
  uint64_t bytes(uint32_t level) const { return targets_[level]; }
  // Where a level's tables go: nothing lies between. Not for the last one.
  uint32_t output_of(uint32_t level) const;
  // The first level below this one that has tables; kLevels when there is none.
  uint32_t next_filled(uint32_t level) const;

  // Level 0 has its tables, or a deeper level is over its target.
  bool is_due(uint32_t level) const;
  // How far: 1 is at the target.
  double score(uint32_t level) const;

 private:
  const LevelMetas& levels_;
  const CompactionParameters& parameters_;
  std::array<uint64_t, kLevels> sizes_;
  std::array<uint64_t, kLevels> targets_{};
  uint32_t base_ = kLastLevel;
};

}  // namespace skiplith
