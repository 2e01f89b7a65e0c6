#include "lab/jitter.h"

#include <chrono>
#include <thread>

#include "base/sync_points.h"
#include "base/threads.h"
#include "lab/random.h"

namespace skiplith::lab {
namespace {

// Between the moment at which a write, a snapshot, a freeze gets its place in the order and the one
// at which everybody sees it: here a thread may sleep, while the others go their way.
constexpr SyncPoint kHalfway[] = {
    SyncPoint::write_sequenced,  SyncPoint::write_logged,
    SyncPoint::write_linked,     SyncPoint::batch_before_commit_word,
    SyncPoint::gate_set,         SyncPoint::read_modify_write_read,
    SyncPoint::freeze_prepared,  SyncPoint::clear_prepared,
    SyncPoint::flush_named,      SyncPoint::flush_installed,
    SyncPoint::compaction_named, SyncPoint::compaction_installed,
};
constexpr SyncPoint kElsewhere[] = {
    SyncPoint::write_lane_held, SyncPoint::write_entry_locked, SyncPoint::write_payload_logged,
    SyncPoint::write_announced, SyncPoint::batch_pending,      SyncPoint::gate_wait,
    SyncPoint::freeze_swapped,  SyncPoint::freeze_exclusive,   SyncPoint::snapshot_drained,
    SyncPoint::skiplist_seek,   SyncPoint::table_block_seen,
};

void spin_or_yield(Random& random) {
  constexpr uint64_t kMostSpins = 200, kMostYields = 4;
  if (random.chance(0.5)) {
    for (uint64_t left = random.below(kMostSpins); left > 0; --left) cpu_relax();
  } else {
    for (uint64_t left = random.below(kMostYields) + 1; left > 0; --left) std::this_thread::yield();
  }
}

// Where threads are more than processors, the only way in which the others go on for certain.
void sleep(Random& random) {
  constexpr uint64_t kMostSleepNs = 300'000;
  std::this_thread::sleep_for(std::chrono::nanoseconds(random.below(kMostSleepNs)));
}

// Each thread's own numbers, for each Jitter others.
Random& this_threads_random(uint64_t seed) {
  struct Own {
    uint64_t seed;
    Random random;
  };
  thread_local Own own{seed, Random(seed + thread_index())};
  if (own.seed != seed) own = {seed, Random(seed + thread_index())};
  return own.random;
}

}  // namespace

Jitter::Jitter(uint64_t seed, double probability) {
  for (const SyncPoint point : kHalfway) {
    sync_points::on(point, [seed, probability] {
      Random& random = this_threads_random(seed);
      if (!random.chance(probability)) return;
      random.chance(0.25) ? sleep(random) : spin_or_yield(random);
    });
  }
  for (const SyncPoint point : kElsewhere) {
    sync_points::on(point, [seed, probability] {
      Random& random = this_threads_random(seed);
      if (random.chance(probability)) spin_or_yield(random);
    });
  }
}

Jitter::~Jitter() { sync_points::reset(); }

}  // namespace skiplith::lab
