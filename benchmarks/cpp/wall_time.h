// The time per operation until the last thread is done.
//
// Google Benchmark's own figure for several threads is the mean of their times: of two threads that
// take turns it says the same as of two that work at once until one has finished early.
#pragma once

#include <benchmark/benchmark.h>

#include "base/clock.h"

namespace skiplith {

// Begins before the loop, and reads the clock after it: its end waits for all threads.
class WallTime {
 public:
  explicit WallTime(benchmark::State& state) : state_(state), begun_(monotonic_ns()) {}
  // Leaves nanoseconds per operation as a counter.
  void count(const char* counter) const {
    if (state_.thread_index() != 0) return;
    const auto operations = static_cast<double>(state_.iterations() * state_.threads());
    state_.counters[counter] = static_cast<double>(monotonic_ns() - begun_) / operations;
  }

 private:
  benchmark::State& state_;
  const uint64_t begun_;
};

}  // namespace skiplith
