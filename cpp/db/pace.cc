#include "db/pace.h"

#include <algorithm>

namespace skiplith {
namespace {

constexpr double kMemtablesRemembered = 8;
// No pauses below these: what comes in bursts is taken as it comes.
constexpr double kMemtablesAtEase = 2;
constexpr double kLevel0AtEase = 12;
constexpr double kSlowest = 16;
// Who is far ahead of his time makes up for it chunk by chunk.
constexpr double kMostTimesAChunk = 4;
constexpr double kLongestPauseNs = 5e6;

}  // namespace

void Pace::worked(uint64_t ns, uint64_t flushed_bytes) {
  worked_ns_ += static_cast<double>(ns);
  if (flushed_bytes == 0) return;
  flushed_bytes_ += static_cast<double>(flushed_bytes);
  // order: relaxed, a number that nothing else depends on
  ns_per_byte_.store(worked_ns_ / flushed_bytes_, std::memory_order_relaxed);
  const double remembered = kMemtablesRemembered * static_cast<double>(memtable_bytes_);
  const double keep = std::min(1.0, remembered / flushed_bytes_);
  worked_ns_ *= keep;
  flushed_bytes_ *= keep;
}

double Pace::pressure(const Backlog& backlog) const {
  const double filled =
      static_cast<double>(backlog.active_bytes) / static_cast<double>(memtable_bytes_);
  const double memtables = static_cast<double>(backlog.frozen) + std::min(filled, 1.0);
  const double of_memtables = (memtables - kMemtablesAtEase) / (kMostFrozen + 1 - kMemtablesAtEase);
  const double of_level0 =
      (static_cast<double>(backlog.level0) - kLevel0AtEase) / (kMostInLevel0 - kLevel0AtEase);
  return std::clamp(std::max(of_memtables, of_level0), 0.0, 1.0);
}

// Half the time that the work takes at first; then the less room, the slower, so that what is left
// lasts for a compaction that has just begun.
double Pace::slowness(double pressure) { return std::min(0.5 / (1.0 - pressure), kSlowest); }

uint64_t Pace::pause_ns(const Backlog& backlog, uint64_t chunk_bytes) const {
  const double pressure = this->pressure(backlog);
  if (pressure == 0) return 0;
  // order: relaxed, as where it is stored
  const double ns_per_byte = ns_per_byte_.load(std::memory_order_relaxed) * slowness(pressure);
  const double early_ns = static_cast<double>(backlog.active_bytes) * ns_per_byte -
                          static_cast<double>(backlog.active_age_ns);
  const double most_ns =
      std::min(kMostTimesAChunk * static_cast<double>(chunk_bytes) * ns_per_byte, kLongestPauseNs);
  return static_cast<uint64_t>(std::clamp(early_ns, 0.0, most_ns));
}

}  // namespace skiplith
