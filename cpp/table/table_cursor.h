// Ordered iteration over a table at one point in time.
#pragma once

#include <optional>

#include "table/data_block_cursor.h"
#include "table/table.h"

namespace skiplith {

// Holds the block that it stands in. Blocks that it had to read become resident, those that it
// read ahead only when it comes to them. A search, and a few blocks from there, is a lookup to the
// cache; what goes on, or through all of the table, is a scan.
class TableCursor final : public Cursor {
 public:
  TableCursor(Table& table, Sequence at) : table_(table), at_(at) {}

  void seek(Bytes key) override;
  void seek_for_prev(Bytes key) override;
  void first() override;
  void last() override;
  void next() override;
  void prev() override;

  bool valid() const override { return entries_.valid(); }
  Bytes key() const override { return entries_.key(); }
  Bytes value() const override { return entries_.value(); }
  Kind kind() const override { return entries_.kind(); }
  uint64_t prefix() const override { return head_of(entries_.key()); }
  const Status& status() const override { return status_; }

 private:
  // Makes the frame known and forgets an earlier error. False: status_ says why. A cursor that goes
  // through the whole table is a scan from its first block on.
  bool begin(bool at_an_end);
  // Stands nowhere in `block`, which is held from here on.
  bool enter(uint32_t block);
  Result<BlockRef> read(uint32_t block);
  BlockCache::Reader reader() const;
  // To the first entry that is not before (key, at_).
  void seek_entry(Bytes key);
  // To the entry behind or before, whatever its block.
  void step_forward();
  void step_backward();
  // From an entry that may be too new, on to the nearest that is to be seen.
  void settle_forward();
  // From the oldest version of a key.
  void settle_backward();

  Table& table_;
  const Sequence at_;
  const Frame* frame_ = nullptr;
  std::optional<ReadAhead> read_ahead_;
  uint64_t window_bytes_ = 0;
  uint32_t blocks_entered_ = 0;  // since the last search
  BlockRef block_;
  uint32_t index_ = 0;  // of block_
  DataBlockCursor entries_;
  Status status_;
};

}  // namespace skiplith
