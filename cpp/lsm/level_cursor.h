// One cursor over the tables of a level whose keys do not overlap.
#pragma once

#include <memory>

#include "lsm/levels.h"
#include "record/cursor.h"

namespace skiplith {

// The first table whose largest key is not below `key`; the level's size when there is none.
size_t table_for(const Levels::Tables& tables, Bytes key);

// Opens a table when it comes to it, so that a short scan touches one of a level. An error of a
// table ends the iteration and stays in status() until the next search.
class LevelCursor final : public Cursor {
 public:
  // `tables`: of a level below level 0; outlives the cursor.
  LevelCursor(const Levels::Tables& tables, Sequence at) : tables_(tables), at_(at) {}

  void seek(Bytes key) override;
  void seek_for_prev(Bytes key) override;
  void first() override;
  void last() override;
  void next() override;
  void prev() override;

  bool valid() const override { return cursor_ != nullptr && cursor_->valid(); }
  Bytes key() const override { return cursor_->key(); }
  Bytes value() const override { return cursor_->value(); }
  Kind kind() const override { return cursor_->kind(); }
  uint64_t prefix() const override { return cursor_->prefix(); }
  const Status& status() const override { return cursor_ == nullptr ? ok_ : cursor_->status(); }

 private:
  // The cursor of that table, one that stands nowhere where nothing of the table is visible; false
  // when there is no such table.
  bool enter(size_t place);
  std::unique_ptr<Cursor> cursor_of(const LevelTable& table) const;
  bool ended() const { return !cursor_->valid() && cursor_->status().is_ok(); }
  // From a table that has nothing more, on to the nearest that has.
  void go_on_forward();
  void go_on_backward();

  const Levels::Tables& tables_;
  const Sequence at_;
  size_t place_ = 0;  // of cursor_
  std::unique_ptr<Cursor> cursor_;
  const Status ok_;
};

}  // namespace skiplith
