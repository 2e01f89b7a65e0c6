// A key as a lookup carries it from table to table: what can be computed once is.
#pragma once

#include "base/checksum.h"

namespace skiplith {

// What filters go by. Written to disk through them: frozen.
inline uint64_t filter_hash(Bytes key) { return checksum(key, 0); }

struct SearchedKey {
  explicit SearchedKey(Bytes key) : bytes(key), hash(filter_hash(key)) {}
  Bytes bytes;  // borrowed
  uint64_t hash;
};

}  // namespace skiplith
