// Fixed and variable length integers, little-endian: the only place that knows how numbers lie
// on disk.
#pragma once

#include <string>

#include "base/bytes.h"

namespace skiplith {

inline constexpr size_t kMaxVarint64Bytes = 10;

inline uint32_t load_u32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline uint64_t load_u64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void store_u32(char* to, uint32_t value) { std::memcpy(to, &value, sizeof value); }
inline void store_u64(char* to, uint64_t value) { std::memcpy(to, &value, sizeof value); }

// One machine store to an 8-aligned place: a process that dies leaves all of it or none. The
// compiler may neither split it nor move earlier stores behind it.
inline void store_u64_last(char* to, uint64_t value) {
  __atomic_store_n(reinterpret_cast<uint64_t*>(to), value, __ATOMIC_RELEASE);
}

// Seven bits a byte, least significant first, high bit set on all but the last. Returns the
// end of what was written.
inline char* store_varint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

inline size_t varint_bytes(uint64_t value) {
  size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

inline void append_u32(std::string* to, uint32_t value) {
  to->append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void append_u64(std::string* to, uint64_t value) {
  to->append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void append_varint(std::string* to, uint64_t value) {
  char buffer[kMaxVarint64Bytes];
  to->append(buffer, store_varint(buffer, value) - buffer);
}

// Takes values off the front of a byte string. A read past the end, or a varint that does not
// fit in 64 bits, makes ok() false for good and returns zeros: callers check once, at the end.
class Decoder {
 public:
  explicit Decoder(Bytes input) : rest_(input) {}

  uint8_t u8() { return take(1) ? static_cast<uint8_t>(taken_[0]) : 0; }
  uint32_t u32() { return take(4) ? load_u32(taken_) : 0; }
  uint64_t u64() { return take(8) ? load_u64(taken_) : 0; }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (!take(1)) return 0;
      const uint64_t byte = static_cast<uint8_t>(taken_[0]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  Bytes bytes(uint64_t size) { return take(size) ? Bytes(taken_, size) : Bytes(); }

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  Bytes rest() const { return rest_; }

 private:
  bool take(uint64_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return false;
    }
    taken_ = rest_.data();
    rest_.remove_prefix(size);
    return true;
  }

  Bytes rest_;
  const char* taken_ = nullptr;
  bool ok_ = true;
};

}  // namespace skiplith
