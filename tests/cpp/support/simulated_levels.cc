#include "support/simulated_levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_map>

#include "lsm/version_filter.h"

namespace skiplith::testing {
namespace {

bool in_internal_order(const ModelEntry& a, const ModelEntry& b) {
  return a.key != b.key ? a.key < b.key : a.sequence > b.sequence;
}

TableMeta meta_of(uint64_t number, uint32_t level, const ModelEntries& entries) {
  TableMeta meta{.number = number,
                 .level = level,
                 .bytes = entries.size() * kModelEntryBytes,
                 .entries = entries.size(),
                 .smallest_sequence = kMaxSequence,
                 .smallest_key = entries.front().key,
                 .largest_key = entries.back().key};
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].kind == Kind::kDelete) ++meta.tombstones;
    if (i > 0 && entries[i].key == entries[i - 1].key) ++meta.old_versions;
    meta.smallest_sequence = std::min(meta.smallest_sequence, entries[i].sequence);
    meta.largest_sequence = std::max(meta.largest_sequence, entries[i].sequence);
  }
  return meta;
}

}  // namespace

void SimulatedLevels::flush(ModelEntries entries) {
  std::ranges::sort(entries, in_internal_order);
  entries_written_ += entries.size();
  add(0, std::move(entries));
}

void SimulatedLevels::add(uint32_t level, ModelEntries entries) {
  const uint64_t number = ++number_;
  std::vector<TableMeta>& tables = metas_[level];
  tables.insert(tables.begin(), meta_of(number, level, entries));
  if (level > 0) std::ranges::sort(tables, {}, &TableMeta::smallest_key);
  tables_[number] = std::move(entries);
}

void SimulatedLevels::apply(const CompactionPlan& plan, const std::vector<Sequence>& snapshots) {
  ModelEntries merged;
  for (const TableMeta& input : plan.inputs) {
    ASSERT_EQ(std::erase(metas_[input.level], input), 1u);
    EXPECT_GE(input.smallest_key, plan.range.smallest);
    EXPECT_LE(input.largest_key, plan.range.largest);
    auto found = tables_.extract(input.number);
    std::ranges::move(found.mapped(), std::back_inserter(merged));
  }
  for (const TableMeta& left : metas_[plan.output_level]) EXPECT_FALSE(overlap(left, plan.range));
  if (plan.is_trivial_move) {
    ASSERT_EQ(plan.inputs.size(), 1u);
    return add(plan.output_level, std::move(merged));
  }
  std::ranges::sort(merged, in_internal_order);
  write(plan, merged, snapshots);
}

void SimulatedLevels::write(const CompactionPlan& plan, const ModelEntries& merged,
                            const std::vector<Sequence>& snapshots) {
  ModelEntries kept;
  auto cut = plan.cuts.begin();
  const auto keep = [&](const TableEntry& entry) {
    ++entries_written_;
    const std::string key(entry.key);
    if (!kept.empty() && kept.back().key != key) {
      const auto cut_before = cut;
      while (cut != plan.cuts.end() && *cut < key) ++cut;
      const size_t enough = cut == cut_before ? table_entries_ : table_entries_ / 2;
      if (kept.size() >= enough) add(plan.output_level, std::exchange(kept, {}));
    }
    kept.push_back({key, entry.sequence, entry.kind});
  };
  VersionFilter filter(snapshots, [&](Bytes key) { return contain(plan.deeper, key); });
  for (const ModelEntry& entry : merged) {
    const TableEntry next{.key = entry.key, .sequence = entry.sequence, .kind = entry.kind};
    const VersionFilter::Verdict verdict = filter.next(next);
    if (verdict.held != nullptr) keep(*verdict.held);
    if (verdict.keeps) keep(next);
  }
  if (const TableEntry* held = filter.finish()) keep(*held);
  if (!kept.empty()) add(plan.output_level, std::move(kept));
}

void SimulatedLevels::check() const {
  std::unordered_map<std::string, Sequence> oldest;  // so far, from the top down
  uint64_t tables = 0;
  for (uint32_t level = 0; level < kLevels; ++level) {
    const TableMeta* before = nullptr;
    for (const TableMeta& table : metas_[level]) {
      EXPECT_EQ(table.level, level);
      if (level > 0 && before != nullptr) {
        EXPECT_LT(before->largest_key, table.smallest_key);
      }
      before = &table;
      ++tables;
      for (const ModelEntry& entry : tables_.at(table.number)) {
        const auto [place, is_first] = oldest.try_emplace(entry.key, entry.sequence);
        if (is_first) continue;
        ASSERT_LT(entry.sequence, place->second) << "a newer version below an older one";
        place->second = entry.sequence;
      }
    }
  }
  EXPECT_EQ(tables, tables_.size());
}

uint64_t SimulatedLevels::entries() const {
  uint64_t entries = 0;
  for (const auto& [number, table] : tables_) entries += table.size();
  return entries;
}

}  // namespace skiplith::testing
