#include "db/snapshots.h"

#include "base/sync_points.h"

namespace skiplith {

void HeldSequence::keep(const std::shared_ptr<const View>& view) {
  if (kept_ != nullptr) return;  // an earlier clear's: it has what this snapshot sees
  kept_ = view;
  has_kept_.store(true, std::memory_order_release);  // order: publishes kept_, see view()
}

Snapshots::Place Snapshots::hold() {
  std::list<HeldSequence> one(1);
  const MutexLock lock = clock_.lock_snapshots();
  one.front().sequence_ = clock_.snapshot_locked(lock);
  SKIPLITH_SYNC_POINT(snapshot_taken);
  held_.splice(held_.end(), one);
  return std::prev(held_.end());
}

std::optional<Snapshots::Place> Snapshots::try_hold() {
  std::list<HeldSequence> one(1);
  const MutexLock lock = clock_.try_lock_snapshots();
  if (!lock.owns_lock() || !clock_.try_snapshot(&one.front().sequence_)) return std::nullopt;
  held_.splice(held_.end(), one);
  return std::prev(held_.end());
}

void Snapshots::release(Place place) { release_locked(clock_.lock_snapshots(), place); }

bool Snapshots::try_release(Place place) {
  MutexLock lock = clock_.try_lock_snapshots();
  if (!lock.owns_lock()) return false;
  release_locked(std::move(lock), place);
  return true;
}

void Snapshots::release_locked(MutexLock lock, Place place) {
  std::list<HeldSequence> one;
  one.splice(one.end(), held_, place);
  lock.unlock();  // before what it kept is freed
}

std::vector<Sequence> Snapshots::held() const {
  const MutexLock lock = clock_.lock_snapshots();
  std::vector<Sequence> sequences;
  for (const HeldSequence& held : held_) {
    if (sequences.empty() || sequences.back() != held.sequence_) {
      sequences.push_back(held.sequence_);
    }
  }
  return sequences;
}

size_t Snapshots::count() const {
  const MutexLock lock = clock_.lock_snapshots();
  return held_.size();
}

void Snapshots::keep_view(const MutexLock&, const std::shared_ptr<const View>& view) {
  for (HeldSequence& held : held_) held.keep(view);
}

Snapshot::Snapshot(std::shared_ptr<Database> database, Snapshots& snapshots)
    : database_(std::move(database)), snapshots_(snapshots), born_(fork_generation()) {}

// The object is there before the sequence is held: memory that runs out leaves none behind.
std::unique_ptr<Snapshot> Snapshot::make(std::shared_ptr<Database> database, Snapshots& snapshots) {
  std::unique_ptr<Snapshot> made(new Snapshot(std::move(database), snapshots));
  made->place_ = snapshots.hold();
  return made;
}

std::unique_ptr<Snapshot> Snapshot::try_make(std::shared_ptr<Database> database,
                                             Snapshots& snapshots) {
  std::unique_ptr<Snapshot> made(new Snapshot(std::move(database), snapshots));
  made->place_ = snapshots.try_hold();
  return made->place_ ? std::move(made) : nullptr;
}

// In the child of a fork the mutex may be held by a thread that does not exist here.
Snapshot::~Snapshot() {
  if (place_ && born_ == fork_generation()) snapshots_.release(*place_);
}

bool Snapshot::try_release() {
  if (place_ && born_ == fork_generation() && snapshots_.try_release(*place_)) place_.reset();
  return !place_ || born_ != fork_generation();
}

}  // namespace skiplith
