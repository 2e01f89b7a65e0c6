// Sequences: how writes get theirs, and how a snapshot finds a number below which all is visible.
//
// Invariants (checked exhaustively on models of two to four threads, and by the tests named
// after them; all operations on `word_`, `in_flight` and `gate_limit_` are seq_cst, because each
// argument below needs one order that all threads agree on):
//
//  1. in_flight announces before the counter moves. A snapshot that reads the counter as N after
//     a writer took a sequence < N finds that writer's in_flight at or below its sequence until
//     its write is visible. Announced after, a snapshot misses it.
//  2. A snapshot at S waits for every lane with in_flight <= S. Then every write up to S is
//     visible, or was never acknowledged (poison).
//  3. The gate keeps writes above S invisible until the snapshot is complete: otherwise a reader
//     could see such a write, and then a snapshot S that lacks it. A writer learns of the gate
//     from the very operation that gives it its sequence, and waits before it becomes visible.
//     gate_limit_ tells to whom a gate is closed: a writer that waited for an old gate does not
//     wait for the next one, whose snapshot waits for that writer.
//  4. Fast path: the counter read, all lanes idle, the counter unchanged: nothing was in flight
//     at the moment of the second read, so S is the last sequence and no gate is needed.
#pragma once

#include <atomic>

#include "base/locks.h"
#include "db/lanes.h"

namespace skiplith {

class SequenceClock {
 public:
  explicit SequenceClock(Lanes& lanes) : lanes_(lanes) {}
  // Before there are writers.
  void start_after(Sequence last) { word_.store(last + 1); }

  // The holder of a lane takes `count` sequences and returns the first of them; its write is in
  // flight until finish(). take() may wait for the gate. try_take() never waits: false when a
  // snapshot holds the gate, and then nothing is in flight.
  Sequence take(Lane& lane, uint64_t count);
  bool try_take(Lane& lane, uint64_t count, Sequence* first);
  // The lane's write is visible, or never will be.
  void finish(Lane& lane) {
    lane.in_flight.store(0);
    drained_.notify();
  }

  // A sequence S such that every write up to S is visible and stays so, and none above S was
  // visible to a read that ended before this call. Waits for writes in flight.
  Sequence snapshot();
  // Only if it need not wait.
  bool try_snapshot(Sequence* sequence);

  // Snapshots take turns. Whoever has to do something in one step with taking one holds the lock.
  MutexLock lock_snapshots() { return MutexLock(snapshot_mutex_); }
  MutexLock try_lock_snapshots() { return MutexLock(snapshot_mutex_, std::try_to_lock); }
  Sequence snapshot_locked(const MutexLock& lock);

  // Waits until no write with a sequence up to `through` is in flight.
  void drain(Sequence through);

  // The last sequence taken.
  Sequence last() const { return (word_.load() & ~kGate) - 1; }

 private:
  static constexpr uint64_t kGate = uint64_t{1} << 63;
  void wait_at_gate(Sequence own);

  Lanes& lanes_;
  alignas(128) std::atomic<uint64_t> word_{1};  // the next sequence, and the gate
  alignas(128) std::atomic<Sequence> gate_limit_{0};
  Mutex snapshot_mutex_;             // one gate at a time
  alignas(128) EventCount drained_;  // every write looks at it, hence the line of its own
  alignas(128) EventCount gate_opened_;
};

}  // namespace skiplith
