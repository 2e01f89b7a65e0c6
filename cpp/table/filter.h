// Tells at once that a table does not know a key: a Bloom filter whose bits for one key lie in
// one cache line, so that asking costs one miss.
//
//   payload  [probes u32][zero u32][zeros up to 64 bytes][lines of 64 bytes]
//
// On disk: frozen. A key's line is the upper half of its hash, scaled to the number of lines. Its
// bits come from the lower half: for each probe the top nine bits of that, times kProbeStep once
// more each time.
#pragma once

#include <string>
#include <vector>

#include "base/coding.h"

namespace skiplith {

class Filter {
 public:
  static constexpr size_t kLineBytes = 64;
  static constexpr size_t kHeadBytes = kLineBytes;
  static constexpr uint32_t kMostProbes = 16;

  static bool is_valid(Bytes payload);
  // The payload for the hashes of a table's keys, `bits_per_key` (at least 1) for each.
  static std::string build(const std::vector<uint64_t>& hashes, uint32_t bits_per_key);

  // Passes every key: no filter.
  Filter() = default;
  // `payload` is valid and outlives this. Lines lie best where the memory's lines do.
  explicit Filter(Bytes payload)
      : probes_(load_u32(payload.data())),
        lines_((payload.size() - kHeadBytes) / kLineBytes),
        bits_(payload.data() + kHeadBytes) {}

  bool exists() const { return bits_ != nullptr; }
  // What may_contain() will read.
  void prefetch(uint64_t hash) const {
    if (bits_ != nullptr) __builtin_prefetch(bits_ + line_of(hash, lines_) * kLineBytes);
  }
  // False: no key of the table has this hash.
  bool may_contain(uint64_t hash) const {
    if (bits_ == nullptr) return true;
    const char* const line = bits_ + line_of(hash, lines_) * kLineBytes;
    auto bits = static_cast<uint32_t>(hash);
    for (uint32_t probe = 0; probe < probes_; ++probe, bits *= kProbeStep) {
      const uint32_t bit = bits >> 23;
      if ((static_cast<uint8_t>(line[bit / 8]) >> bit % 8 & 1) == 0) return false;
    }
    return true;
  }

 private:
  static constexpr uint32_t kProbeStep = 0x9e3779b1;  // odd, near 2^32 / golden ratio
  static uint64_t line_of(uint64_t hash, uint64_t lines) { return (hash >> 32) * lines >> 32; }

  uint32_t probes_ = 0;
  uint64_t lines_ = 0;
  const char* bits_ = nullptr;
};

}  // namespace skiplith
