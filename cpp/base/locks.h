// The engine's locks. Which may be waited for while which is held is the wait order of
// cpp/DESIGN.md; a function whose name ends in _locked says in its comment which lock it needs.
#pragma once

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "base/futex.h"

namespace skiplith {

// A lock of four bytes: spins briefly, then parks. Not recursive, not fair.
//
// 0 free, 1 held, 2 held and somebody may be parked. The word goes to 2 before a thread parks
// and unlock wakes one thread whenever it finds 2, so no wake-up is lost: a parked thread saw 2,
// and whoever takes the lock after waiting takes it as 2 (Drepper, "Futexes Are Tricky", mutex2).
class WordLock {
 public:
  bool try_lock() {
    uint32_t free = kFree;
    // Acquire: what the last holder wrote is seen.
    return word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  // Spins for about a microsecond, for callers that must not sleep.
  bool try_lock_briefly() {
    for (int i = 0; i < kSpins; ++i) {
      if (try_lock()) return true;
      cpu_relax();
    }
    return false;
  }
  void lock() {
    if (try_lock_briefly()) return;
    while (word_.exchange(kParked, std::memory_order_acquire) != kFree) {
      futex_wait(word_, kParked);
    }
  }
  void unlock() {
    // Release: pairs with the acquire of whoever locks next.
    if (word_.exchange(kFree, std::memory_order_release) == kParked) futex_wake_one(word_);
  }
  bool is_locked() const { return word_.load(std::memory_order_relaxed) != kFree; }

 private:
  static constexpr uint32_t kFree = 0, kHeld = 1, kParked = 2;
  static constexpr int kSpins = 100;
  std::atomic<uint32_t> word_{kFree};
};
static_assert(sizeof(WordLock) == 4);

// Waiting for a condition over atomics, without a mutex around their writers.
//
// Protocol: a writer makes the condition true with a seq_cst operation and then calls notify();
// a waiter calls wait_until(condition) whose loads are seq_cst. Either the writer's load of
// waiters_ sees the waiter, or the waiter's condition, evaluated after its own increment, sees
// the writer's store: one of the two comes first in the single order of seq_cst operations.
class EventCount {
 public:
  template <typename Condition>
  void wait_until(Condition condition) {
    for (int i = 0; i < kSpins; ++i) {
      if (condition()) return;
      cpu_relax();
    }
    waiters_.fetch_add(1);
    for (;;) {
      const uint32_t epoch = epoch_.load();
      if (condition()) break;
      futex_wait(epoch_, epoch);
    }
    waiters_.fetch_sub(1);
  }
  void notify() {
    if (waiters_.load() == 0) return;
    epoch_.fetch_add(1);
    futex_wake_all(epoch_);
  }

 private:
  static constexpr int kSpins = 100;
  std::atomic<uint32_t> epoch_{0};
  std::atomic<uint32_t> waiters_{0};
};

using Mutex = std::mutex;
using MutexLock = std::unique_lock<std::mutex>;
using CondVar = std::condition_variable;
using SharedMutex = std::shared_mutex;

}  // namespace skiplith
