#include "lsm/levels.h"

#include <algorithm>

#include "lsm/level_cursor.h"

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
    if (!may_be_visible(table.meta, at)) continue;
    if (key.bytes < Bytes(table.meta.smallest_key) || key.bytes > Bytes(table.meta.largest_key)) {
      continue;
    }
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
