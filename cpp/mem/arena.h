// The memtable's memory: keys, values, nodes, versions. Freed as one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "mem/arena_pool.h"

namespace skiplith {

// A place in an arena, in units of eight bytes from its start; 0 is nowhere.
using ArenaOffset = uint32_t;

// One contiguous reserved range of address space, touched from the front. Chunks are handed out
// by moving one shared counter, which is also the memtable's size: it moves once a chunk, so
// writers share it rarely. An ArenaWriter then cuts its chunk up without sharing anything.
class Arena {
 public:
  static constexpr uint64_t kUnit = 8;
  static constexpr uint64_t kMaxBytes = kUnit << 32;
  // Never handed out: offset 0 is nowhere. A whole cache line, so that chunks of whole lines
  // begin on one and their writers share none.
  static constexpr uint64_t kFirstByte = 64;

  // Reserves address space (no memory yet), at most kMaxBytes; what the pool has kept instead.
  // Throws std::bad_alloc when there is none.
  explicit Arena(uint64_t reserved_bytes, std::shared_ptr<ArenaPool> pool = nullptr);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  template <typename T>
  T* at(ArenaOffset offset) const {
    return reinterpret_cast<T*>(base_ + uint64_t{offset} * kUnit);
  }
  ArenaOffset offset_of(const void* place) const {
    return static_cast<ArenaOffset>(static_cast<uint64_t>(static_cast<const char*>(place) - base_) /
                                    kUnit);
  }

  // A chunk of `bytes` (rounded up to kUnit) that is nobody else's, with anything in it; nullptr
  // when the reserved range has no room for it. Any thread.
  char* take(uint64_t bytes);
  // Bytes handed out so far, the first line included. Atomic: exact at every moment.
  uint64_t used() const {
    return used_.load(std::memory_order_relaxed);  // order: a number for a budget, no publication
  }
  uint64_t reserved() const { return reserved_; }
  uint64_t left() const { return reserved() - used(); }
  // Memory is made ahead of use, as a store that is the first in its huge page waits 20 to 700 us
  // for it to be zeroed: so far beyond what is used as has been used, 4 to 16 MiB, and up to
  // `most_bytes`. A wish, best effort. wants_populating: half of that is gone; any thread.
  // populate_ahead: a step of 4 MiB, one thread at a time; false: all is there.
  bool wants_populating(uint64_t most_bytes) const { return is_short(most_bytes, 2); }
  bool populate_ahead(uint64_t most_bytes);

 private:
  static constexpr uint64_t kStep = uint64_t{4} << 20;
  static constexpr uint64_t kMostAhead = 4 * kStep;

  // Is less populated beyond the used bytes than there should be, divided by `share`?
  bool is_short(uint64_t most_bytes, uint64_t share) const {
    const uint64_t used = this->used(), room = std::clamp(used, kStep, kMostAhead);
    // order: a number for a wish, no publication
    const uint64_t populated = populated_.load(std::memory_order_relaxed);
    return populated < std::min({used + room / share, most_bytes, reserved()});
  }

  const std::shared_ptr<ArenaPool> pool_;
  ArenaMemory memory_;
  char* const base_;  // read by every access, used_ written once a chunk: two cache lines
  const uint64_t reserved_;
  alignas(64) std::atomic<uint64_t> used_{kFirstByte};
  std::atomic<uint64_t> populated_;
};

// One lane's chunk. Used by one thread at a time (whoever holds the lane).
class ArenaWriter {
 public:
  // Has at least `bytes` left, or gets them: at least `chunk_bytes` more from the arena. A chunk
  // that follows its predecessor directly extends it. False: the arena is full, nothing changed.
  bool reserve(Arena& arena, uint64_t bytes, uint64_t chunk_bytes) {
    return bytes <= left() || refill(arena, bytes, chunk_bytes);
  }
  // From what reserve() provided: never fails. Aligned to Arena::kUnit.
  char* allocate(uint64_t bytes) {
    char* place = next_;
    next_ += round_up(bytes, Arena::kUnit);
    SKIPLITH_CHECK(next_ <= end_);
    return place;
  }
  // Takes back everything from `place` on, which allocate() returned. Nobody else has seen it.
  void give_back(char* place) { next_ = place; }
  // Where the next allocation will lie.
  char* position() const { return next_; }
  uint64_t left() const { return static_cast<uint64_t>(end_ - next_); }
  // Forgets the chunk: the lane moves on to another memtable.
  void reset() { next_ = end_ = nullptr; }

 private:
  bool refill(Arena& arena, uint64_t bytes, uint64_t chunk_bytes);

  char* next_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace skiplith
