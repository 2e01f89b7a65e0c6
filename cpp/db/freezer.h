// The active memtable, and how another takes its place.
#pragma once

#include <array>
#include <atomic>
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

  // Transactions that have begun count themselves here, before they pin their view: while there are
  // some, a memtable that is frozen keeps its successor alive, so that whoever has the memtable has
  // all that was written since; up to kMostSuccessors of them, so that a transaction that never
  // ends does not keep all memory. Where the chain ends early, a transaction began too long ago.
  std::atomic<uint64_t>& open_transactions() { return open_transactions_; }
  static constexpr size_t kMostSuccessors = 4;

  // The first memtable, before there are writers.
  void start(std::shared_ptr<LoggedMemtable> first, MemtableList frozen,
             std::shared_ptr<const Levels> levels);

 private:
  // Destroyed after the exclusive section: that may take time.
  using Dropped = std::array<std::shared_ptr<LoggedMemtable>, 2>;
  void freeze_alone(const ExclusiveSection& section, const std::shared_ptr<LoggedMemtable>& next,
                    Dropped* dropped);
  void link_successor(const std::shared_ptr<LoggedMemtable>& next, Dropped* dropped);

  Lanes& lanes_;
  SequenceClock& clock_;
  CurrentView& views_;
  LogSet& log_;
  Supply& supply_;
  Counters<Counter>& counters_;
  std::shared_ptr<LoggedMemtable> active_;  // written with all lanes held, read with one
  // On a line of its own: every put reads active_.
  alignas(128) std::atomic<uint64_t> open_transactions_{0};
  // With all lanes held: those frozen last, the next to be replaced at the turn.
  alignas(128) std::array<std::weak_ptr<LoggedMemtable>, kMostSuccessors> recent_;
  size_t turn_ = 0;
};

}  // namespace skiplith
