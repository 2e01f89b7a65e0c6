// The index of a table: where its data blocks lie, and which one a key belongs to.
//
//   payload  [blocks varint], then for each block
//            [bytes varint][continues varint][separator bytes varint][separator]
//
// On disk: frozen. Blocks lie one behind the other from the file's beginning; `bytes` counts the
// trailer too. The separator is a short key, greater than all keys of the block before and not
// greater than any of its own; the first block's is empty. Where a block begins with an older
// version of the last key of the block before, the separator is that key, and `continues` is the
// sequence of that version plus 1; else it is 0.
#pragma once

#include <string>
#include <vector>

#include "record/kind.h"
#include "table/heads.h"

namespace skiplith {

class FencesBuilder {
 public:
  // `last_before`: the last key of the block before (of the first block: none).
  void add(Bytes last_before, Bytes first_key, bool continues, Sequence first_sequence);
  void set_bytes(uint64_t stored_bytes);  // of the block added last
  uint64_t payload_bytes() const { return payload_.size() + 16; }
  // What lies in memory and on disk.
  std::string finish();

 private:
  uint64_t blocks_ = 0;
  std::string entry_;
  std::string payload_;
};

// In memory: the separators' heads behind the bytes that all of them share, close together; the
// separators themselves are touched only where heads are equal.
class Fences {
 public:
  // False when `payload` is not that of a table with `data_bytes` of data blocks.
  bool decode(Bytes payload, uint64_t data_bytes);

  uint32_t blocks() const { return static_cast<uint32_t>(offsets_.size() - 1); }
  uint64_t offset(uint32_t block) const { return offsets_[block]; }
  uint64_t bytes(uint32_t block) const { return offsets_[block + 1] - offsets_[block]; }
  uint64_t memory_bytes() const;

  // The block in which the first entry that is not before (key, at) lies, if it does not begin
  // the block behind.
  uint32_t find(Bytes key, Sequence at) const;
  // Whether `block` begins with an older version of `key`, which the block before ends with.
  bool continues(uint32_t block, Bytes key) const {
    return continued_sequence(block) != 0 && separator(block) == key;
  }

  Bytes separator(uint32_t block) const {
    return Bytes(separators_).substr(starts_[block], starts_[block + 1] - starts_[block]);
  }
  // The sequence of a block's first entry plus 1, if it continues a key; else 0.
  Sequence continued_sequence(uint32_t block) const {
    return continued_.empty() ? 0 : continued_[block];
  }

 private:
  uint32_t last_not_after(Bytes key) const;

  std::string common_;  // of all separators but the first
  std::string heads_;   // of all separators but the first
  std::vector<uint64_t> offsets_;
  std::vector<uint32_t> starts_;
  std::string separators_;
  std::vector<Sequence> continued_;  // empty when no block continues a key
};

}  // namespace skiplith
