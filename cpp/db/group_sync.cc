#include "db/group_sync.h"

#include "base/clock.h"
#include "base/sync_points.h"
#include "base/threads.h"

namespace skiplith {

Status GroupSync::sync_through(Sequence sequence) {
  if (synced_through_.load() >= sequence) return Status::ok();
  MutexLock lock(mutex_);
  if (synced_through_.load() >= sequence) return Status::ok();
  SKIPLITH_RETURN_IF_ERROR(poison_.check());
  if (!leading_) {
    leading_ = true;
    lock.unlock();
    return lead();
  }
  Waiter self{.sequence = sequence, .next = waiters_};
  waiters_ = &self;
  ++waiting_;
  const bool is_last_to_come = gathering_ && waiting_ + 1 == last_group_;
  lock.unlock();
  if (is_last_to_come) gathered_.notify_one();
  SKIPLITH_SYNC_POINT(sync_follower);
  const Verdict verdict = await_verdict(self);
  if (verdict == kLead) return lead();
  return verdict == kPoisoned ? poison_.check() : Status::ok();
}

GroupSync::Verdict GroupSync::await_verdict(const Waiter& self) {
  for (;;) {
    const auto verdict = static_cast<Verdict>(self.verdict.load());
    if (verdict != kNone) return verdict;
    futex_wait(self.verdict, kNone);
    SKIPLITH_SYNC_POINT(sync_woken);
  }
}

Status GroupSync::lead() {
  try {
    SKIPLITH_SYNC_POINT(sync_leader);
    gather();
    const uint64_t begun = monotonic_ns();
    Sequence target = 0;
    Status synced = sync_log(&target);
    if (synced.is_ok()) synced_through_.store(target);
    const uint64_t ended = monotonic_ns();
    gather_until_ns_ = ended + (ended - begun);
    end_leading(!synced.is_ok());
    return synced;
  } catch (...) {  // out of memory: nobody is acknowledged, the next one leads
    end_leading(false);
    throw;
  }
}

void GroupSync::gather() {
  MutexLock lock(mutex_);
  gathering_ = true;
  while (waiting_ + 1 < last_group_) {
    const uint64_t now = monotonic_ns();
    if (now >= gather_until_ns_) break;
    SKIPLITH_SYNC_POINT(sync_gathering);
    wait_for(gathered_, lock, gather_until_ns_ - now);
  }
  gathering_ = false;
}

Status GroupSync::sync_log(Sequence* target) {
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

void GroupSync::end_leading(bool is_poisoned) {
  const Sequence durable = synced_through_.load();
  Waiter* ended = nullptr;
  Waiter* next_leader = nullptr;
  {
    const MutexLock lock(mutex_);
    last_group_ = waiting_ + 1;
    for (Waiter** link = &waiters_; *link != nullptr;) {
      Waiter* const waiter = *link;
      if (!is_poisoned && waiter->sequence > durable) {
        link = &waiter->next;
        continue;
      }
      *link = waiter->next;
      waiter->next = ended;
      ended = waiter;
      --waiting_;
    }
    next_leader = waiters_;
    if (next_leader == nullptr) {
      leading_ = false;
    } else {
      waiters_ = next_leader->next;
      next_leader->next = nullptr;
      --waiting_;
    }
  }
  wake(next_leader, kLead);
  wake(ended, is_poisoned ? kPoisoned : kDurable);
}

void GroupSync::wake(Waiter* first, Verdict verdict) {
  while (first != nullptr) {
    std::atomic<uint32_t>& word = first->verdict;
    first = first->next;
    word.store(verdict);
    futex_wake_one(word);
  }
}

}  // namespace skiplith
