#include "lsm/levels.h"

#include <algorithm>

#include "base/check.h"
#include "lsm/level_cursor.h"
#include "table/probe.h"

namespace skiplith {

Levels::Levels(Tables tables) : count_(tables.size()) {
  for (LevelTable& table : tables) levels_[table.meta.level].push_back(std::move(table));
  std::ranges::sort(levels_[0], [](const LevelTable& a, const LevelTable& b) {
    return a.meta.largest_sequence > b.meta.largest_sequence;
  });
  for (uint32_t level = 1; level < kLevels; ++level) {
    std::ranges::sort(levels_[level], [](const LevelTable& a, const LevelTable& b) {
      return a.meta.smallest_key < b.meta.smallest_key;
    });
  }
}

uint64_t Levels::bytes(uint32_t level) const {
  uint64_t bytes = 0;
  for (const LevelTable& table : levels_[level]) bytes += table.meta.bytes;
  return bytes;
}

Levels::Tables Levels::all() const {
  Tables all;
  all.reserve(count_);
  for (const Tables& tables : levels_) all.insert(all.end(), tables.begin(), tables.end());
  return all;
}

uint64_t Levels::obsolete_entries() const {
  uint64_t entries = 0;
  for (const Tables& level : levels_) {
    for (const LevelTable& table : level)
      entries += table.meta.tombstones + table.meta.old_versions;
  }
  return entries;
}

LevelMetas Levels::metas() const {
  LevelMetas metas;
  for (uint32_t level = 0; level < kLevels; ++level) {
    for (const LevelTable& table : levels_[level]) metas[level].push_back(table.meta);
  }
  return metas;
}

Lookup Levels::get(const SearchedKey& key, Sequence at, Table::Io io, PinnedBytes* value,
                   Status* failure) const {
  for (const LevelTable& table : levels_[0]) {
    if (!may_be_visible(table.meta, at) || !table.meta.spans(key.bytes)) continue;
    const Lookup found = table.table().get(key, at, io, value, failure);
    if (found != Lookup::kAbsent) return found;
  }
  for (uint32_t level = 1; level < kLevels; ++level) {
    const size_t place = table_for(levels_[level], key.bytes);
    if (place == levels_[level].size()) continue;
    const LevelTable& table = levels_[level][place];
    if (key.bytes < Bytes(table.meta.smallest_key) || !may_be_visible(table.meta, at)) continue;
    const Lookup found = table.table().get(key, at, io, value, failure);
    if (found != Lookup::kAbsent) return found;
  }
  return Lookup::kAbsent;
}

void Levels::look_up(std::span<WantedKey> wanted, Sequence at) const {
  SKIPLITH_CHECK(wanted.size() <= kWantedTogether);
  for (WantedKey& key : wanted) {
    if (key.is_open()) key.hash = filter_hash(key.bytes);
  }
  std::array<Probe, kWantedTogether> probes;
  // `table_of(key)`: the one to ask, null where there is none.
  const auto ask = [&](auto table_of) {
    size_t count = 0;
    for (WantedKey& key : wanted) {
      if (!key.is_open()) continue;
      const LevelTable* table = table_of(key.bytes);
      if (table != nullptr) probes[count++] = Probe(table->table(), key);
    }
    Probe::run({probes.data(), count}, at);
  };
  for (const LevelTable& table : levels_[0]) {
    if (!may_be_visible(table.meta, at)) continue;
    ask([&](Bytes key) { return table.meta.spans(key) ? &table : nullptr; });
  }
  for (uint32_t level = 1; level < kLevels; ++level) {
    const Tables& tables = levels_[level];
    if (tables.empty()) continue;
    const LevelTable* last = nullptr;  // neighbours mostly lie in the same table
    ask([&](Bytes key) -> const LevelTable* {
      if (last != nullptr && last->meta.spans(key)) return last;
      const size_t place = table_for(tables, key);
      if (place == tables.size() || !tables[place].meta.spans(key)) return nullptr;
      if (!may_be_visible(tables[place].meta, at)) return nullptr;
      return last = &tables[place];
    });
  }
}

void Levels::add_cursors(Sequence at, std::vector<std::unique_ptr<Cursor>>* newest_first) const {
  for (const LevelTable& table : levels_[0]) {
    if (may_be_visible(table.meta, at)) newest_first->push_back(table.table().cursor(at));
  }
  for (uint32_t level = 1; level < kLevels; ++level) {
    if (levels_[level].empty()) continue;
    newest_first->push_back(std::make_unique<LevelCursor>(levels_[level], at));
  }
}

}  // namespace skiplith
