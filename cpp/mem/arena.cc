#include "mem/arena.h"

#include <algorithm>

namespace skiplith {

Arena::Arena(uint64_t reserved_bytes) : range_(reserved_bytes) {
  SKIPLITH_CHECK(reserved_bytes <= kMaxBytes);
}

char* Arena::take(uint64_t bytes) {
  if (bytes > reserved()) return nullptr;  // also keeps the sums below from overflowing
  const uint64_t size = round_up(bytes, kUnit);
  uint64_t begin = used();
  do {
    if (begin + size > reserved()) return nullptr;
  } while (!used_.compare_exchange_weak(
      begin, begin + size, std::memory_order_relaxed));  // order: divides places, publishes nothing
  return range_.base() + begin;
}

void Arena::populate_ahead(uint64_t most_bytes) {
  const uint64_t populated = populated_.load(std::memory_order_relaxed);  // order: see the header
  const uint64_t wanted = std::max({kFirstAhead, 2 * populated, 2 * used()});
  const uint64_t end = std::min({wanted, most_bytes, reserved()});
  if (end <= populated) return;
  range_.populate(populated, end - populated);
  populated_.store(end, std::memory_order_relaxed);  // order: as above
}

bool ArenaWriter::refill(Arena& arena, uint64_t bytes, uint64_t chunk_bytes) {
  const uint64_t size = round_up(std::max(bytes, chunk_bytes), Arena::kUnit);
  char* chunk = arena.take(size);
  if (chunk == nullptr) return false;
  if (chunk != end_) next_ = chunk;
  end_ = chunk + size;
  return true;
}

}  // namespace skiplith
