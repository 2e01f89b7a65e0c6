// XXH3, 64 bits: the checksum of every file. A seed ties a checksum to its place, so that bytes
// that were valid elsewhere (another segment, another offset) are not valid here.
#pragma once

#include <xxhash.h>

#include "base/bytes.h"

namespace skiplith {

inline uint64_t checksum(Bytes bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// The checksum of the concatenation of `head` and `tail`, without concatenating them.
uint64_t checksum_of_two(Bytes head, Bytes tail, uint64_t seed);

}  // namespace skiplith
