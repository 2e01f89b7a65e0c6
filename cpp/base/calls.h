// Counting the calls inside an object that may be closed under them.
#pragma once

#include "base/threads.h"

namespace skiplith {

// enter() before a call, leave() after it; close() refuses new calls and waits for those inside.
//
// The counters are striped over cache lines by thread, so that calls of different threads share
// nothing. enter() counts and then looks at closing_, close() sets closing_ and then looks at
// the counts, all seq_cst: of a call and a close at the same time at least one sees the other.
class Calls {
 public:
  bool enter() {
    std::atomic<uint32_t>& inside = stripe().inside;
    inside.fetch_add(1);
    if (!closing_.load()) [[likely]]
      return true;
    leave();
    return false;
  }
  void leave() {
    stripe().inside.fetch_sub(1);
    if (closing_.load()) [[unlikely]]
      left_.notify();
  }
  // Refuses calls from now on; false when somebody else has done so before.
  bool refuse_new() { return !closing_.exchange(true); }
  bool closing() const { return closing_.load(); }
  void wait_until_none_inside() {
    left_.wait_until([this] { return inside() == 0; });
  }
  uint64_t inside() const {
    uint64_t sum = 0;
    for (const Stripe& stripe : stripes_) sum += stripe.inside.load();
    return sum;
  }

 private:
  struct alignas(64) Stripe {
    std::atomic<uint32_t> inside{0};
  };
  static constexpr uint32_t kStripes = 32;
  // The same thread enters and leaves, so both use the same stripe.
  Stripe& stripe() { return stripes_[thread_index() % kStripes]; }

  Stripe stripes_[kStripes];
  alignas(64) std::atomic<bool> closing_{false};
  EventCount left_;
};

class CountedCall {
 public:
  explicit CountedCall(Calls& calls) : calls_(calls.enter() ? &calls : nullptr) {}
  ~CountedCall() {
    if (calls_ != nullptr) calls_->leave();
  }
  CountedCall(const CountedCall&) = delete;
  CountedCall& operator=(const CountedCall&) = delete;
  bool admitted() const { return calls_ != nullptr; }

 private:
  Calls* calls_;
};

}  // namespace skiplith
