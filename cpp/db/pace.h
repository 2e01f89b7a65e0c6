// How fast writers may go when flushes and compactions do not keep up.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace skiplith {

// Once work has piled up, writers are held to about the speed at which it gets done: each who takes
// another chunk of the arena may have to pause first, for a few milliseconds at most. Without that
// they run into the limits (Maintenance::wait_for_room) and stand still for as long as a compaction
// takes, seconds where tables are many.
//
// What is measured is the time that the background thread works for each byte of the memtables that
// it flushes, compactions included; time in which it has nothing to do does not count, so slow
// writers do not make it look slow. A memtable that is written to has to last half as long as its
// share of the work while little has piled up, as long half way to the limits, and ever longer
// close to them.
class Pace {
 public:
  // What waits to be done, as whoever is about to take a chunk sees it.
  struct Backlog {
    uint64_t active_bytes = 0;   // in the memtable that is written to
    uint64_t active_age_ns = 0;  // since it began
    size_t frozen = 0;           // memtables
    size_t level0 = 0;           // tables; 0 where nobody compacts
  };

  static constexpr size_t kMostFrozen = 3;  // where writers stand still
  static constexpr size_t kMostInLevel0 = 20;

  explicit Pace(uint64_t memtable_bytes) : memtable_bytes_(memtable_bytes) {}

  // The background thread: it has worked so long, and memtables of so many bytes are flushed.
  void worked(uint64_t ns, uint64_t flushed_bytes);

  // False: pause_ns() is 0, whatever the age.
  bool may_pause(const Backlog& backlog) const { return pressure(backlog) > 0; }
  // How long whoever takes `chunk_bytes` pauses first. Any thread.
  uint64_t pause_ns(const Backlog& backlog, uint64_t chunk_bytes) const;

 private:
  // From 0, nothing to worry about, to 1, at the limits.
  double pressure(const Backlog& backlog) const;
  static double slowness(double pressure);

  const uint64_t memtable_bytes_;
  // The background thread's own: of about the last eight memtables.
  double worked_ns_ = 0;
  double flushed_bytes_ = 0;
  std::atomic<double> ns_per_byte_{0};  // 0: not known yet
};

}  // namespace skiplith
