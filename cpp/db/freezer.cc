#include "db/freezer.h"

#include "base/clock.h"
#include "base/sync_points.h"

namespace skiplith {

Status Freezer::freeze(const std::shared_ptr<LoggedMemtable>& expected, const Need& need) {
  // A glance without a lane, to spare the losers of a race the making of a memtable each.
  if (views_.pin()->active() != expected) return Status::ok();
  auto next = supply_.next(need);
  if (!next.is_ok()) return next.take_status();
  SKIPLITH_SYNC_POINT(freeze_prepared);
  bool lost;
  Dropped dropped;
  {
    ExclusiveSection section(lanes_);
    SKIPLITH_SYNC_POINT(freeze_exclusive);
    // The double check: without it two writers that found the same memtable full freeze twice,
    // and the second freezes a fresh one.
    lost = active_ != expected;
    if (!lost) freeze_alone(section, *next, &dropped);
    SKIPLITH_SYNC_POINT(freeze_swapped);
  }
  if (lost) {
    SKIPLITH_SYNC_POINT(freeze_double_check_lost);
    counters_.add(Counter::kFreezeRacesLost);
    supply_.give_back(std::move(*next));
  } else {
    counters_.add(Counter::kFreezes);
  }
  return Status::ok();
}

Status Freezer::freeze_through(Sequence through) {
  const std::shared_ptr<const View> view = views_.pin();
  const bool empty = view->active()->table.used_bytes() <= Arena::kFirstByte;
  if (empty || (!view->frozen().empty() && view->frozen().front()->last_sequence >= through)) {
    return Status::ok();
  }
  return freeze(view->active(), {});
}

void Freezer::link_successor(const std::shared_ptr<LoggedMemtable>& next, Dropped* dropped) {
  if (open_transactions_.load() > 0) active_->successor = next;
  auto& [oldest, cut_off] = *dropped;
  oldest = recent_[turn_].lock();
  if (oldest != nullptr) cut_off = std::move(oldest->successor);
  recent_[turn_] = active_;
  turn_ = (turn_ + 1) % kMostSuccessors;
}

void Freezer::freeze_alone(const ExclusiveSection& section,
                           const std::shared_ptr<LoggedMemtable>& next, Dropped* dropped) {
  if (next->segment != nullptr) log_.reserve_one();
  active_->last_sequence = clock_.last();
  // Memory may run out up to here; readers may look into `next`, where nobody writes yet.
  views_.update([&](const View& now) {
    ViewParts parts = now.parts();
    parts.frozen.insert(parts.frozen.begin(), active_);
    parts.active = next;
    return views_.make(std::move(parts));
  });
  link_successor(next, dropped);
  activate(section, next);
}

void Freezer::activate(const ExclusiveSection& section, std::shared_ptr<LoggedMemtable> next) {
  if (next->segment != nullptr) log_.reserve_one();
  uint64_t records = 0;
  for (Lane& lane : section.lanes()) {
    records += lane.log.records();
    lane.arena.reset();
    lane.log.reset();
  }
  if (active_->segment != nullptr) {
    log_.seal_newest(clock_.last(), records);
    log_.add(next->segment);
  }
  active_ = std::move(next);
  active_->active_since_ns = monotonic_ns();
}

void Freezer::start(std::shared_ptr<LoggedMemtable> first, MemtableList frozen,
                    std::shared_ptr<const Levels> levels) {
  if (first->segment != nullptr) log_.add(first->segment);
  active_ = std::move(first);
  active_->active_since_ns = monotonic_ns();
  views_.install(
      views_.make({.active = active_, .frozen = std::move(frozen), .levels = std::move(levels)}));
}

}  // namespace skiplith
