// Searching sorted keys by their heads: the first eight bytes behind what all of them share, as
// big-endian numbers. Heads lie close together and compare in one instruction; equal heads decide
// nothing.
#pragma once

#include "base/coding.h"

namespace skiplith {

inline constexpr size_t kHeadBytes = 8;

// key_prefix(), quicker where the key is long enough.
inline uint64_t head_of(Bytes key) {
  return key.size() >= kHeadBytes ? __builtin_bswap64(load_u64(key.data())) : key_prefix(key);
}

inline uint64_t head_at(const char* heads, size_t index) {
  return load_u64(heads + index * kHeadBytes);
}

// How many of `count` ascending heads are less than `head`. No branch depends on what is
// compared: a mispredicted one costs more than the loads that it would save.
inline size_t heads_before(const char* heads, size_t count, uint64_t head) {
  size_t before = 0;
  while (count > 1) {
    const size_t half = count / 2;
    before += static_cast<size_t>(head_at(heads, before + half - 1) < head) * half;
    count -= half;
  }
  return before + static_cast<size_t>(count == 1 && head_at(heads, before) < head);
}

// The same, counting the heads that are equal to it as well.
inline size_t heads_not_behind(const char* heads, size_t count, uint64_t head) {
  return head == UINT64_MAX ? count : heads_before(heads, count, head + 1);
}

// How many of sorted strings come before one that is searched for: those with lesser heads, and
// of those with the same head as many as `is_before(index)` says. That is rarely asked.
template <typename IsBefore>
size_t count_before(const char* heads, size_t count, uint64_t head, IsBefore is_before) {
  size_t before = heads_before(heads, count, head);
  if (before == count || head_at(heads, before) != head) [[likely]]
    return before;
  size_t equal = heads_not_behind(heads, count, head) - before;
  while (equal > 0) {
    const size_t half = equal / 2;
    if (is_before(before + half)) {
      before += half + 1;
      equal -= half + 1;
    } else {
      equal = half;
    }
  }
  return before;
}

// How long the common beginning is.
inline size_t common_bytes(Bytes a, Bytes b) {
  const size_t most = a.size() < b.size() ? a.size() : b.size();
  size_t common = 0;
  for (; common + 8 <= most; common += 8) {
    const uint64_t different = load_u64(a.data() + common) ^ load_u64(b.data() + common);
    if (different != 0) return common + static_cast<size_t>(std::countr_zero(different)) / 8;
  }
  while (common < most && a[common] == b[common]) ++common;
  return common;
}

// How `key` lies to all the strings that begin with `common`.
enum class Side : uint8_t { kBefore, kAmong, kBehind };
inline Side side_of(Bytes key, Bytes common) {
  const size_t shared = common_bytes(key, common);
  if (shared == common.size()) return Side::kAmong;
  if (shared == key.size()) return Side::kBefore;
  return static_cast<uint8_t>(key[shared]) < static_cast<uint8_t>(common[shared]) ? Side::kBefore
                                                                                  : Side::kBehind;
}

}  // namespace skiplith
