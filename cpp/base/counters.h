// Event counters that threads add to without sharing a cache line.
#pragma once

#include <array>

#include "base/threads.h"

namespace skiplith {

// `Name` is an enum class whose last member is kCount.
template <typename Name>
class Counters {
 public:
  void add(Name name, uint64_t amount = 1) {
    // Relaxed: a statistic orders nothing.
    stripes_[thread_index() % kStripes].values[static_cast<size_t>(name)].fetch_add(
        amount, std::memory_order_relaxed);
  }
  uint64_t sum(Name name) const {
    uint64_t total = 0;
    for (const Stripe& stripe : stripes_) {
      total += stripe.values[static_cast<size_t>(name)].load(std::memory_order_relaxed);
    }
    return total;
  }

 private:
  static constexpr uint32_t kStripes = 16;
  struct alignas(64) Stripe {
    std::array<std::atomic<uint64_t>, static_cast<size_t>(Name::kCount)> values{};
  };
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace skiplith
