// Byte strings as the engine sees them: any bytes, ordered bytewise (as unsigned).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace skiplith {

// A borrowed byte string. std::string_view compares as memcmp does, which is the order of keys.
using Bytes = std::string_view;

// The first eight bytes of a key as a big-endian number, padded with zeros: for two keys whose
// prefixes differ, comparing prefixes is comparing keys. Equal prefixes decide nothing.
inline uint64_t key_prefix(Bytes key) {
  uint64_t prefix = 0;
  std::memcpy(&prefix, key.data(), key.size() < 8 ? key.size() : 8);
  static_assert(std::endian::native == std::endian::little, "the file formats are little-endian");
  return __builtin_bswap64(prefix);
}

inline constexpr uint64_t round_up(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace skiplith
