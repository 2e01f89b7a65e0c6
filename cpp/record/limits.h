// How large things may be. Checked before the log is touched; part of what users are promised.
#pragma once

#include <cstdint>

namespace skiplith {

inline constexpr uint64_t kMaxKeyBytes = 65'535;
inline constexpr uint64_t kMaxValueBytes = uint64_t{1} << 30;
// Encoded, with all its keys and values: a record's length is 32 bits, with room to spare.
inline constexpr uint64_t kMaxBatchBytes = (uint64_t{2} << 30) - (uint64_t{64} << 10);

}  // namespace skiplith
