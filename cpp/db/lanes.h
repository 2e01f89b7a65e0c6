// Lanes: the writers' private pieces of the log and of the arena.
#pragma once

#include <array>
#include <atomic>
#include <utility>

#include "base/locks.h"
#include "mem/arena.h"
#include "record/kind.h"
#include "wal/lane_log.h"

namespace skiplith {

// What has been written through a lane: only its holder counts, so that no count is a locked
// operation.
class LaneCounts {
 public:
  enum class Name : uint32_t { kPuts, kDeletes, kBatches, kBytes, kCount };
  void add(Name name, uint64_t amount = 1) {
    std::atomic<uint64_t>& count = counts_[static_cast<size_t>(name)];
    // order: the lane's lock orders those who count; who reads wants a statistic
    count.store(count.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  uint64_t of(Name name) const {
    // order: as above
    return counts_[static_cast<size_t>(name)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, static_cast<size_t>(Name::kCount)> counts_{};
};

// Everything but in_flight belongs to whoever holds the lock. Two cache lines, so that the
// processor's pair prefetch does not make neighbours share.
struct alignas(128) Lane {
  explicit Lane(uint32_t index) : log(index) {}

  WordLock lock;
  // The sequence of the write in progress: none (0), a lower bound, then the exact value. Written
  // by the holder, read by snapshots and syncs (sequence_clock.h).
  std::atomic<Sequence> in_flight{0};
  ArenaWriter arena;  // a chunk of the active memtable's arena
  LaneLog log;        // blocks of the active memtable's segment
  LaneCounts counts;
};

// A writer holds one lane from before it touches the memtable until its write is visible, and
// never waits for a second one. Whoever holds all of them (an exclusive section) is alone: no
// write is in progress and the active memtable does not change under it.
class Lanes {
 public:
  static constexpr uint32_t kLanes = 16;

  Lanes() : Lanes(std::make_integer_sequence<uint32_t, kLanes>()) {}

  // The calling thread's own lane, else the next free one; nullptr when none is free.
  Lane* try_acquire() { return try_acquire_from(own()); }
  // The same, waiting for the own lane.
  Lane& acquire() { return acquire_from(own()); }
  // For a write that will wait for the disk: one lane for all of these. A lane's records lie
  // together, and fdatasync takes the longer the more pages have changed: 0.07 ms for one, 0.13 for
  // eight in eight blocks (ext4).
  Lane& acquire_for_sync() { return acquire_from(kSyncLane); }

  uint64_t sum(LaneCounts::Name name) const {
    uint64_t total = 0;
    for (const Lane& lane : lanes_) total += lane.counts.of(name);
    return total;
  }

  std::array<Lane, kLanes>& all() { return lanes_; }
  const std::array<Lane, kLanes>& all() const { return lanes_; }

 private:
  friend class ExclusiveSection;
  static constexpr uint32_t kSyncLane = 0;  // also of the first thread, which may be the only one
  static uint32_t own();
  Lane* try_acquire_from(uint32_t first);
  Lane& acquire_from(uint32_t first);
  template <uint32_t... kIndex>
  explicit Lanes(std::integer_sequence<uint32_t, kIndex...>) : lanes_{Lane(kIndex)...} {}

  Mutex exclusive_mutex_;  // before the lanes: two sections never each hold some lanes
  std::array<Lane, kLanes> lanes_;
};

// Lets the lane go at the end of its scope, or earlier by release().
class LaneHold {
 public:
  explicit LaneHold(Lane* lane) : lane_(lane) {}
  ~LaneHold() { release(); }
  LaneHold(const LaneHold&) = delete;
  LaneHold& operator=(const LaneHold&) = delete;
  void release() {
    if (lane_ != nullptr) lane_->lock.unlock();
    lane_ = nullptr;
  }
  explicit operator bool() const { return lane_ != nullptr; }
  Lane& operator*() const { return *lane_; }
  Lane* operator->() const { return lane_; }

 private:
  Lane* lane_;
};

// All lanes, taken in the order of their index. No lane may be held by the caller; no I/O inside,
// but for the one log record of an exclusive write, and a load's last step (load.cc).
class ExclusiveSection {
 public:
  explicit ExclusiveSection(Lanes& lanes);
  ~ExclusiveSection();
  ExclusiveSection(const ExclusiveSection&) = delete;
  ExclusiveSection& operator=(const ExclusiveSection&) = delete;
  Lane& first_lane() const { return lanes_.lanes_[0]; }
  std::array<Lane, Lanes::kLanes>& lanes() const { return lanes_.lanes_; }

 private:
  Lanes& lanes_;
  MutexLock mutex_;
};

}  // namespace skiplith
