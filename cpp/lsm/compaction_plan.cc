#include "lsm/compaction_plan.h"

#include <numeric>

#include "base/bytes.h"
#include "lsm/tiers.h"

namespace skiplith {
namespace {

using Tables = std::vector<TableMeta>;

class Planner {
 public:
  Planner(const LevelMetas& levels, const CompactionParameters& parameters,
          const std::vector<Sequence>& snapshots, const std::vector<KeyRange>& running)
      : levels_(levels),
        targets_(levels, parameters),
        snapshots_(snapshots),
        running_(running),
        parameters_(parameters) {}

  std::optional<CompactionPlan> most_urgent() const;
  std::optional<CompactionPlan> next_of_range(std::optional<Bytes> start,
                                              std::optional<Bytes> stop) const;

 private:
  using Plan = std::optional<CompactionPlan>;
  // Which rewritings are worth their writing where a move would do: of what is mostly obsolete,
  // or of all that drops anything.
  enum class Zeal : uint8_t { kMostly, kAnything };

  Plan of_levels() const;
  Plan of_level(uint32_t level) const;
  Plan of_level0() const;
  Plan of_level_by_overlap(uint32_t level) const;
  Plan of_tiers() const;
  Plan of_obsolete(uint32_t level, const TableMeta& table) const;
  Plan of_small(uint32_t level) const;

  // Tables of one level, into `output`. None when a running compaction is in the way.
  Plan plan(CompactionReason reason, Tables tables, uint32_t output, Zeal zeal) const;

  // Of level 0: this table and all that overlap it, or one of these.
  Tables group_of(const TableMeta& table) const;
  bool is_below(uint32_t level, const KeyRange& range) const;
  bool is_mostly_obsolete(const TableMeta& table) const;
  // Rewritten alone, it loses an entry: no snapshot tells its versions apart, and its tombstones
  // count if nothing lies deeper.
  bool drops_for_certain(const TableMeta& table, bool anything_deeper) const;
  std::vector<KeyRange> ranges_below(uint32_t level, const KeyRange& range) const;
  std::vector<std::string> cuts_below(uint32_t level, const KeyRange& range) const;

