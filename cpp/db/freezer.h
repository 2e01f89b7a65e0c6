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

  // Freezes the active memtable unless everything up to `through` is in older ones already.
  Status freeze_through(Sequence through);

  // Inside an exclusive section: no segment newer than that of `next` has become active.
  bool may_follow(const ExclusiveSection&, const LoggedMemtable& next) const {
    return next.segment == nullptr || next.segment->number() > active_->segment->number();
  }
  // Inside an exclusive section: from here on writers use `next`. What readers see is the view's
  // to say, and the caller's to install.
  void activate(const ExclusiveSection& section, std::shared_ptr<LoggedMemtable> next);

  // The first memtable, before there are writers.
  void start(std::shared_ptr<LoggedMemtable> first, MemtableList frozen,
             std::shared_ptr<const Levels> levels);

 private:
  void freeze_alone(const ExclusiveSection& section, const std::shared_ptr<LoggedMemtable>& next);

  Lanes& lanes_;
  SequenceClock& clock_;
  CurrentView& views_;
  LogSet& log_;
  Supply& supply_;
  Counters<Counter>& counters_;
  std::shared_ptr<LoggedMemtable> active_;  // written with all lanes held, read with one
};

}  // namespace skiplith
