// One pass over a range, in chunks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "db/cursor.h"
#include "db/range.h"
#include "db/read_set.h"

namespace skiplith {

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
  // With a `record`, whoever uses what the chunks hold notes there how far he got.
  Scan(std::unique_ptr<DbCursor> cursor, Range range, bool reverse,
       std::shared_ptr<ScanRecord> record = nullptr);
  const ReadPoint& point() const { return cursor_->point(); }
  const std::shared_ptr<ScanRecord>& record() const { return record_; }
  // Fills `chunk` with the next pairs (the parts not wanted stay empty, but for keys where there is
  // a record): at most `max_pairs`, and no further pair once past `max_bytes`. An empty chunk is
  // the end.
  Status next_chunk(ScanChunk* chunk, ScanParts parts, size_t max_pairs, size_t max_bytes);
  // Passes over up to `max_pairs` pairs, at least one, and notes that; fewer is the end.
  Status skip(size_t max_pairs, size_t* passed);

 private:
  Status advance();  // to the first or next pair; done_ at the end
  Status move();
  std::unique_ptr<DbCursor> cursor_;
  const Range range_;
  const bool reverse_;
  const std::shared_ptr<ScanRecord> record_;  // null outside of transactions
  bool begun_ = false;
  bool done_ = false;
  Status failure_;  // from the first on, the answer to everything
};

}  // namespace skiplith
