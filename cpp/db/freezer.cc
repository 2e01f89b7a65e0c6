#include "db/freezer.h"

#include "base/sync_points.h"

namespace skiplith {

Status Freezer::freeze(const std::shared_ptr<LoggedMemtable>& expected, const Need& need) {
  // A glance without a lane, to spare the losers of a race the making of a memtable each.
  if (views_.pin()->active() != expected) return Status::ok();
  auto next = supply_.next(need);
  if (!next.is_ok()) return next.take_status();
  SKIPLITH_SYNC_POINT(freeze_prepared);
  bool lost;
  {
    ExclusiveSection section(lanes_);
    SKIPLITH_SYNC_POINT(freeze_exclusive);
    // The double check: without it two writers that found the same memtable full freeze twice,
    // and the second freezes a fresh one.
    lost = active_ != expected;
    if (!lost) views_.install(swap(section, *next, true));
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

std::shared_ptr<const View> Freezer::swap(const ExclusiveSection& section,
                                          std::shared_ptr<LoggedMemtable> next, bool keep_older) {
  // What may run out of memory comes before the first change.
  View::MemtableList frozen;
  if (keep_older) {
    const auto view = views_.pin();
    frozen.reserve(view->frozen().size() + 1);
    frozen.push_back(active_);
    frozen.insert(frozen.end(), view->frozen().begin(), view->frozen().end());
  }
  auto view = std::make_shared<const View>(next, std::move(frozen));
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
  return view;
}

void Freezer::start(std::shared_ptr<LoggedMemtable> first, View::MemtableList frozen) {
  if (first->segment != nullptr) log_.add(first->segment);
  active_ = std::move(first);
  views_.install(std::make_shared<const View>(active_, std::move(frozen)));
}

}  // namespace skiplith
