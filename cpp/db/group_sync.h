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
// When a sync fails, the poison is set before the leader ends: all who wait, and all who come
// later, find it, and nobody is acknowledged by a later fdatasync that reports success for pages
// the kernel has already dropped.
//
// Whoever comes while there is a leader waits, asleep on a word of its own, for a verdict:
//
//  1. There is at most one leader. `leading_` changes under the mutex only: true when a thread
//     takes leadership, false when a leader ends and finds nobody to hand it to.
//  2. A thread starts waiting only while `leading_`, and a leader that ends looks at all who wait,
//     both under the mutex: nobody waits without a leader that will look at it.
//  3. A leader that ends wakes whom its sync has covered, and of the others exactly one, the next
//     leader, who will cover them. After a failure it wakes all, for the poison. One that got no
//     memory wakes only the next leader. So everybody is woken once, and never for nothing.
//  4. The verdict is stored after its waiter was taken off the list, as the last touch: the waiter
//     lives on the stack of a thread that may return from then on. (The wake-up that follows uses
//     the word's address alone. Whoever sleeps there by then wakes, and looks again.)
//  5. `synced_through_` is stored before a leader ends: who finds no leader, and is covered, does
//     not sync again.
//
// A leader first gathers: those who were there when the last sync ended are about to come back with
// their next writes, and if it goes without them, two groups of half the size take turns at the
// disk. It waits until as many are there again, and no longer after the last sync's end than that
// sync took, so that waiting in vain costs no more than the sync that it could have saved. A thread
// that is alone expects nobody and never waits. (Eight Python threads: 4.5 writes a sync without
// this, 7.7 with it, and 1.2 times the rate.)
//
// All atomics are seq_cst: none of them is touched more than a few times a sync.
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
  enum Verdict : uint32_t { kNone, kDurable, kPoisoned, kLead };
  // A thread that waits. `next` is guarded by the mutex, or belongs to the leader that took it off.
  struct Waiter {
    const Sequence sequence;
    Waiter* next;
    std::atomic<uint32_t> verdict{kNone};
  };

  static Verdict await_verdict(const Waiter& self);
  Status lead();
  void gather();
  Status sync_log(Sequence* target);
  void end_leading(bool is_poisoned);
  static void wake(Waiter* first, Verdict verdict);

  SequenceClock& clock_;
  LogSet& log_;
  Poison& poison_;
  Counters<Counter>& counters_;
  std::atomic<Sequence> synced_through_{0};

  uint64_t gather_until_ns_ = 0;  // the leader's

  Mutex mutex_;  // row 2 of the wait order; never held during the sync itself; guards the rest
  bool leading_ = false;
  Waiter* waiters_ = nullptr;  // in no order: the next sync covers them all
  uint32_t waiting_ = 0;       // how many they are
  bool gathering_ = false;     // the leader sleeps on gathered_
  CondVar gathered_;
  uint32_t last_group_ = 0;  // how many were there when the last sync ended, the leader too
};

}  // namespace skiplith
