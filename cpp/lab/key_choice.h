// Which key comes next, by the distributions that benchmarks of stores use.
#pragma once

#include <optional>
#include <string_view>

#include "lab/random.h"

namespace skiplith::lab {

enum class Distribution : uint8_t { kUniform, kZipfian, kSequential };
std::optional<Distribution> distribution_named(std::string_view name);

// Numbers from 0 to keys - 1. Made once, its state is the caller's; any thread may ask.
//
// Zipfian: the n-th most popular number comes about n^-0.99 times as often as the first, by the
// method of Gray et al. ("Quickly generating billion-record synthetic databases", 1994); which
// number is how popular is scattered by a hash, as in YCSB, so that popular ones are not
// neighbours (and a few share a place). Sequential: each thread goes up by one from its own place,
// and around.
class KeyChoice {
 public:
  KeyChoice(Distribution distribution, uint64_t keys, uint32_t threads);

  struct State {
    Random random;
    uint64_t next;
  };
  State state(uint64_t seed, uint32_t thread) const;
  uint64_t choose(State& state) const;
  // 0 is the most popular; of the zipfian distribution.
  uint64_t rank(Random& random) const;

 private:
  const Distribution distribution_;
  const uint64_t keys_;
  const uint32_t threads_;
  double zeta_ = 0, eta_ = 0;
};

}  // namespace skiplith::lab
