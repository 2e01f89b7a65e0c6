#include "lsm/tiers.h"

#include <algorithm>
#include <cmath>

namespace skiplith {

std::optional<TiersToMerge> tiers_to_merge(const LevelMetas& levels,
                                           const CompactionParameters& parameters) {
  if (levels[0].size() < parameters.level0_trigger) return std::nullopt;
  auto merged = static_cast<double>(bytes_of(levels[0]));
  double all = 0;
  for (const auto& level : levels) all += static_cast<double>(bytes_of(level));
  const double factor = std::max(2.0, std::pow(all / merged, 1.0 / kLastLevel));
  TiersToMerge tiers;
  for (uint32_t level = 1; level < kLevels; ++level) {
    if (levels[level].empty()) continue;
    const auto bytes = static_cast<double>(bytes_of(levels[level]));
    tiers.output = level - 1;
    // Above the first level nothing can be put.
    if (level > 1 && bytes > (factor - 1) * merged) return tiers;
    merged += bytes;
    tiers.deepest = level;
  }
  tiers.output = kLastLevel;
  return tiers;
}

}  // namespace skiplith
