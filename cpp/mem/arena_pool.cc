#include "mem/arena_pool.h"

#include <utility>

namespace skiplith {

void ArenaPool::want(bool wanted) {
  ArenaMemory unwanted;  // unmapped when the mutex is free again
  const MutexLock lock(mutex_);
  wanted_ = wanted;
  if (!wanted) unwanted = std::move(kept_);
}

ArenaMemory ArenaPool::take(uint64_t reserved_bytes) {
  {
    const MutexLock lock(mutex_);
    if (kept_.range != nullptr && kept_.range->bytes() == reserved_bytes) {
      return std::exchange(kept_, {});
    }
  }
  return {.range = std::make_unique<AddressRange>(reserved_bytes)};
}

void ArenaPool::give(ArenaMemory memory) {
  const MutexLock lock(mutex_);
  if (wanted_ && memory.populated_bytes > kept_.populated_bytes) std::swap(kept_, memory);
}

}  // namespace skiplith
