// One of several keys that are looked up together.
#pragma once

#include "record/lookup.h"
#include "table/block.h"

namespace skiplith {

// So many at a time: enough that what each waits for is on its way while the others are looked at,
// few enough that none of it is pushed out again.
inline constexpr size_t kWantedTogether = 16;

struct WantedKey {
  Bytes bytes;        // borrowed
  uint64_t hash = 0;  // set before tables are asked (searched_key.h)
  // kAbsent: no source that was asked so far knows the key.
  Lookup found = Lookup::kAbsent;
  PinnedBytes value;  // with kFound

  bool is_open() const { return found == Lookup::kAbsent; }
};

}  // namespace skiplith
