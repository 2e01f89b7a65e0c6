#include "lsm/level_targets.h"

#include "base/check.h"

namespace skiplith {

uint64_t bytes_of(std::span<const TableMeta> tables) {
  uint64_t bytes = 0;
  for (const TableMeta& table : tables) bytes += table.bytes;
  return bytes;
}

std::span<const TableMeta> overlapping(const std::vector<TableMeta>& level, const KeyRange& range) {
  const auto begin = std::ranges::lower_bound(level, range.smallest, {}, &TableMeta::largest_key);
  const auto end =
      std::ranges::upper_bound(begin, level.end(), range.largest, {}, &TableMeta::smallest_key);
  return {begin, end};
}

LevelTargets::LevelTargets(const LevelMetas& levels, const CompactionParameters& parameters)
    : levels_(levels), parameters_(parameters) {
  SKIPLITH_CHECK(parameters.factor >= 2 && parameters.level0_trigger >= 1);
  for (uint32_t level = 0; level < kLevels; ++level) sizes_[level] = bytes_of(levels[level]);
  uint64_t target = *std::max_element(sizes_.begin() + 1, sizes_.end());
  targets_[kLastLevel] = UINT64_MAX;
  while (target > parameters.base_bytes && base_ > 1) {
    target /= parameters.factor;
    targets_[--base_] = target;
  }
}

uint32_t LevelTargets::next_filled(uint32_t level) const {
  do {
    ++level;
  } while (level < kLevels && levels_[level].empty());
  return level;
}

uint32_t LevelTargets::output_of(uint32_t level) const {
  SKIPLITH_CHECK(level < kLastLevel);
  if (level >= base_) return level + 1;
  return std::min(base_, next_filled(level));
}

bool LevelTargets::is_due(uint32_t level) const {
  if (level == 0) return levels_[0].size() >= parameters_.level0_trigger;
  return sizes_[level] > targets_[level];
}

double LevelTargets::score(uint32_t level) const {
  if (level == 0) return static_cast<double>(levels_[0].size()) / parameters_.level0_trigger;
  // A level that is to be empty is measured by the least that a base is to hold.
  const uint64_t least = parameters_.base_bytes / parameters_.factor + 1;
  return static_cast<double>(sizes_[level]) / static_cast<double>(std::max(targets_[level], least));
}

}  // namespace skiplith
