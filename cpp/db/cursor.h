// Ordered iteration over one point in time.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "db/read_set.h"
#include "lsm/merging_cursor.h"
#include "record/kind.h"

namespace skiplith {

class Database;
class View;

// A moment of the store: every write sequenced up to `sequence` is seen, none after. Holds the
// view, hence all that it reads; no lock.
struct ReadPoint {
  std::shared_ptr<const View> view;
  Sequence sequence = 0;
  // Whether reading through it may have to read a file.
  bool may_read_files() const;
};

// What a cursor over that moment merges, newest first. The cursors borrow from the view.
std::vector<std::unique_ptr<Cursor>> sources_of(const ReadPoint& point);

// Stands on live pairs only: versions and tombstones are resolved below. One thread at a time.
// Outlives its database as an object; every positioning call then answers kClosed. key() and
// value() stay valid until the next positioning call, whatever happens to the database.
class DbCursor {
 public:
  DbCursor(std::shared_ptr<Database> database, ReadPoint point);
  // For a transaction: its own writes, which lie over all else, and where to note what is shown.
  DbCursor(std::shared_ptr<Database> database, ReadPoint point, std::unique_ptr<Cursor> own_writes,
           std::shared_ptr<CursorRecord> record);
  ~DbCursor();

  // Each returns an error or ok; valid() tells whether there is such a pair.
  Status seek(Bytes key);           // the first pair with key >= `key`
  Status seek_for_prev(Bytes key);  // the last pair with key <= `key`
  Status first();
  Status last();
  Status next();  // needs valid()
  Status prev();  // needs valid()

  bool valid() const { return valid_; }
  // Why the last positioning call failed, or ok.
  const Status& failure() const { return failure_; }
  Bytes key() const { return merged_.key(); }
  Bytes value() const { return merged_.value(); }
  const ReadPoint& point() const { return point_; }

 private:
  // Moves, then goes on in the same direction to a live pair.
  template <typename Move>
  Status move(bool forward, Move move);
  template <typename Note>
  Status noted(Status moved, Note note);

  std::shared_ptr<Database> database_;
  ReadPoint point_;
  MergingCursor merged_;
  const std::shared_ptr<CursorRecord> record_;  // null outside of transactions
  bool valid_ = false;
  Status failure_;
};

}  // namespace skiplith
