#include "lsm/compaction_debt.h"

#include <algorithm>

#include "lsm/tiers.h"

namespace skiplith {
namespace {

uint64_t debt_of_tiers(const LevelMetas& levels, const CompactionParameters& parameters) {
  uint64_t debt = 0;
  if (const auto tiers = tiers_to_merge(levels, parameters)) {
    for (uint32_t level = 0; level <= tiers->deepest; ++level) debt += bytes_of(levels[level]);
  }
  return debt;
}

}  // namespace

uint64_t debt_bytes(const LevelMetas& levels, const CompactionParameters& parameters) {
  if (parameters.tiered) return debt_of_tiers(levels, parameters);
  const LevelTargets targets(levels, parameters);
  std::array<uint64_t, kLevels> sizes{};
  for (uint32_t level = 1; level < kLevels; ++level) sizes[level] = bytes_of(levels[level]);
  uint64_t debt = 0;
  if (targets.is_due(0)) {
    KeyRange range = range_of(levels[0].front());
    for (const TableMeta& table : levels[0]) extend(&range, range_of(table));
    const uint32_t output = targets.output_of(0);
    const uint64_t goes_down = bytes_of(levels[0]);
    debt += goes_down + bytes_of(overlapping(levels[output], range));
    sizes[output] += goes_down;
  }
  for (uint32_t level = 1; level < kLastLevel; ++level) {
    if (sizes[level] <= targets.bytes(level)) continue;
    const uint64_t goes_down = sizes[level] - targets.bytes(level);
    const uint32_t output = targets.output_of(level);
    debt += goes_down + std::min(sizes[output], goes_down * parameters.factor);
    sizes[output] += goes_down;
  }
  return debt;
}

}  // namespace skiplith
