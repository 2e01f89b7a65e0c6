// Which tables make up which level: one immutable value, part of a view.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "lsm/level_targets.h"
#include "lsm/stored_table.h"
#include "table/wanted_key.h"

namespace skiplith {

// A table as a level has it: what is known without opening it, and where to read it.
struct LevelTable {
  TableMeta meta;
  std::shared_ptr<StoredTable> stored;

  Table& table() const { return stored->table(); }
};

// Level 0 holds tables whose keys overlap, newest first: all versions of a key in one are newer
// than those in the next. In every deeper level the tables are disjoint and in order of keys, and
// what a level has of a key is newer than what the levels below it have.
class Levels {
 public:
  using Tables = std::vector<LevelTable>;

  Levels() = default;
  // In any order; each goes to the level that its meta says.
  explicit Levels(Tables tables);

  const Tables& level(uint32_t level) const { return levels_[level]; }
  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }
  uint64_t bytes(uint32_t level) const;
  Tables all() const;
  LevelMetas metas() const;
  // Tombstones, and versions that are not the newest of their key in their table.
  uint64_t obsolete_entries() const;

  // The newest version with a sequence of at most `at`; io, value and failure as Table::get.
  Lookup get(const SearchedKey& key, Sequence at, Table::Io io, PinnedBytes* value,
             Status* failure) const;
  // The same for a few keys that are still open, best in ascending order, in what is resident.
  void look_up(std::span<WantedKey> wanted, Sequence at) const;

  // Cursors that see what is visible at `at`, newest source first: one per table of level 0, one
  // per deeper level. They borrow from this.
  void add_cursors(Sequence at, std::vector<std::unique_ptr<Cursor>>* newest_first) const;

 private:
  std::array<Tables, kLevels> levels_;
  size_t count_ = 0;
};

}  // namespace skiplith
