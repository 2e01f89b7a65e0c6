// Group commit: one thread syncs for all that wait.
#pragma once

#include "base/counters.h"
#include "base/locks.h"
#include "db/log_set.h"
#include "db/poison.h"
#include "db/sequence_clock.h"
#include "db/stats.h"

namespace skiplith {

// The leader takes target = the last sequence, drains the lanes up to it, syncs every unsynced
// segment oldest first, checks the poison, and then acknowledges everything up to target. So an
// acknowledged sync means that everything sequenced before it is durable, in every segment: a
// power cut leaves a prefix.
//
// When a sync fails, the poison is set before leadership passes: a follower that becomes leader
// finds it, and nobody is acknowledged by a later fdatasync that reports success for pages the
// kernel has already dropped.
//
// No lane, bit or other engine lock is held by callers.
class GroupSync {
 public:
  GroupSync(SequenceClock& clock, LogSet& log, Poison& poison, Counters<Counter>& counters)
      : clock_(clock), log_(log), poison_(poison), counters_(counters) {}

  // Returns once every write up to `sequence` is durable. kStorage for the thread that met the
  // failure, kPoisoned for all others.
  Status sync_through(Sequence sequence);
  Sequence synced_through() const { return synced_through_.load(); }

 private:
  Status lead(Sequence* target);

  SequenceClock& clock_;
  LogSet& log_;
  Poison& poison_;
  Counters<Counter>& counters_;
  std::atomic<Sequence> synced_through_{0};
  Mutex mutex_;  // row 2 of the wait order; never held during the sync itself
  CondVar leader_done_;
  bool leading_ = false;
};

}  // namespace skiplith
