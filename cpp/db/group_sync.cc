#include "db/group_sync.h"

#include "base/sync_points.h"

namespace skiplith {

Status GroupSync::sync_through(Sequence sequence) {
  MutexLock lock(mutex_);
  for (;;) {
    if (synced_through_.load() >= sequence) return Status::ok();
    SKIPLITH_RETURN_IF_ERROR(poison_.check());
    if (!leading_) break;
    SKIPLITH_SYNC_POINT(sync_follower);
    leader_done_.wait(lock);
  }
  leading_ = true;
  lock.unlock();
  Sequence target = 0;
  const auto step_down = [&] {
    lock.lock();
    leading_ = false;
    leader_done_.notify_all();
  };
  try {
    Status led = lead(&target);
    if (led.is_ok()) synced_through_.store(target);
    step_down();
    return led;
  } catch (...) {  // out of memory: nobody is acknowledged, the next one leads
    step_down();
    throw;
  }
}

Status GroupSync::lead(Sequence* target) {
  SKIPLITH_SYNC_POINT(sync_leader);
  *target = clock_.last();
  clock_.drain(*target);
  SKIPLITH_SYNC_POINT(sync_drained);
  const std::vector<LogSet::Member> unsynced = log_.unsynced(*target);
  for (const LogSet::Member& member : unsynced) {
    Status synced = member.segment->sync();
    if (!synced.is_ok()) {
      poison_.set(synced);
      for (const LogSet::Member& every : log_.all()) every.segment->note_sync_failed();
      return synced;
    }
  }
  counters_.add(Counter::kSyncs);
  SKIPLITH_SYNC_POINT(sync_done);
  // A log write may have failed since: its sequence lies below target and is not in the log.
  SKIPLITH_RETURN_IF_ERROR(poison_.check());
  // Only now: a note in the first segment says that everything up to target is durable, the
  // part in the later ones too. After a power cut in between, replay would call it damage.
  for (const LogSet::Member& member : unsynced) {
    log_.note_synced(member.segment.get(), *target);
    member.segment->note_synced_through(*target);
  }
  return Status::ok();
}

}  // namespace skiplith
