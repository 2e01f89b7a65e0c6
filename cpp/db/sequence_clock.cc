#include "db/sequence_clock.h"

#include "base/sync_points.h"

namespace skiplith {

Sequence SequenceClock::take(Lane& lane, uint64_t count) {
  const Sequence announced = word_.load() & ~kGate;
  lane.in_flight.store(announced);
  SKIPLITH_SYNC_POINT(write_announced);
  const uint64_t before = word_.fetch_add(count);
  const Sequence first = before & ~kGate;
  if (first != announced) {
    lane.in_flight.store(first);
    // The exact value may let a drain go on that the lower bound held up.
    drained_.notify();
  }
  if ((before & kGate) != 0) wait_at_gate(first);
  return first;
}

bool SequenceClock::try_take(Lane& lane, uint64_t count, Sequence* first) {
  uint64_t before = word_.load();
  const Sequence announced = before & ~kGate;
  lane.in_flight.store(announced);
  SKIPLITH_SYNC_POINT(write_announced);
  while ((before & kGate) == 0) {
    if (word_.compare_exchange_weak(before, before + count)) {
      if (before != announced) lane.in_flight.store(before);
      *first = before;
      return true;
    }
  }
  finish(lane);
  return false;
}

void SequenceClock::wait_at_gate(Sequence own) {
  SKIPLITH_SYNC_POINT(gate_wait);
  gate_opened_.wait_until([&] { return (word_.load() & kGate) == 0 || own <= gate_limit_.load(); });
}

bool SequenceClock::try_snapshot(Sequence* sequence) {
  const uint64_t before = word_.load();
  if ((before & kGate) != 0) return false;
  for (const Lane& lane : lanes_.all()) {
    if (lane.in_flight.load() != 0) return false;
  }
  if (word_.load() != before) return false;
  *sequence = before - 1;
  return true;
}

Sequence SequenceClock::snapshot() {
  Sequence sequence;
  if (try_snapshot(&sequence)) return sequence;
  return snapshot_locked(lock_snapshots());
}

Sequence SequenceClock::snapshot_locked(const MutexLock&) {
  Sequence sequence;
  if (try_snapshot(&sequence)) return sequence;
  sequence = (word_.fetch_or(kGate) & ~kGate) - 1;
  SKIPLITH_SYNC_POINT(gate_set);
  // Writers that met an earlier gate and have not noticed its end have sequences up to here.
  gate_limit_.store(sequence);
  gate_opened_.notify();
  drain(sequence);
  SKIPLITH_SYNC_POINT(snapshot_drained);
  word_.fetch_and(~kGate);
  gate_opened_.notify();
  return sequence;
}

void SequenceClock::drain(Sequence through) {
  for (const Lane& lane : lanes_.all()) {
    drained_.wait_until([&] {
      const Sequence in_flight = lane.in_flight.load();
      return in_flight == 0 || in_flight > through;
    });
  }
}

}  // namespace skiplith
