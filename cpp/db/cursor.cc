#include "db/cursor.h"

#include <string>
#include <utility>

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

namespace {

std::vector<std::unique_ptr<Cursor>> sources_under(std::unique_ptr<Cursor> own_writes,
                                                   const ReadPoint& point) {
  std::vector<std::unique_ptr<Cursor>> sources = sources_of(point);
  if (own_writes != nullptr) sources.insert(sources.begin(), std::move(own_writes));
  return sources;
}

}  // namespace

DbCursor::DbCursor(std::shared_ptr<Database> database, ReadPoint point)
    : DbCursor(std::move(database), std::move(point), nullptr, nullptr) {}

DbCursor::DbCursor(std::shared_ptr<Database> database, ReadPoint point,
                   std::unique_ptr<Cursor> own_writes, std::shared_ptr<CursorRecord> record)
    : database_(std::move(database)),
      point_(std::move(point)),
      merged_(sources_under(std::move(own_writes), point_)),
      record_(std::move(record)) {}

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

// Where noting fails for want of memory the cursor stands nowhere: what it showed would be read and
// not be known.
template <typename Note>
Status DbCursor::noted(Status moved, Note note) {
  if (record_ != nullptr && moved.is_ok()) {
    const bool landed = std::exchange(valid_, false);
    note(landed ? std::optional<Bytes>(key()) : std::nullopt);
    valid_ = landed;
  }
  return moved;
}

using Landed = std::optional<Bytes>;

// The key may be the cursor's own, which moves.
Status DbCursor::seek(Bytes key) {
  const std::string asked(record_ == nullptr ? Bytes() : key);
  return noted(move(true, [&] { merged_.seek(key); }),
               [&](Landed landed) { record_->seek(asked, landed); });
}
Status DbCursor::seek_for_prev(Bytes key) {
  const std::string asked(record_ == nullptr ? Bytes() : key);
  return noted(move(false, [&] { merged_.seek_for_prev(key); }),
               [&](Landed landed) { record_->seek_for_prev(asked, landed); });
}
Status DbCursor::first() {
  return noted(move(true, [&] { merged_.first(); }),
               [&](Landed landed) { record_->first(landed); });
}
Status DbCursor::last() {
  return noted(move(false, [&] { merged_.last(); }), [&](Landed landed) { record_->last(landed); });
}
Status DbCursor::next() {
  SKIPLITH_CHECK(valid_);
  return noted(move(true, [&] { merged_.next(); }), [&](Landed landed) { record_->next(landed); });
}
Status DbCursor::prev() {
  SKIPLITH_CHECK(valid_);
  return noted(move(false, [&] { merged_.prev(); }), [&](Landed landed) { record_->prev(landed); });
}

}  // namespace skiplith
