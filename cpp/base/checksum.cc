#include "base/checksum.h"

#include <new>

namespace skiplith {

uint64_t checksum_of_two(Bytes head, Bytes tail, uint64_t seed) {
  if (tail.empty()) return checksum(head, seed);
  XXH3_state_t* state = XXH3_createState();
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset_withSeed(state, seed);
  XXH3_64bits_update(state, head.data(), head.size());
  XXH3_64bits_update(state, tail.data(), tail.size());
  const uint64_t digest = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return digest;
}

}  // namespace skiplith
