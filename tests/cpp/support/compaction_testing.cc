#include "support/compaction_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace skiplith::testing {
namespace {

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
    case CompactionReason::kTiers: return "tiers";
    case CompactionReason::kObsolete: return "obsolete";
    case CompactionReason::kSmall: return "small";
    case CompactionReason::kRange: return "range";
  }
  return "?";
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
  uint32_t level = plan->inputs.front().level;
  for (const TableMeta& table : plan->inputs) {
    if (table.level != level) out << " +";
    level = table.level;
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
  ModelEntries entries;
  const size_t first = random_() % 40;
  const size_t width = 1 + random_() % 40;
  const uint64_t tombstones_of_8 = random_() % 8;
  for (size_t count = 1 + random_() % 12; count > 0; --count) {
    entries.push_back({.key = std::string(1, static_cast<char>('0' + first + random_() % width)),
                       .sequence = ++sequence_,
                       .kind = random_() % 8 < tombstones_of_8 ? Kind::kDelete : Kind::kPut});
    if (random_() % 16 == 0) take_snapshot();
  }
  store_.flush(std::move(entries));
}

void ModelStore::release_snapshot() {
  if (!snapshots_.empty()) snapshots_.erase(snapshots_.begin() + random_() % snapshots_.size());
}

void ModelStore::apply(const CompactionPlan& plan) {
  const auto reads = all_reads();
  store_.apply(plan, snapshots_);
  store_.check();
  EXPECT_EQ(all_reads(), reads);
}

uint64_t ModelStore::work_left() const {
  constexpr uint64_t kMostTables = 1000;  // fewer than that: a table less counts less than an entry
  uint64_t work = 0;
  for (uint32_t level = 0; level < kLevels; ++level) {
    for (const TableMeta& table : levels()[level]) {
      work += table.entries * (kLevels - level) * kMostTables + 1;
    }
  }
  return work;
}

std::map<std::pair<std::string, Sequence>, Sequence> ModelStore::all_reads() const {
  std::set<std::string> keys;
  for (const auto& [number, entries] : store_.tables()) {
    for (const ModelEntry& entry : entries) keys.insert(entry.key);
  }
  std::vector<Sequence> points = snapshots_;
  points.push_back(kMaxSequence);
  std::map<std::pair<std::string, Sequence>, Sequence> reads;
  for (const std::string& key : keys) {
    for (const Sequence at : points) {
      const ModelEntry* newest = nullptr;
      for (const auto& [number, entries] : store_.tables()) {
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
