#include "lsm/load_level.h"

namespace skiplith {

uint32_t level_for_load(const LevelMetas& levels, const KeyRange& range,
                        const CompactionPlan* running) {
  for (const TableMeta& table : levels[0]) {
    if (overlap(table, range)) return 0;
  }
  uint32_t deepest = kLastLevel;
  if (running != nullptr && overlap(running->range, range)) deepest = running->output_level - 1;
  for (uint32_t level = 1; level <= deepest; ++level) {
    if (!overlapping(levels[level], range).empty()) return level - 1;
  }
  return deepest;
}

}  // namespace skiplith
