// Snapshots: sequences that readers hold, so that flush and compaction keep what they see.
//
// Invariants:
//
//  1. A sequence is taken and registered in one step, under the snapshot mutex, and flush and
//     compaction gather under it. So whoever gathers finds S, or S is taken later, and then sees
//     all that the memtable or the tables at hand hold. Reads load the view as it is when they
//     come: its newest versions may be newer than S, but the one visible at S is still there.
//  2. A clear takes everything out of the view, which leaves no version to keep. It therefore holds
//     the snapshot mutex from before it takes its sequence until its view is installed, and gives
//     every snapshot that is registered the view from before: all of them are older, and none can
//     come in between. It is given before the emptied view is installed, so a reader who finds the
//     emptied view finds the other one too.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "db/sequence_clock.h"
#include "db/view.h"

namespace skiplith {

class Database;

// One held sequence.
class HeldSequence {
 public:
  Sequence sequence() const { return sequence_; }
  // The view to read through: `now`, or the one from before a clear. `now` is the present view,
  // loaded by the caller before this call.
  const View& view(const View& now) const {
    // order: acquire, pairs with keep(): the view is seen with the flag
    return has_kept_.load(std::memory_order_acquire) ? *kept_ : now;
  }

 private:
  friend class Snapshots;
  void keep(const std::shared_ptr<const View>& view);

  Sequence sequence_ = 0;
  std::shared_ptr<const View> kept_;  // written once, before has_kept_
  std::atomic<bool> has_kept_{false};
};

class Snapshots {
 public:
  using Place = std::list<HeldSequence>::iterator;

  explicit Snapshots(SequenceClock& clock) : clock_(clock) {}

  // Any thread; may wait for writes in flight.
  Place hold();
  // Only if it need not wait.
  std::optional<Place> try_hold();
  void release(Place place);
  bool try_release(Place place);

  // All that are held, ascending, each once.
  std::vector<Sequence> held() const;
  size_t count() const;

  // For a clear: no sequence is registered while the lock lives.
  MutexLock lock() { return clock_.lock_snapshots(); }
  void keep_view(const MutexLock& lock, const std::shared_ptr<const View>& view);

 private:
  void release_locked(MutexLock lock, Place place);

  SequenceClock& clock_;
  // Under the clock's snapshot mutex. Ascending: sequences are taken under it too.
  std::list<HeldSequence> held_;
};

// A registered sequence and the database it belongs to. Any thread may read at it; holds no lock.
class Snapshot {
 public:
  // May wait for writes in flight.
  static std::unique_ptr<Snapshot> make(std::shared_ptr<Database> database, Snapshots& snapshots);
  // Null if it would have to.
  static std::unique_ptr<Snapshot> try_make(std::shared_ptr<Database> database,
                                            Snapshots& snapshots);
  // May wait for another snapshot that is being taken.
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Gives the sequence back before its time, only if that need not wait; the last call.
  bool try_release();

  const HeldSequence& held() const { return **place_; }
  Sequence sequence() const { return held().sequence(); }

 private:
  Snapshot(std::shared_ptr<Database> database, Snapshots& snapshots);

  const std::shared_ptr<Database> database_;  // keeps `snapshots_`
  Snapshots& snapshots_;
  std::optional<Snapshots::Place> place_;  // none once it is released
  const uint32_t born_;
};

}  // namespace skiplith
