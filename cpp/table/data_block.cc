#include "table/data_block.h"

#include "record/limits.h"

namespace skiplith {
namespace {

// The value at its place in the block's values, once the lengths before it are known.
Bytes value_at(const char* values, uint64_t before, const EntryHead& entry) {
  return Bytes(values + before, entry.value_bytes());
}

// In bytes: what a lookup asks for of a group before it reads the first of it. With values of 100
// bytes, settled gets took 0.75 to 0.9 of the time that they took without the values' lines.
constexpr size_t kGroupKeysAhead = 256;
constexpr size_t kMostValuesAhead = 1024;

void ask_for(const char* memory, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(memory + at);
}

// Walks through the entries of a payload that may hold anything.
class Checker {
 public:
  explicit Checker(Bytes payload) : decoder_(payload) {}

  bool check() {
    const uint32_t entries = decoder_.u32(), groups = decoder_.u32(), common = decoder_.u32();
    const uint32_t word_bytes = decoder_.u32(), keys_bytes = decoder_.u32();
    const bool padded = decoder_.u32() == 0;
    const Sequence base = decoder_.u64();
    if (!decoder_.ok() || !padded || groups == 0 || entries < groups) return false;
    if (common > kMaxKeyBytes || word_bytes > 8 || base > kMaxSequence) return false;
    decoder_.bytes(round_up(common, 8));
    decoder_.bytes(uint64_t{groups} * kHeadBytes);
    Decoder places(decoder_.bytes(uint64_t{groups} * 8));
    const Bytes keys = decoder_.bytes(keys_bytes);
    if (!decoder_.ok()) return false;
    Decoder at(keys);
    uint64_t entry = 0, key_rest = 0, values = 0;
    for (uint32_t group = 0; group < groups; ++group) {
      // Each group begins where the one before ends, with an entry.
      if (places.u32() != keys.size() - at.rest().size() || places.u32() != values) return false;
      const uint64_t end = group + 1 < groups ? load_u32(places.rest().data()) : keys.size();
      bool first = true;
      while (first || keys.size() - at.rest().size() < end) {
        const uint64_t shared = at.varint(), rest = at.varint(), value = at.varint();
        const Bytes word = at.bytes(word_bytes);
        at.bytes(rest);
        if (!at.ok() || shared > (first ? 0 : key_rest) || rest > kMaxKeyBytes) return false;
        key_rest = shared + rest;
        if (common + key_rest > kMaxKeyBytes || value > kMaxValueBytes + 1) return false;
        if (!sequence_is_possible(base, word)) return false;
        values += value == 0 ? 0 : value - 1;
        first = false;
        ++entry;
      }
    }
    return at.empty() && entry == entries && values == decoder_.rest().size();
  }

 private:
  static bool sequence_is_possible(Sequence base, Bytes word) {
    uint64_t number = 0;
    std::memcpy(&number, word.data(), word.size());
    return (number >> 1) <= kMaxSequence - base;
  }
  Decoder decoder_;
};

}  // namespace

bool DataBlock::is_valid(Bytes payload) { return Checker(payload).check(); }

bool DataBlock::group_begins_before(uint32_t group, Bytes key_rest, Sequence at) const {
  const EntryHead entry = entry_at(group_keys(group));
  const int order = Bytes(entry.key_rest, entry.rest).compare(key_rest);
  return order < 0 || (order == 0 && sequence_of(entry) > at);
}

uint32_t DataBlock::groups_before(Bytes key_rest, Sequence at) const {
  return static_cast<uint32_t>(count_before(heads_, groups_, head_of(key_rest), [&](size_t group) {
    return group_begins_before(static_cast<uint32_t>(group), key_rest, at);
  }));
}

uint32_t DataBlock::group_to_search(Bytes key, Sequence at) const {
  const Bytes common = this->common();
  const Side side = side_of(key, common);
  if (side == Side::kBefore) return 0;
  if (side == Side::kBehind) return groups_;
  const uint32_t before = groups_before(key.substr(common.size()), at);
  return before == 0 ? 0 : before - 1;
}

DataBlock::Found DataBlock::locate(Bytes key, Sequence at, Spot* spot) const {
  const Bytes common = this->common();
  const Side side = side_of(key, common);
  if (side != Side::kAmong) return side == Side::kBefore ? Found::kAbsent : Found::kBehind;
  key.remove_prefix(common.size());
  const uint32_t before_key = groups_before(key, at);
  *spot = {.key_rest = key, .group = before_key == 0 ? 0 : before_key - 1};
  ask_for(group_keys(spot->group), kGroupKeysAhead);
  return Found::kEntry;
}

DataBlock::Found DataBlock::find(Bytes key, Sequence at, Kind* kind, Bytes* value) const {
  Spot spot;
  const Found found = locate(key, at, &spot);
  if (found != Found::kEntry) return found;
  // Which value it is shows last. So all are asked for, where they are short and their end is
  // known.
  if (spot.group + 1 < groups_) {
    const char* values = group_values(spot.group);
    const auto bytes = static_cast<size_t>(group_values(spot.group + 1) - values);
    if (bytes <= kMostValuesAhead) ask_for(values, bytes);
  }
  return find_at(spot, at, kind, value);
}

// Never puts a key together: it knows how much of the searched key the entry before had in
// common, and so mostly how the next one compares without looking at its bytes.
DataBlock::Found DataBlock::find_at(const Spot& spot, Sequence at, Kind* kind, Bytes* value) const {
  const auto& [key, group] = spot;
  const char* from = group_keys(group);
  // One entry into the next group: a version that begins it is found here too.
  const char* const end = group_end(group);
  uint64_t before = 0;  // bytes of values before the entry's
  size_t matched = 0;   // how much of the key the entry before begins with; that entry is before
  for (;;) {
    if (from == end) {
      if (group + 1 == groups_) return Found::kBehind;
      matched = 0;
    }
    const EntryHead entry = entry_at(from);
    if (entry.shared < matched) return Found::kAbsent;
    if (entry.shared == matched) {
      const Bytes rest(entry.key_rest, entry.rest);
      const Bytes wanted = key.substr(matched);
      const size_t more = common_bytes(rest, wanted);
      if (more == wanted.size()) {
        if (more < rest.size()) return Found::kAbsent;
        if (sequence_of(entry) <= at) {
          *kind = entry.kind();
          *value = value_at(group_values(group), before, entry);
          return Found::kEntry;
        }
      } else if (more < rest.size() &&
                 static_cast<uint8_t>(rest[more]) > static_cast<uint8_t>(wanted[more])) {
        return Found::kAbsent;
      }
      matched += more;
    }
    if (from == end) return Found::kAbsent;  // the next group's first is before: cannot be
    before += entry.value_bytes();
    from = entry.end();
  }
}

}  // namespace skiplith
