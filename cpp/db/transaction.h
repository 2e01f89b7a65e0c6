// A transaction: reads of one moment, and writes that are applied as one if that moment still
// stands. Optimistic (Kung and Robinson, 1981, validating backwards): nothing is locked before
// commit, and commit answers kConflict when something that was read has changed.
#pragma once

#include <memory>

#include "db/database.h"
#include "db/own_writes.h"
#include "db/read_set.h"
#include "db/scan.h"

namespace skiplith {

// It begins at its first read. Reads see its own writes over that moment. What has been looked up,
// absent keys too, and what cursors and scans have shown is what has to hold still; writes that
// read nothing conflict with nothing, and a transaction that only reads always commits. Keeps its
// database's memtables from that moment on, up to Freezer::kMostSuccessors of them.
//
// One thread at a time, its cursors and scans included. Over after commit() or rollback(), whatever
// they answer: then everything answers kClosed. (Cursors and scans go on reading that moment, which
// nobody vouches for any more.)
class Transaction {
 public:
  explicit Transaction(std::shared_ptr<Database> database) : database_(std::move(database)) {}
  ~Transaction() { rollback(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Takes the moment of its reads, which the first read does otherwise.
  Status try_begin();  // the try_ forms never wait: kWouldBlock
  Status begin();

  Status try_get(Bytes key, Value* value);
  Status get(Bytes key, Value* value);
  // As Database::get_many at the moment of its reads. `own` keeps those values that it has written.
  Status try_get_many(std::span<WantedKey> wanted, std::shared_ptr<const OwnWrites::Map>* own);
  Status get_many(std::span<WantedKey> wanted, std::shared_ptr<const OwnWrites::Map>* own);
  Status put(Bytes key, Bytes value);
  Status erase(Bytes key);  // no error when missing, and no read
  Status try_modify(Bytes key, Modification& modification);
  Status modify(Bytes key, Modification& modification);

  // Both see the writes so far. The scan's user notes in its record what he used of it.
  Result<std::unique_ptr<DbCursor>> cursor();
  Result<std::unique_ptr<Scan>> scan(Range range, bool reverse);

  // All or nothing. kConflict: nothing was written. Having read a range that has more than
  // Validation::kMaxEntries keys in memory is a conflict too, but for the second form.
  Status commit(bool sync);
  Status commit_without_limit(bool sync);
  // Only if it need not wait: where little was written, and nothing else read. kWouldBlock: it is
  // not over.
  Status try_commit(bool sync);
  void rollback();
  bool over() const { return over_; }

  // The moment of its reads: without a view before the first, and 0.
  const ReadPoint& point() const { return point_; }
  Sequence read_sequence() const { return point_.sequence; }
  // Of its last write; 0 when it was not committed, or has written nothing.
  Sequence commit_sequence() const { return commit_sequence_; }

 private:
  class Ending;
  Status begin(bool may_wait);
  Status get(bool may_wait, Bytes key, Value* value);
  Status get_many(bool may_wait, std::span<WantedKey> wanted,
                  std::shared_ptr<const OwnWrites::Map>* own);
  Status modify(bool may_wait, Bytes key, Modification& modification);
  Status check_writable() const;
  // Nothing was read and one key written: a put or a delete like any other. Else null.
  const OwnWrites::Map::value_type* only_blind_write() const;
  Status commit(bool sync, uint64_t max_entries);

  const std::shared_ptr<Database> database_;
  ReadPoint point_;  // without a view before the first read
  OwnWrites writes_;
  ReadSet reads_;
  bool counted_ = false;  // among the database's open transactions
  bool over_ = false;
  Sequence commit_sequence_ = 0;
};

}  // namespace skiplith
