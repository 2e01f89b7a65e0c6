#include "lsm/compaction_plan.h"

#include <algorithm>

namespace skiplith {
namespace {

using Tables = std::vector<TableMeta>;
constexpr uint32_t kDeepest = kLevels - 1;

uint64_t bytes_of(const Tables& tables) {
  uint64_t bytes = 0;
  for (const TableMeta& table : tables) bytes += table.bytes;
  return bytes;
}

uint64_t superfluous(const TableMeta& table) { return table.tombstones + table.old_versions; }

// Half of it or more could go.
bool is_stale(const TableMeta& table) {
  return superfluous(table) > 0 && 2 * superfluous(table) >= table.entries;
}

// From the least to the greatest key of all inputs, the gaps between them too: one output may reach
// over such a gap.
Tables overlapping(const Tables& level, const Tables& inputs) {
  const std::string smallest =
      std::ranges::min_element(inputs, {}, &TableMeta::smallest_key)->smallest_key;
  const std::string largest =
      std::ranges::max_element(inputs, {}, &TableMeta::largest_key)->largest_key;
  Tables found;
  std::ranges::copy_if(level, std::back_inserter(found), [&](const TableMeta& table) {
    return table.smallest_key <= largest && smallest <= table.largest_key;
  });
  return found;
}

// `inputs` of one level into a deeper one, with what they overlap there.
CompactionPlan into(const LevelMetas& levels, const CompactionSizes& sizes, Tables inputs,
                    uint32_t output_level) {
  CompactionPlan plan{.output_level = output_level};
  const Tables below = overlapping(levels[output_level], inputs);
  const bool disjoint = inputs.front().level != 0 || inputs.size() == 1;
  const bool may_drop =
      output_level == kDeepest &&
      std::ranges::any_of(inputs, [](const TableMeta& table) { return superfluous(table) > 0; });
  const bool same_format =
      sizes.compression[inputs.front().level] == sizes.compression[output_level];
  plan.is_move = below.empty() && disjoint && same_format && !may_drop;
  plan.inputs = std::move(inputs);
  plan.inputs.insert(plan.inputs.end(), below.begin(), below.end());
  return plan;
}

// The first level below `level` that has data or a size; what lies between has neither.
uint32_t next_level(const LevelMetas& levels, const LevelTargets& targets, uint32_t level) {
  for (uint32_t next = level + 1; next < kDeepest; ++next) {
    if (next >= targets.base_level || !levels[next].empty()) return next;
  }
  return kDeepest;
}

bool is_due(const LevelMetas& levels, const LevelTargets& targets, const CompactionSizes& sizes,
            uint32_t level) {
  if (level == 0) {
    uint64_t entries = 0, stale = 0;
    for (const TableMeta& table : levels[0]) {
      entries += table.entries;
      stale += superfluous(table);
    }
    return levels[0].size() >= sizes.level0_tables || (stale > 0 && 2 * stale >= entries);
  }
  return level != kDeepest && !levels[level].empty() &&
         bytes_of(levels[level]) > targets.bytes[level];
}

// The first table behind the place where the last compaction of the level ended.
const TableMeta& next_in_turn(const Tables& level, const std::string& place) {
  for (const TableMeta& table : level) {
    if (table.smallest_key > place) return table;
  }
  return level.front();
}

std::optional<CompactionPlan> plan_stale(const LevelMetas& levels, const LevelTargets& targets,
                                         const CompactionSizes& sizes) {
  for (uint32_t level = 1; level < kDeepest; ++level) {
    for (const TableMeta& table : levels[level]) {
      if (is_stale(table)) return into(levels, sizes, {table}, next_level(levels, targets, level));
    }
  }
  if (sizes.has_old_snapshots) return std::nullopt;
  for (const TableMeta& table : levels[kDeepest]) {
    if (is_stale(table)) return CompactionPlan{.inputs = {table}, .output_level = kDeepest};
  }
  return std::nullopt;
}

}  // namespace

LevelTargets level_targets(const LevelMetas& levels, const CompactionSizes& sizes) {
  LevelTargets targets;
  uint64_t bytes = std::max(bytes_of(levels[kDeepest]), sizes.base_bytes);
  targets.bytes[kDeepest] = bytes;
  while (targets.base_level > 1 && bytes / sizes.factor >= sizes.base_bytes) {
    bytes /= sizes.factor;
    targets.bytes[--targets.base_level] = bytes;
  }
  return targets;
}

std::optional<CompactionPlan> plan_compaction(const LevelMetas& levels,
                                              const CompactionSizes& sizes,
                                              const CompactionPlaces& places) {
  const LevelTargets targets = level_targets(levels, sizes);
  // Level 0 first: every read looks into each of its tables.
  if (is_due(levels, targets, sizes, 0)) {
    return into(levels, sizes, levels[0], next_level(levels, targets, 0));
  }
  for (uint32_t level = 1; level < kDeepest; ++level) {
    if (!is_due(levels, targets, sizes, level)) continue;
    return into(levels, sizes, {next_in_turn(levels[level], places[level])},
                next_level(levels, targets, level));
  }
  return plan_stale(levels, targets, sizes);
}

std::optional<CompactionPlan> plan_range(const LevelMetas& levels, const CompactionSizes& sizes,
                                         const std::optional<std::string>& start,
                                         const std::optional<std::string>& stop) {
  const LevelTargets targets = level_targets(levels, sizes);
  const auto in_range = [&](const TableMeta& table) {
    return (!start || table.largest_key >= *start) && (!stop || table.smallest_key <= *stop);
  };
  for (uint32_t level = 0; level < kDeepest; ++level) {
    Tables inputs;
    std::ranges::copy_if(levels[level], std::back_inserter(inputs), in_range);
    if (inputs.empty()) continue;
    return into(levels, sizes, level == 0 ? levels[0] : std::move(inputs),
                next_level(levels, targets, level));
  }
  if (sizes.has_old_snapshots) return std::nullopt;
  for (const TableMeta& table : levels[kDeepest]) {
    if (!in_range(table) || superfluous(table) == 0) continue;
    return CompactionPlan{.inputs = {table}, .output_level = kDeepest};
  }
  return std::nullopt;
}

uint64_t compaction_debt(const LevelMetas& levels, const CompactionSizes& sizes) {
  if (!plan_compaction(levels, sizes, {})) return 0;
  const LevelTargets targets = level_targets(levels, sizes);
  uint64_t debt = 0;
  // What is over comes down level by level, each time together with what it overlaps there.
  uint64_t coming = is_due(levels, targets, sizes, 0) ? bytes_of(levels[0]) : 0;
  if (coming != 0) debt += coming + bytes_of(levels[next_level(levels, targets, 0)]);
  for (uint32_t level = 1; level < kDeepest; ++level) {
    const uint64_t bytes = bytes_of(levels[level]) + (level >= targets.base_level ? coming : 0);
    if (bytes <= targets.bytes[level]) {
      if (level >= targets.base_level) coming = 0;
      continue;
    }
    coming = bytes - targets.bytes[level];
    const uint64_t below = bytes_of(levels[next_level(levels, targets, level)]);
    debt += coming + std::min(below, sizes.factor * coming);
  }
  for (const Tables& level : levels) {
    for (const TableMeta& table : level) debt += is_stale(table) ? table.bytes : 0;
  }
  return debt;
}

}  // namespace skiplith
