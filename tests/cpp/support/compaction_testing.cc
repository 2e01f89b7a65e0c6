#include "support/compaction_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "lsm/version_filter.h"

namespace skiplith::testing {
namespace {

constexpr uint64_t kEntryBytes = 10;
constexpr size_t kTableEntries = 12;

TableMeta table_of(const std::string& word, uint32_t level) {
  std::istringstream parts(word);
  TableMeta meta;
  meta.level = level;
  meta.bytes = meta.entries = 10;
  char colon = 0;
  parts >> meta.number >> colon;
  std::getline(parts, meta.smallest_key, '-');
  std::getline(parts, meta.largest_key, '/');
  meta.smallest_sequence = meta.largest_sequence = meta.number;
  for (std::string part; std::getline(parts, part, '/');) {
    const uint64_t value = std::stoull(part.substr(1));
    switch (part[0]) {
      case 'b': meta.bytes = value; break;
      case 'n': meta.entries = value; break;
      case 't': meta.tombstones = value; break;
      case 'o': meta.old_versions = value; break;
      case 's':
        meta.smallest_sequence = value;
        meta.largest_sequence = std::stoull(part.substr(part.find('-') + 1));
        break;
      default: ADD_FAILURE() << word;
    }
  }
  return meta;
}

const char* told(CompactionReason reason) {
  switch (reason) {
    case CompactionReason::kLevel0: return "level0";
    case CompactionReason::kSize: return "size";
    case CompactionReason::kObsolete: return "obsolete";
    case CompactionReason::kRange: return "range";
  }
  return "?";
}

bool in_internal_order(const ModelEntry& a, const ModelEntry& b) {
  return a.key != b.key ? a.key < b.key : a.sequence > b.sequence;
}

TableMeta meta_of(uint64_t number, uint32_t level, const std::vector<ModelEntry>& entries) {
  TableMeta meta{.number = number,
                 .level = level,
                 .bytes = entries.size() * kEntryBytes,
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

LevelMetas levels_of(const std::string& drawing) {
  LevelMetas levels;
  std::istringstream lines(drawing);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    uint32_t level = 0;
    char colon = 0;
    if (!(words >> level >> colon)) continue;
    for (std::string word; words >> word;) levels[level].push_back(table_of(word, level));
  }
  return levels;
}

std::string told(const std::optional<CompactionPlan>& plan) {
  if (!plan) return "nothing";
  std::ostringstream out;
  out << told(plan->reason) << ":" << (plan->is_trivial_move ? " move" : "");
  const uint32_t level = plan->inputs.front().level;
  bool in_output = false;
  for (const TableMeta& table : plan->inputs) {
    if (table.level != level && !in_output) {
      EXPECT_EQ(table.level, plan->output_level);
      out << " +";
      in_output = true;
    }
    out << " " << table.number;
  }
  out << " -> " << plan->output_level;
  return out.str();
}

std::string told(const std::vector<KeyRange>& ranges) {
  std::string out;
  for (const KeyRange& range : ranges) {
    if (!out.empty()) out += " ";
    out += range.smallest + "-" + range.largest;
  }
  return out;
}

void ModelStore::flush() {
  Entries entries;
  const size_t first = random_() % 40;
  const size_t width = 1 + random_() % 40;
  const uint64_t tombstones_of_8 = random_() % 8;
  for (size_t count = 1 + random_() % 12; count > 0; --count) {
    entries.push_back({.key = std::string(1, static_cast<char>('0' + first + random_() % width)),
                       .sequence = ++sequence_,
                       .kind = random_() % 8 < tombstones_of_8 ? Kind::kDelete : Kind::kPut});
    if (random_() % 16 == 0) take_snapshot();
  }
  std::ranges::sort(entries, in_internal_order);
  add_table(0, std::move(entries));
}

void ModelStore::release_snapshot() {
  if (!snapshots_.empty()) snapshots_.erase(snapshots_.begin() + random_() % snapshots_.size());
}

void ModelStore::add_table(uint32_t level, Entries entries) {
  const uint64_t number = ++number_;
  levels_[level].insert(levels_[level].begin(), meta_of(number, level, entries));
  if (level > 0) std::ranges::sort(levels_[level], {}, &TableMeta::smallest_key);
  tables_[number] = std::move(entries);
}

void ModelStore::apply(const CompactionPlan& plan) {
  const auto reads = all_reads();
  Entries merged;
  for (const TableMeta& input : plan.inputs) {
    ASSERT_EQ(std::erase(levels_[input.level], input), 1u);
    EXPECT_TRUE(input.smallest_key >= plan.range.smallest);
    EXPECT_TRUE(input.largest_key <= plan.range.largest);
    const auto found = tables_.extract(input.number);
    merged.insert(merged.end(), found.mapped().begin(), found.mapped().end());
  }
  for (const TableMeta& left : levels_[plan.output_level]) {
    EXPECT_FALSE(overlap(left, plan.range));
  }
  std::ranges::sort(merged, in_internal_order);

  Entries kept;
  const auto keep = [&](const TableEntry& entry) {
    const std::string key(entry.key);
    if (kept.size() >= kTableEntries && kept.back().key != key) {
      add_table(plan.output_level, std::exchange(kept, {}));
    }
    kept.push_back({key, entry.sequence, entry.kind});
  };
  if (plan.is_trivial_move) {
    ASSERT_EQ(plan.inputs.size(), 1u);
    kept = merged;
  } else {
    VersionFilter filter(snapshots_, [&](Bytes key) { return contain(plan.deeper, key); });
    for (const ModelEntry& entry : merged) {
      const TableEntry next{.key = entry.key, .sequence = entry.sequence, .kind = entry.kind};
      const VersionFilter::Verdict verdict = filter.next(next);
      if (verdict.held != nullptr) keep(*verdict.held);
      if (verdict.keeps) keep(next);
    }
    if (const TableEntry* held = filter.finish()) keep(*held);
  }
  if (!kept.empty()) add_table(plan.output_level, std::move(kept));
  check_levels();
  EXPECT_EQ(all_reads(), reads);
}

void ModelStore::check_levels() const {
  std::map<std::string, Sequence> oldest;  // so far, from the top down
  uint64_t tables = 0;
  for (uint32_t level = 0; level < kLevels; ++level) {
    const TableMeta* before = nullptr;
    for (const TableMeta& table : levels_[level]) {
      EXPECT_EQ(table.level, level);
      if (level > 0 && before != nullptr) {
        EXPECT_LT(before->largest_key, table.smallest_key);
      }
      before = &table;
      ++tables;
      for (const ModelEntry& entry : tables_.at(table.number)) {
        const auto [place, is_first] = oldest.try_emplace(entry.key, entry.sequence);
        if (is_first) continue;
        EXPECT_LT(entry.sequence, place->second) << "a newer version below an older one";
        place->second = entry.sequence;
      }
    }
  }
  EXPECT_EQ(tables, tables_.size());
}

uint64_t ModelStore::work_left() const {
  uint64_t work = 0;
  for (uint32_t level = 0; level < kLevels; ++level) {
    for (const TableMeta& table : levels_[level]) work += table.entries * (kLevels - level);
  }
  return work;
}

std::map<std::pair<std::string, Sequence>, Sequence> ModelStore::all_reads() const {
  std::set<std::string> keys;
  for (const auto& [number, entries] : tables_) {
    for (const ModelEntry& entry : entries) keys.insert(entry.key);
  }
  std::vector<Sequence> points = snapshots_;
  points.push_back(kMaxSequence);
  std::map<std::pair<std::string, Sequence>, Sequence> reads;
  for (const std::string& key : keys) {
    for (const Sequence at : points) {
      const ModelEntry* newest = nullptr;
      for (const auto& [number, entries] : tables_) {
        for (const ModelEntry& entry : entries) {
          if (entry.key != key || entry.sequence > at) continue;
          if (newest == nullptr || entry.sequence > newest->sequence) newest = &entry;
        }
      }
      if (newest != nullptr && newest->kind == Kind::kPut) reads[{key, at}] = newest->sequence;
    }
  }
  return reads;
}

}  // namespace skiplith::testing
