// Collects the entries of one data block and lays them out.
#pragma once

#include <string>
#include <vector>

#include "table/data_block.h"

namespace skiplith {

class DataBlockBuilder {
 public:
  // In internal order. `older_version`: the entry before in the table has the same key.
  void add(const TableEntry& entry, bool older_version);

  bool empty() const { return entries_.empty(); }
  // What the payload will take, about.
  uint64_t payload_bytes() const { return keys_.size() + values_.size() + entries_.size() * 8; }
  Bytes first_key() const { return key_of(entries_.front()); }
  Bytes last_key() const { return key_of(entries_.back()); }
  Sequence first_sequence() const { return entries_.front().sequence; }
  bool begins_with_older_version() const { return entries_.front().older_version; }

  // Everything before the values; good until reset().
  Bytes lay_out();
  Bytes values() const { return values_; }
  // Forgets the entries and keeps the memory.
  void reset();

 private:
  struct Entry {
    size_t key_offset;
    uint32_t key_bytes;
    bool older_version;
    Kind kind;
    uint64_t value_bytes;
    Sequence sequence;
  };
  Bytes key_of(const Entry& entry) const {
    return Bytes(keys_).substr(entry.key_offset, entry.key_bytes);
  }
  void append_entry(const Entry& entry, Bytes key, size_t shared, Sequence base, size_t word_bytes);

  std::vector<Entry> entries_;
  std::string keys_;
  std::string values_;
  std::string layout_, heads_, places_, coded_keys_;
};

}  // namespace skiplith
