#include "mem/arena.h"

#include <algorithm>

namespace skiplith {

namespace {

ArenaMemory memory_for(uint64_t reserved_bytes, ArenaPool* pool) {
  SKIPLITH_CHECK(reserved_bytes <= Arena::kMaxBytes);
  if (pool != nullptr) return pool->take(reserved_bytes);
  return {.range = std::make_unique<AddressRange>(reserved_bytes)};
}

}  // namespace

Arena::Arena(uint64_t reserved_bytes, std::shared_ptr<ArenaPool> pool)
    : pool_(std::move(pool)),
      memory_(memory_for(reserved_bytes, pool_.get())),
      base_(memory_.range->base()),
      reserved_(reserved_bytes),
      populated_(memory_.populated_bytes) {}

Arena::~Arena() {
  if (pool_ == nullptr) return;
  // order: nobody else has the arena any more
  memory_.populated_bytes = std::max(used(), populated_.load(std::memory_order_relaxed));
  pool_->give(std::move(memory_));
}

char* Arena::take(uint64_t bytes) {
  if (bytes > reserved()) return nullptr;  // also keeps the sums below from overflowing
  const uint64_t size = round_up(bytes, kUnit);
  uint64_t begin = used();
  do {
    if (begin + size > reserved()) return nullptr;
  } while (!used_.compare_exchange_weak(
      begin, begin + size, std::memory_order_relaxed));  // order: divides places, publishes nothing
  return base_ + begin;
}

bool Arena::populate_ahead(uint64_t most_bytes) {
  if (!is_short(most_bytes, 1)) return false;
  // Not where writers are, who have come first: two who fault in one page both zero one.
  const uint64_t begin =
      std::max(populated_.load(std::memory_order_relaxed),  // order: see is_short
               round_up(used() - kFirstByte, AddressRange::kHugePageBytes));
  const uint64_t end = std::min({std::max(begin, used()) + kStep, most_bytes, reserved()});
  if (begin < end) memory_.range->populate(begin, end - begin);
  populated_.store(end, std::memory_order_relaxed);  // order: as above
  return true;
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
