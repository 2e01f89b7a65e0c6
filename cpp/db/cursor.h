// Ordered iteration over one point in time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
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

  std::shared_ptr<Database> database_;
  ReadPoint point_;
  MergingCursor merged_;
  bool valid_ = false;
  Status failure_;
};

// Which pairs a scan delivers: start <= key < stop unless said otherwise.
struct Range {
  std::optional<std::string> start, stop;
  bool include_start = true;
  bool include_stop = false;
  // Keys that begin with `prefix`, within the bounds there are.
  void intersect_prefix(Bytes prefix);
  bool before_start(Bytes key) const;
  bool after_stop(Bytes key) const;
};

// Pairs copied out of a scan, to be made into objects later.
class ScanChunk {
 public:
  void clear();
  void add(Bytes key, Bytes value);
  size_t size() const { return ends_.size() / 2; }
  size_t bytes() const { return data_.size(); }
  Bytes key(size_t i) const { return piece(2 * i); }
  Bytes value(size_t i) const { return piece(2 * i + 1); }

 private:
  Bytes piece(size_t n) const;
  std::string data_;
  std::vector<size_t> ends_;
};

enum class ScanParts : uint8_t { kKeys = 1, kValues = 2, kBoth = 3 };

// One pass over a range of one point in time, forwards or backwards, in chunks.
class Scan {
 public:
  Scan(std::unique_ptr<DbCursor> cursor, Range range, bool reverse);
  const ReadPoint& point() const { return cursor_->point(); }
  // Fills `chunk` with the next pairs (the parts not wanted stay empty): at most `max_pairs`,
  // and no further pair once past `max_bytes`. An empty chunk is the end.
  Status next_chunk(ScanChunk* chunk, ScanParts parts, size_t max_pairs, size_t max_bytes);
  // Passes over up to `max_pairs` pairs; fewer is the end.
  Status skip(size_t max_pairs, size_t* passed);

 private:
  Status advance();  // to the first or next pair; done_ at the end
  Status move();
  std::unique_ptr<DbCursor> cursor_;
  const Range range_;
  const bool reverse_;
  bool begun_ = false;
  bool done_ = false;
  Status failure_;  // from the first on, the answer to everything
};

}  // namespace skiplith
