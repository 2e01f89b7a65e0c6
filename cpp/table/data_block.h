// The payload of a data block: entries in internal order, keys apart from values. Little-endian,
// on disk: frozen.
//
//   0   [entries u32][groups u32][common bytes u32][sequence bytes u32][keys bytes u32][zero u32]
//       [base sequence u64]
//   32  common: what all keys of the block begin with, then zeros up to a multiple of 8
//       heads: for each group, the head (table/heads.h) of its first key behind the common bytes
//       places: for each group [where in keys u32][where in values u32]
//       keys: for each entry
//         [shared varint][rest varint][value varint][word, `sequence bytes` long][rest of the key]
//       values, one behind the other, to the end of the payload
//
//   shared  bytes of the key, behind the common ones, that are those of the entry before; 0 for a
//           group's first
//   rest    bytes of the key behind those
//   value   0: a tombstone; else the value's length plus 1
//   word    (sequence - base sequence) << 1, and 1 if the entry before in the table has the same
//           key: then this one is an older version
//
// A lookup touches the lines of the heads, of one group, of one value: four misses at most, none
// of them for a key that it steps over.
#pragma once

#include <string>

#include "base/coding.h"
#include "table/heads.h"
#include "table/table_entry.h"

namespace skiplith {

inline constexpr size_t kBlockHeadBytes = 32;
// As written; readers take groups as they are. A lookup took 0.52 us with 4, 0.55 with 8 and 0.61
// with 16 (medians of five); with values of 100 bytes, 4 cost 2% more of the file than 8.
inline constexpr size_t kGroupEntries = 8;

// How one entry of the key region begins.
struct EntryHead {
  uint32_t shared;
  uint32_t rest;
  uint64_t value;  // 0: tombstone; else the length plus 1
  uint64_t word;
  const char* key_rest;

  uint64_t value_bytes() const { return value == 0 ? 0 : value - 1; }
  Kind kind() const { return value == 0 ? Kind::kDelete : Kind::kPut; }
  bool is_older_version() const { return (word & 1) != 0; }
  const char* end() const { return key_rest + rest; }
};

// Reads a payload that is_valid() has approved: nothing is checked again.
class DataBlock {
 public:
  // Whether every length and place in it keeps a reader within the payload. That keys ascend is
  // not checked: wrong order gives wrong answers, and only whoever can forge checksums writes it.
  static bool is_valid(Bytes payload);

  DataBlock() = default;
  explicit DataBlock(Bytes payload)
      : data_(payload.data()),
        groups_(load_u32(data_ + 4)),
        heads_(data_ + kBlockHeadBytes + round_up(load_u32(data_ + 8), 8)),
        keys_(heads_ + groups_ * (kHeadBytes + 8)),
        values_(keys_ + load_u32(data_ + 16)),
        word_mask_(word_mask(load_u32(data_ + 12))),
        word_bytes_(load_u32(data_ + 12)) {}

  uint32_t entries() const { return load_u32(data_); }
  uint32_t groups() const { return groups_; }
  Bytes common() const { return Bytes(data_ + kBlockHeadBytes, load_u32(data_ + 8)); }
  const char* keys_end() const { return values_; }
  // A group's first entry, and the first of its values.
  const char* group_keys(uint32_t group) const { return keys_ + load_u32(place(group)); }
  const char* group_values(uint32_t group) const { return values_ + load_u32(place(group) + 4); }
  const char* group_end(uint32_t group) const {
    return group + 1 < groups_ ? group_keys(group + 1) : values_;
  }

  EntryHead entry_at(const char* at) const {
    EntryHead entry;
    const uint32_t lengths = load_u32(at);
    if ((lengths & 0x808080) == 0) [[likely]] {
      entry.shared = lengths & 0x7f;
      entry.rest = lengths >> 8 & 0x7f;
      entry.value = lengths >> 16 & 0x7f;
      at += 3;
    } else {
      entry.shared = static_cast<uint32_t>(read_varint(&at));
      entry.rest = static_cast<uint32_t>(read_varint(&at));
      entry.value = read_varint(&at);
    }
    entry.word = load_u64(at) & word_mask_;
    entry.key_rest = at + word_bytes_;
    return entry;
  }
  Sequence sequence_of(const EntryHead& entry) const {
    return load_u64(data_ + 24) + (entry.word >> 1);
  }

  enum class Found : uint8_t { kEntry, kAbsent, kBehind };
  // The newest version of `key` with a sequence of at most `at`. kBehind: every entry of the
  // block is before it, and the next block may begin with it.
  Found find(Bytes key, Sequence at, Kind* kind, Bytes* value) const;

  // The two halves of find(), for who has other things to do in between: which group the key
  // belongs to, whose keys it asks for (kEntry; or none, and that is the answer), and the entry in
  // the group.
  struct Spot {
    Bytes key_rest;  // what follows the common bytes
    uint32_t group = 0;
  };
  Found locate(Bytes key, Sequence at, Spot* spot) const;
  Found find_at(const Spot& spot, Sequence at, Kind* kind, Bytes* value) const;

  // The group to search for the first entry that is not before (key, at): where in it no such
  // entry is, the next group begins with it. groups() when all entries are before.
  uint32_t group_to_search(Bytes key, Sequence at) const;

  // The start of the lines that a lookup reads first.
  static void prefetch(const char* payload) {
    for (int line = 0; line < 5; ++line) __builtin_prefetch(payload + line * 64);
  }

 private:
  static constexpr uint64_t word_mask(uint32_t bytes) {
    return bytes == 0 ? 0 : ~uint64_t{0} >> (64 - 8 * bytes);
  }
  static uint64_t read_varint(const char** at) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(*(*at)++);
      value |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
  }
  const char* place(uint32_t group) const {
    return heads_ + groups_ * kHeadBytes + group * size_t{8};
  }
  // How many groups begin before (key, at); of the key, what follows the common bytes.
  uint32_t groups_before(Bytes key_rest, Sequence at) const;
  bool group_begins_before(uint32_t group, Bytes key_rest, Sequence at) const;

  const char* data_ = nullptr;
  uint32_t groups_ = 0;
  const char* heads_ = nullptr;
  const char* keys_ = nullptr;
  const char* values_ = nullptr;
  uint64_t word_mask_ = 0;
  uint32_t word_bytes_ = 0;
};

}  // namespace skiplith
