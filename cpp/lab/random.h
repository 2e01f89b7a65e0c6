// Small random numbers that are the same on every machine for the same seed.
#pragma once

#include <cstdint>

namespace skiplith::lab {

// Spreads the bits of a number over all 64: neighbours become strangers. One to one.
inline constexpr uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// SplitMix64. Not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(mixed(seed + kStep)) {}
  uint64_t next() { return mixed(state_ += kStep); }
  // From 0 to limit - 1; the bias is below limit / 2^64.
  uint64_t below(uint64_t limit) { return next() % limit; }
  // In [0, 1).
  double fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return fraction() < probability; }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
  uint64_t state_;
};

}  // namespace skiplith::lab
