#include "table/filter.h"

#include <algorithm>

#include "base/check.h"

namespace skiplith {

bool Filter::is_valid(Bytes payload) {
  if (payload.size() < kHeadBytes + kLineBytes || payload.size() % kLineBytes != 0) return false;
  const uint32_t probes = load_u32(payload.data());
  return probes >= 1 && probes <= kMostProbes &&
         (payload.size() - kHeadBytes) / kLineBytes <= UINT32_MAX;
}

std::string Filter::build(const std::vector<uint64_t>& hashes, uint32_t bits_per_key) {
  SKIPLITH_CHECK(bits_per_key > 0);
  const uint64_t bits = hashes.size() * uint64_t{bits_per_key};
  const uint64_t lines = std::clamp<uint64_t>((bits + 511) / 512, 1, UINT32_MAX);
  // 0.69 bits set for each bit there is, half of them: fewest false positives. Slightly fewer are
  // better where the keys of one line vary in number.
  const uint32_t probes = std::clamp<uint32_t>(bits_per_key * 6 / 10, 1, kMostProbes);
  std::string payload(kHeadBytes + lines * kLineBytes, '\0');
  store_u32(payload.data(), probes);
  for (const uint64_t hash : hashes) {
    char* const line = payload.data() + kHeadBytes + line_of(hash, lines) * kLineBytes;
    auto word = static_cast<uint32_t>(hash);
    for (uint32_t probe = 0; probe < probes; ++probe, word *= kProbeStep) {
      const uint32_t bit = word >> 23;
      line[bit / 8] = static_cast<char>(line[bit / 8] | 1 << bit % 8);
    }
  }
  return payload;
}

}  // namespace skiplith
