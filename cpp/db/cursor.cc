#include "db/cursor.h"

#include "db/database.h"
#include "db/view.h"

namespace skiplith {

bool ReadPoint::may_read_files() const { return !view->levels()->empty(); }

std::vector<std::unique_ptr<Cursor>> sources_of(const ReadPoint& point) {
  std::vector<std::unique_ptr<Cursor>> newest_first;
  newest_first.push_back(point.view->active()->table.cursor(point.sequence));
  for (const auto& memtable : point.view->frozen()) {
    newest_first.push_back(memtable->table.cursor(point.sequence));
  }
  point.view->levels()->add_cursors(point.sequence, &newest_first);
  return newest_first;
}

DbCursor::DbCursor(std::shared_ptr<Database> database, ReadPoint point)
    : database_(std::move(database)), point_(std::move(point)), merged_(sources_of(point_)) {}

DbCursor::~DbCursor() = default;

template <typename Move>
Status DbCursor::move(bool forward, Move move) {
  valid_ = false;
  failure_ = [&]() -> Status {
    const CountedCall call(database_->calls_);
    SKIPLITH_RETURN_IF_ERROR(database_->admit(call));
    move();
    while (merged_.valid() && merged_.kind() == Kind::kDelete) {
      forward ? merged_.next() : merged_.prev();
    }
    SKIPLITH_RETURN_IF_ERROR(merged_.status());
    valid_ = merged_.valid();
    return Status::ok();
  }();
  return failure_;
}

Status DbCursor::seek(Bytes key) {
  return move(true, [&] { merged_.seek(key); });
}
Status DbCursor::seek_for_prev(Bytes key) {
  return move(false, [&] { merged_.seek_for_prev(key); });
}
Status DbCursor::first() {
  return move(true, [&] { merged_.first(); });
}
Status DbCursor::last() {
  return move(false, [&] { merged_.last(); });
}
Status DbCursor::next() {
  SKIPLITH_CHECK(valid_);
  return move(true, [&] { merged_.next(); });
}
Status DbCursor::prev() {
  SKIPLITH_CHECK(valid_);
  return move(false, [&] { merged_.prev(); });
}

}  // namespace skiplith
