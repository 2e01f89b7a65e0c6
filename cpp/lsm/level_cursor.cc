#include "lsm/level_cursor.h"

#include <algorithm>

namespace skiplith {

size_t table_for(const Levels::Tables& tables, Bytes key) {
  const auto found = std::partition_point(
      tables.begin(), tables.end(),
      [key](const LevelTable& table) { return Bytes(table.meta.largest_key) < key; });
  return static_cast<size_t>(found - tables.begin());
}

std::unique_ptr<Cursor> LevelCursor::cursor_of(const LevelTable& table) const {
  static const Levels::Tables kNone;
  if (may_be_visible(table.meta, at_)) return table.table().cursor(at_);
  return std::make_unique<LevelCursor>(kNone, at_);
}

bool LevelCursor::enter(size_t place) {
  if (place >= tables_.size()) {
    cursor_.reset();
    return false;
  }
  if (cursor_ == nullptr || place_ != place) cursor_ = cursor_of(tables_[place]);
  place_ = place;
  return true;
}

void LevelCursor::go_on_forward() {
  while (ended() && enter(place_ + 1)) cursor_->first();
}

void LevelCursor::go_on_backward() {
  while (ended() && enter(place_ - 1)) cursor_->last();  // below 0: past the last
}

void LevelCursor::seek(Bytes key) {
  if (!enter(table_for(tables_, key))) return;
  cursor_->seek(key);
  go_on_forward();
}

void LevelCursor::seek_for_prev(Bytes key) {
  if (tables_.empty()) return;
  const size_t place = std::min(table_for(tables_, key), tables_.size() - 1);
  enter(place);
  cursor_->seek_for_prev(key);
  go_on_backward();
}

void LevelCursor::first() {
  if (!enter(0)) return;
  cursor_->first();
  go_on_forward();
}

void LevelCursor::last() {
  if (!enter(tables_.size() - 1)) return;
  cursor_->last();
  go_on_backward();
}

void LevelCursor::next() {
  cursor_->next();
  go_on_forward();
}

void LevelCursor::prev() {
  cursor_->prev();
  go_on_backward();
}

}  // namespace skiplith
