// What becomes of memtables and tables once nobody writes to them: flushing, ending what a clear
// has hidden, compacting.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/counters.h"
#include "base/locks.h"
#include "db/group_sync.h"
#include "db/log_set.h"
#include "db/stats.h"
#include "db/table_store.h"
#include "db/view.h"
#include "lsm/compaction_run.h"

namespace skiplith {

// All edits that name tables are made by one thread at a time, the background thread, or whoever
// closes: so an edit never contradicts another.
//
// The order is always: table synced, its directory entry synced, manifest edit synced, view
// installed, segment removed. A crash leaves, before the edit, an orphan beside the segment;
// after it, a segment that the manifest calls dead. Both go at the next opening.
//
// A failure is kept, tried again with growing pauses, and told to whoever asks for the work or
// can not go on without it; until then the memtables stay, and so do their segments.
class Maintenance {
 public:
  Maintenance(TableStore& store, Manifest& manifest, CurrentView& views, LogSet& log,
              GroupSync& sync, const Options& options, Counters<Counter>& counters,
              std::function<void()> wake)
      : store_(store),
        manifest_(manifest),
        views_(views),
        log_(log),
        sync_(sync),
        options_(options),
        counters_(counters),
        wake_(std::move(wake)) {}

  // Before anything else: the tables that the manifest names.
  void start(std::shared_ptr<const Levels> levels) { levels_ = std::move(levels); }

  // --- the background thread ---

  // Does the most urgent piece of work. Returns when it wants to be called again: kNow, 0 when
  // there is nothing to do, or nanoseconds.
  static constexpr uint64_t kNow = 1;
  uint64_t work();
  // From here on work() gives up what it is at.
  void stop() { stopping_.store(true); }

  // --- any thread, holding nothing ---

  // Compacts everything from `start` up to `stop`, not included, down to the deepest level, where
  // each key has one version left. `go_on` is asked now and then; when it says no, kClosed, and
  // what is done is done.
  Status compact(std::optional<std::string> start, std::optional<std::string> stop,
                 const std::function<bool()>& go_on);
  // Returns when one more memtable may be frozen; with the failure when it keeps them from being
  // flushed and there are too many.
  Status wait_for_room();
  // Returns when no frozen memtable has anything up to `through`, or with what keeps it there.
  Status wait_flushed(Sequence through);
  Status failure() const;
  // What compactions of these levels have to write until none is due, about.
  uint64_t debt_bytes(const Levels& levels) const;

  // --- once the background thread has stopped ---

  // Writes every frozen memtable to tables.
  Status flush_all();

 private:
  static constexpr size_t kMostFrozen = 3;
  static constexpr size_t kMostInLevel0 = 20;

  bool has_room(const View& view) const {
    return view.frozen().size() < kMostFrozen && (options_.compaction == CompactionStyle::kNone ||
                                                  view.levels()->level(0).size() < kMostInLevel0);
  }
  // One piece of work, if there is any.
  Status work_once(bool* worked);
  Status flush_oldest(const View& view);
  Status install(const std::shared_ptr<LoggedMemtable>& memtable,
                 const std::vector<TableMeta>& tables);
  // Begins a compaction if one is due or asked for.
  bool plan_compaction();
  std::unique_ptr<CompactionRun> run_of(const CompactionPlan& plan) const;
  Status compact_further();
  Status install_compaction();
  // Drops from the manifest what is older than the clear, once that is durable.
  Status finish_clear(Sequence cleared);
  void remove_segments(const std::vector<LogSet::Member>& segments);
  uint64_t note(const Status& done);
  template <typename Done>
  Status wait_until(Done done);

  TableStore& store_;
  Manifest& manifest_;
  CurrentView& views_;
  LogSet& log_;
  GroupSync& sync_;
  const Options& options_;
  Counters<Counter>& counters_;
  const std::function<void()> wake_;
  std::atomic<bool> stopping_{false};

  // The working thread's own. The levels are those that the manifest names: the view's, or what
  // a clear has just taken out of it.
  std::shared_ptr<const Levels> levels_;
  Sequence finished_clear_ = 0;
  struct Compaction {
    CompactionPlan plan;
    std::shared_ptr<const Levels> levels;  // that it was planned for: they have its inputs
    std::unique_ptr<CompactionRun> run;    // null: a table moves, nothing is written
  };
  std::unique_ptr<Compaction> compaction_;
  uint64_t pause_ns_ = 0;

  mutable Mutex mutex_;  // row 10 of the wait order
  CondVar changed_;      // a view was installed, or failure_ has changed
  Status failure_;
  struct Range {
    std::optional<std::string> start, stop;
  };
  std::list<Range> asked_;  // by compact(), which takes it out when it is done
};

}  // namespace skiplith
