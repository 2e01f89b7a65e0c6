// Makes races likely: threads dawdle where the engine's order matters.
#pragma once

#include <cstdint>

namespace skiplith::lab {

// While it lives, threads that reach a sync point of a write, a snapshot, a freeze or an install
// spin or yield there for some microseconds, with the given probability, or, where they stand
// between having their place in the order and being seen, now and then sleep for up to 0.3 ms. They
// wait for nothing but time, so this is safe with any of the engine's locks held. Each thread draws
// from its own seeded numbers.
//
// One at a time, and not beside other actions on sync points: at its end all are reset.
class Jitter {
 public:
  Jitter(uint64_t seed, double probability);
  ~Jitter();
  Jitter(const Jitter&) = delete;
  Jitter& operator=(const Jitter&) = delete;
};

}  // namespace skiplith::lab
