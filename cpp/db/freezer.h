// The active memtable, and how another takes its place.
#pragma once

#include <memory>

#include "base/counters.h"
#include "db/lanes.h"
#include "db/log_set.h"
#include "db/sequence_clock.h"
#include "db/stats.h"
#include "db/supply.h"
#include "db/view.h"

namespace skiplith {

class Freezer {
 public:
  Freezer(Lanes& lanes, SequenceClock& clock, CurrentView& views, LogSet& log, Supply& supply,
          Counters<Counter>& counters)
      : lanes_(lanes),
        clock_(clock),
        views_(views),
        log_(log),
        supply_(supply),
        counters_(counters) {}

  // The memtable that writes go to; stays the same while the caller holds a lane.
  const std::shared_ptr<LoggedMemtable>& active(const Lane&) const { return active_; }

  // Freezes `expected` if it is still active, and returns with a fresh memtable in which `need`
  // has room; when somebody else was faster, that is as good. The caller holds nothing.
  Status freeze(const std::shared_ptr<LoggedMemtable>& expected, const Need& need);

  // Inside an exclusive section: no segment newer than that of `next` has become active.
  bool may_follow(const ExclusiveSection&, const LoggedMemtable& next) const {
    return next.segment == nullptr || next.segment->number() > active_->segment->number();
  }
  // Inside an exclusive section: `next` becomes active; what was there before is frozen, or
  // (clear) left out of the view. The view is the caller's to install: it is what makes the
  // change visible.
  std::shared_ptr<const View> swap(const ExclusiveSection& section,
                                   std::shared_ptr<LoggedMemtable> next, bool keep_older);

  // The first memtable, before there are writers.
  void start(std::shared_ptr<LoggedMemtable> first, View::MemtableList frozen);

 private:
  Lanes& lanes_;
  SequenceClock& clock_;
  CurrentView& views_;
  LogSet& log_;
  Supply& supply_;
  Counters<Counter>& counters_;
  std::shared_ptr<LoggedMemtable> active_;  // written with all lanes held, read with one
};

}  // namespace skiplith