  const LevelMetas& levels_;
  const LevelTargets targets_;
  const std::vector<Sequence>& snapshots_;
  const std::vector<KeyRange>& running_;
  const CompactionParameters& parameters_;
};

KeyRange range_of_all(const Tables& tables) {
  KeyRange range = range_of(tables.front());
  for (const TableMeta& table : tables) extend(&range, range_of(table));
  return range;
}

std::optional<CompactionPlan> Planner::most_urgent() const {
  if (Plan found = parameters_.tiered ? of_tiers() : of_levels()) return found;
  for (uint32_t level = 0; level < kLevels; ++level) {
    for (const TableMeta& table : levels_[level]) {
      if (!is_mostly_obsolete(table)) continue;
      if (Plan found = of_obsolete(level, table)) return found;
    }
  }
  for (uint32_t level = 1; level < kLevels; ++level) {
    if (Plan found = of_small(level)) return found;
  }
  return std::nullopt;
}

Planner::Plan Planner::of_levels() const {
  std::array<uint32_t, kLastLevel> by_score;
  std::iota(by_score.begin(), by_score.end(), 0);
  std::ranges::stable_sort(by_score, std::greater<>(),
                           [&](uint32_t level) { return targets_.score(level); });
  for (const uint32_t level : by_score) {
    if (!targets_.is_due(level)) continue;
    if (Plan found = of_level(level)) return found;
  }
  return std::nullopt;
}

Planner::Plan Planner::of_level(uint32_t level) const {
  return level == 0 ? of_level0() : of_level_by_overlap(level);
}

Planner::Plan Planner::of_level0() const {
  for (auto oldest = levels_[0].rbegin(); oldest != levels_[0].rend(); ++oldest) {
    Plan found =
        plan(CompactionReason::kLevel0, group_of(*oldest), targets_.output_of(0), Zeal::kMostly);
    if (found) return found;
  }
  return std::nullopt;
}

Planner::Plan Planner::of_level_by_overlap(uint32_t level) const {
  const uint32_t output = targets_.output_of(level);
  std::vector<std::pair<double, const TableMeta*>> by_overlap;
  for (const TableMeta& table : levels_[level]) {
    const uint64_t below = bytes_of(overlapping(levels_[output], range_of(table)));
    by_overlap.emplace_back(static_cast<double>(below) / static_cast<double>(table.bytes), &table);
  }
  std::ranges::stable_sort(by_overlap, {}, [](const auto& pair) { return pair.first; });
  for (const auto& [overlap, table] : by_overlap) {
    if (Plan found = plan(CompactionReason::kSize, {*table}, output, Zeal::kMostly)) return found;
  }
  return std::nullopt;
}

Planner::Plan Planner::of_tiers() const {
  const std::optional<TiersToMerge> tiers = tiers_to_merge(levels_, parameters_);
  if (!tiers) return std::nullopt;
  const TableMeta& oldest = levels_[0].back();
  if (group_of(oldest).size() == 1) {
    const uint32_t newest_run = std::min(targets_.next_filled(0), kLastLevel);
    const Plan found = plan(CompactionReason::kTiers, {oldest}, newest_run, Zeal::kMostly);
    if (found && found->inputs.size() == 1 && found->deeper.empty()) return found;
  }
  Tables tables;  // of the output's level, if it has any, those that they meet
  for (uint32_t level = 0; level <= tiers->deepest && level < tiers->output; ++level) {
    tables.insert(tables.end(), levels_[level].begin(), levels_[level].end());
  }
  return plan(CompactionReason::kTiers, std::move(tables), tiers->output, Zeal::kMostly);
}

Planner::Plan Planner::of_obsolete(uint32_t level, const TableMeta& table) const {
  const bool anything_deeper = is_below(level, range_of(table));
  const bool drops = drops_for_certain(table, anything_deeper);
  if (level == 0) {
    Tables group = group_of(table);
    if (group.size() == 1 && !anything_deeper && !drops) return std::nullopt;
    return plan(CompactionReason::kObsolete, std::move(group), targets_.output_of(0),
                Zeal::kMostly);
  }
  if (!anything_deeper && !drops) return std::nullopt;
  const uint32_t output = anything_deeper ? targets_.next_filled(level) : level;
  return plan(CompactionReason::kObsolete, {table}, output, Zeal::kMostly);
}

Planner::Plan Planner::of_small(uint32_t level) const {
  const Tables& tables = levels_[level];
  for (auto first = tables.begin(); first != tables.end(); ++first) {
    uint64_t bytes = 0, largest = 0;
    auto end = first;
    for (auto next = first; next != tables.end(); ++next) {
      bytes += next->bytes;
      largest = std::max(largest, next->bytes);
      if (bytes > parameters_.table_bytes) break;
      if (bytes >= 2 * largest) end = next + 1;
    }
    if (end - first < 2) continue;
    Plan found = plan(CompactionReason::kSmall, {first, end}, level, Zeal::kMostly);
    if (!found) continue;
    found->cuts.clear();  // one table, wherever those below end
    return found;
  }
  return std::nullopt;
}

std::optional<CompactionPlan> Planner::next_of_range(std::optional<Bytes> start,
                                                     std::optional<Bytes> stop) const {
  const auto in_range = [&](const TableMeta& table) {
    return (!start || Bytes(table.largest_key) >= *start) &&
           (!stop || Bytes(table.smallest_key) < *stop);
  };
  for (auto oldest = levels_[0].rbegin(); oldest != levels_[0].rend(); ++oldest) {
    if (!in_range(*oldest)) continue;
    return plan(CompactionReason::kRange, group_of(*oldest), targets_.output_of(0),
                Zeal::kAnything);
  }
  for (uint32_t level = 1; level < kLevels; ++level) {
    const uint32_t next = targets_.next_filled(level);
    for (const TableMeta& table : levels_[level]) {
      if (!in_range(table)) continue;
      if (next == kLevels && !drops_for_certain(table, false)) continue;
      return plan(CompactionReason::kRange, {table}, next == kLevels ? level : next,
                  Zeal::kAnything);
    }
  }
  return std::nullopt;
}

Planner::Plan Planner::plan(CompactionReason reason, Tables tables, uint32_t output,
                            Zeal zeal) const {
  CompactionPlan plan{.reason = reason, .output_level = output};
  const uint32_t level = tables.front().level;
  plan.range = range_of_all(tables);
  plan.inputs = std::move(tables);
  if (output != level) {
    const std::span<const TableMeta> met = overlapping(levels_[output], plan.range);
    plan.inputs.insert(plan.inputs.end(), met.begin(), met.end());
    plan.range = range_of_all(plan.inputs);
  }
  for (const KeyRange& range : running_) {
    if (overlap(range, plan.range)) return std::nullopt;
  }
  plan.deeper = ranges_below(output, plan.range);
  plan.cuts = cuts_below(output, plan.range);
  const TableMeta& table = plan.inputs.front();
  const auto& compression = parameters_.compression;
  const bool may_move =
      plan.inputs.size() == 1 && output != level && compression[level] == compression[output];
  const bool is_worth_writing = (zeal == Zeal::kAnything || is_mostly_obsolete(table)) &&
                                drops_for_certain(table, !plan.deeper.empty());
  plan.is_trivial_move = may_move && !is_worth_writing;
  return plan;
}

Tables Planner::group_of(const TableMeta& table) const {
  KeyRange range = range_of(table);
  std::vector<bool> is_in(levels_[0].size());
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t i = 0; i < is_in.size(); ++i) {
      if (is_in[i] || !overlap(levels_[0][i], range)) continue;
      is_in[i] = true;
      extend(&range, range_of(levels_[0][i]));
      grew = true;
    }
  }
  Tables group;
  for (size_t i = 0; i < is_in.size(); ++i) {
    if (is_in[i]) group.push_back(levels_[0][i]);
  }
  return group;
}

