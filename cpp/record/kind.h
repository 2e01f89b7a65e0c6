// What a mutation does. The numbers are written to disk: frozen.
#pragma once

#include <cstdint>

namespace skiplith {

enum class Kind : uint8_t {
  kPut = 1,
  kDelete = 2,  // a tombstone
  kClear = 3,   // every older mutation of every key is gone; has neither key nor value
};

using Sequence = uint64_t;
inline constexpr Sequence kMaxSequence = (Sequence{1} << 56) - 1;
inline constexpr Sequence kLatest = ~Sequence{0};  // reads with it see all that is committed

}  // namespace skiplith
