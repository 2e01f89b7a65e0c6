#include "lsm/amplification.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace skiplith {
namespace {

// Does anything older share keys with the table?
bool is_above(const LevelMetas& levels, uint32_t level, const TableMeta& table) {
  const KeyRange range = range_of(table);
  if (level == 0) {
    const bool in_level0 = std::ranges::any_of(levels[0], [&](const TableMeta& other) {
      return other.largest_sequence < table.largest_sequence && overlap(other, range);
    });
    if (in_level0) return true;
  }
  for (uint32_t deeper = level + 1; deeper < kLevels; ++deeper) {
    if (!overlapping(levels[deeper], range).empty()) return true;
  }
  return false;
}

}  // namespace

uint64_t read_amplification(const LevelMetas& levels) {
  std::vector<std::string_view> smallest, largest;
  for (const auto& level : levels) {
    for (const TableMeta& table : level) {
      smallest.push_back(table.smallest_key);
      largest.push_back(table.largest_key);
    }
  }
  std::ranges::sort(smallest);
  std::ranges::sort(largest);
  size_t most = 0, ended = 0;
  for (size_t begun = 0; begun < smallest.size(); ++begun) {
    while (largest[ended] < smallest[begun]) ++ended;
    most = std::max(most, begun + 1 - ended);
  }
  return most;
}

double space_amplification(const LevelMetas& levels) {
  double bytes = 0, live_bytes = 0, live_entries = 0, deleted = 0;
  for (uint32_t level = 0; level < kLevels; ++level) {
    for (const TableMeta& table : levels[level]) {
      bytes += static_cast<double>(table.bytes);
      if (is_above(levels, level, table)) {
        deleted += static_cast<double>(table.tombstones);
        continue;
      }
      const auto entries = static_cast<double>(table.entries);
      const auto obsolete = static_cast<double>(table.tombstones + table.old_versions);
      const double live = std::max(entries - obsolete, 0.0);
      live_entries += live;
      live_bytes += static_cast<double>(table.bytes) * live / entries;
    }
  }
  if (bytes == 0) return 1;
  if (live_entries <= deleted) return std::numeric_limits<double>::infinity();
  return bytes / (live_bytes * (1 - deleted / live_entries));
}

}  // namespace skiplith
