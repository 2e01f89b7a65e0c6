// Walks over the entries of one data block, all versions, in both directions.
#pragma once

#include <string>

#include "table/data_block.h"

namespace skiplith {

// The block's payload must outlive the cursor, or its next open().
class DataBlockCursor {
 public:
  // Stands nowhere.
  void open(Bytes payload);
  void close() { at_ = nullptr; }

  // Each leaves it standing on an entry, or nowhere when there is none.
  void first();
  void last();
  void seek(Bytes key, Sequence at);  // the first entry that is not before (key, at)
  void next();
  void prev();

  bool valid() const { return at_ != nullptr; }
  Bytes key() const { return key_; }
  Bytes value() const { return Bytes(value_, entry_.value_bytes()); }
  Kind kind() const { return entry_.kind(); }
  Sequence sequence() const { return block_.sequence_of(entry_); }
  bool is_older_version() const { return entry_.is_older_version(); }

 private:
  void begin_group(uint32_t group);
  // Reads the entry at at_, which follows the one that key_ is of, or begins the group.
  void read_entry();
  void step();  // to the next entry of this group
  // Goes forward within the group to the entry that ends at `end`.
  void step_until(const char* end);

  DataBlock block_;
  size_t common_bytes_ = 0;
  uint32_t group_ = 0;
  const char* group_begin_ = nullptr;
  const char* group_end_ = nullptr;
  const char* at_ = nullptr;  // the entry
  EntryHead entry_{};
  const char* value_ = nullptr;
  std::string key_;
};

}  // namespace skiplith