bool Planner::is_below(uint32_t level, const KeyRange& range) const {
  for (uint32_t deeper = level + 1; deeper < kLevels; ++deeper) {
    if (!overlapping(levels_[deeper], range).empty()) return true;
  }
  return false;
}

bool Planner::is_mostly_obsolete(const TableMeta& table) const {
  return 2 * (table.tombstones + table.old_versions) >= table.entries;
}

bool Planner::drops_for_certain(const TableMeta& table, bool anything_deeper) const {
  const auto snapshot = std::ranges::lower_bound(snapshots_, table.smallest_sequence);
  if (snapshot != snapshots_.end() && *snapshot < table.largest_sequence) return false;
  return table.old_versions > 0 || (table.tombstones > 0 && !anything_deeper);
}

std::vector<KeyRange> Planner::ranges_below(uint32_t level, const KeyRange& range) const {
  std::vector<KeyRange> all;
  for (uint32_t deeper = level + 1; deeper < kLevels; ++deeper) {
    for (const TableMeta& table : overlapping(levels_[deeper], range)) {
      all.push_back(range_of(table));
    }
  }
  std::ranges::sort(all, {}, &KeyRange::smallest);
  std::vector<KeyRange> disjoint;
  for (KeyRange& next : all) {
    if (disjoint.empty() || !overlap(disjoint.back(), next)) {
      disjoint.push_back(std::move(next));
    } else {
      extend(&disjoint.back(), next);
    }
  }
  return disjoint;
}

std::vector<std::string> Planner::cuts_below(uint32_t level, const KeyRange& range) const {
  std::vector<std::string> cuts;
  const uint32_t next = targets_.next_filled(level);
  if (next == kLevels) return cuts;
  for (const TableMeta& table : overlapping(levels_[next], range))
    cuts.push_back(table.largest_key);
  return cuts;
}

}  // namespace

std::optional<CompactionPlan> plan_compaction(const LevelMetas& levels,
                                              const CompactionParameters& parameters,
                                              const std::vector<Sequence>& snapshots,
                                              const std::vector<KeyRange>& running) {
  return Planner(levels, parameters, snapshots, running).most_urgent();
}

std::optional<CompactionPlan> plan_range(const LevelMetas& levels,
                                         const CompactionParameters& parameters,
                                         const std::vector<Sequence>& snapshots,
                                         std::optional<Bytes> start, std::optional<Bytes> stop,
                                         const std::vector<KeyRange>& running) {
  return Planner(levels, parameters, snapshots, running).next_of_range(start, stop);
}

}  // namespace skiplith
