// Looking up many keys at one point in time.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"

namespace skiplith {

// The order in which to look them up, as places in `keys`: neighbours lie in the same nodes, tables
// and blocks. Keys that have the same eight bytes behind what all have in common stay as they come.
std::vector<uint32_t> in_key_order(std::span<const Bytes> keys);

}  // namespace skiplith
