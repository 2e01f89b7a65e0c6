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
#include "db/pace.h"
#include "db/retried_job.h"
#include "db/snapshots.h"
#include "db/stats.h"
#include "db/table_store.h"
#include "db/view.h"
#include "lsm/compaction_run.h"

namespace skiplith {

// All edits that name tables are made by one thread at a time, the background thread, a load that
// has its turn, or whoever closes: so an edit never contradicts another.
//
// The order is always: table synced, its directory entry synced, manifest edit synced, view
// installed, segment removed. A crash leaves, before the edit, an orphan beside the segment;
// after it, a segment that the manifest calls dead. Both go at the next opening.
//
// A failure is kept, tried again with growing pauses, and told to whoever asks for the work or
// can not go on without it; until then the memtables stay, and so do their segments.
class Maintenance {
 public:
  Maintenance(TableStore& store, Manifest& manifest, CurrentView& views, Snapshots& snapshots,
              LogSet& log, GroupSync& sync, const Options& options, Counters<Counter>& counters,
              std::function<void()> wake)
      : store_(store),
        manifest_(manifest),
        views_(views),
        snapshots_(snapshots),
        log_(log),
        sync_(sync),
        options_(options),
        counters_(counters),
        wake_(std::move(wake)) {}

  // Before anything else: the tables that the manifest names.
  void start(std::shared_ptr<const Levels> levels) { levels_ = std::move(levels); }

  // --- the background thread ---

  // Does the most urgent piece of work. Returns when it wants to be called again: RetriedJob::kNow,
  // 0 when there is nothing to do, or nanoseconds.
  uint64_t work();
  // From here on work() gives up what it is at.
  void stop() { stopping_.store(true); }

  // --- any thread, holding nothing ---

  // A wish to have everything from `start` up to `stop`, not included, brought down to the deepest
  // level: what was there when it was made. Given up by whoever drops it.
  struct CompactionRequest {
    std::optional<std::string> start, stop;
    Sequence through = 0;  // newer tables of level 0 are not meant
    uint32_t level = 0;    // above it, all is done
    uint64_t came = 0;
    bool done = false;
  };
  std::shared_ptr<CompactionRequest> ask_to_compact(std::optional<std::string> start,
                                                    std::optional<std::string> stop,
                                                    Sequence through);
  // True when it is done, false after about `limit_ns`; or what failed since it was made.
  Result<bool> wait_compacted(const CompactionRequest& request, uint64_t limit_ns);

  // Returns when one more memtable may be frozen; with the failure when it keeps them from being
  // flushed, or level 0 from being compacted, and there are too many.
  Status wait_for_room();
  // How long a writer pauses, holding nothing, before it takes `bytes` more of the active
  // memtable's arena. Any thread.
  uint64_t pause_ns(const LoggedMemtable& active, uint64_t bytes) const;
  // Returns when everything up to `through`, and every clear that the view shows, is in tables and
  // in the manifest; or with what keeps it from that.
  Status wait_flushed(Sequence through);
  // Why the last flush or compaction failed, unless one has succeeded since.
  Status failure() const;
  // What compactions of these levels have to write until none is due, about.
  uint64_t debt_bytes(const Levels& levels) const;

  // --- a load, any thread (maintenance_load.cc; cpp/DESIGN.md, Loading) ---

  // While it lives the background thread rests between two pieces of work, and other loads wait.
  // Taken with nothing held: row 2 of the wait order.
  class Turn {
   public:
    explicit Turn(Maintenance& maintenance);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Maintenance& maintenance_;
  };
  // As flush_all(), without lanes.
  Status flush_frozen(const Turn&);
  // Whether memtables and the log hold nothing but what is in the view's active memtable. Stays so
  // while the caller has its turn and all lanes.
  bool is_settled(const View& view) const {
    return clear_is_finished(view) && view.frozen().empty();
  }
  struct PreparedLoad {
    ManifestEdit edit;
    std::shared_ptr<const Levels> levels;  // as they will be
    std::vector<TableMeta> flushed;
    std::vector<LogSet::Member> segments;  // that will be dead
  };
  // With all lanes held and all settled: writes what `active` holds, and finds for each loaded
  // table its level, above every table that it overlaps. Nothing has changed after a failure. log_
  // has room for one more segment.
  Status prepare_load(const Turn&, const Memtable& active, const TableSeries& loaded,
                      Sequence sequence, PreparedLoad* load);
  // The one edit. From here on the files are the manifest's; after a failure it may name them.
  Status name_load(const Turn&, TableSeries& loaded, const PreparedLoad& load);
  // Once the view has the levels.
  void finish_load(const Turn&, const PreparedLoad& load);

  // --- once the background thread has stopped ---

  // Gives up a compaction that is under way, with its files.
  void abandon() { compaction_.reset(); }
  // Writes every frozen memtable to tables, and ends what clears have hidden.
  Status flush_all();

 private:
  bool clear_is_finished(const View& view) const {
    return view.cleared() <= finished_clear_.load();
  }
  uint64_t work_alone();
  Result<RetriedJob::Done> flush_once();
  Result<RetriedJob::Done> compact_once();
  Status flush_oldest(const View& view);
  Status install(const std::shared_ptr<LoggedMemtable>& memtable,
                 const std::vector<TableMeta>& tables);
  // Begins a compaction if one is due or asked for.
  bool plan_compaction();
  std::optional<CompactionPlan> plan_asked(const LevelMetas& metas,
                                           const std::vector<Sequence>& snapshots);
  std::unique_ptr<CompactionRun> run_of(const CompactionPlan& plan,
                                        std::vector<Sequence> snapshots) const;
  Status compact_further();
  Status install_compaction();
  // Drops from the manifest what is older than the clear, once that is durable.
  Status finish_clear(Sequence cleared);
  void remove_segments(const std::vector<LogSet::Member>& segments);
  // Shows `levels` in place of those before, unless a clear has been faster. What the manifest says
  // by then has to be shown: where memory runs out it is tried until there is some.
  template <typename Change>
  void show(Change change);
  template <typename Until>
  Status wait_until(RetriedJob& job, Until until);

  TableStore& store_;
  Manifest& manifest_;
  CurrentView& views_;
  Snapshots& snapshots_;
  LogSet& log_;
  GroupSync& sync_;
  const Options& options_;
  Counters<Counter>& counters_;
  const std::function<void()> wake_;
  std::atomic<bool> stopping_{false};
  Pace pace_{options_.memtable_bytes};

  // The working thread's own. The levels are those that the manifest names: the view's, or what
  // a clear has just taken out of it.
  std::shared_ptr<const Levels> levels_;
  struct Compaction {
    CompactionPlan plan;
    std::shared_ptr<const Levels> levels;  // that it was planned for: they have its inputs
    std::unique_ptr<CompactionRun> run;    // null: a table moves, nothing is written
  };
  std::unique_ptr<Compaction> compaction_;
  // Nothing is due while snapshots keep old versions; something may be once they are gone.
  bool snapshots_hold_back_ = false;
  uint64_t flushed_bytes_ = 0;  // of memtables, since pace_ was told
  bool asked_turn_ = false;     // who asked for a compaction is next, before what is due

  std::atomic<Sequence> finished_clear_{0};
  mutable Mutex mutex_;  // row 10 of the wait order; the rest is under it
  CondVar changed_;      // a view was installed, a job failed or succeeded
  RetriedJob flushing_{mutex_, changed_};
  RetriedJob compacting_{mutex_, changed_};
  std::list<std::weak_ptr<CompactionRequest>> asked_;
  uint32_t turns_ = 0;       // loads that wait for their turn, or have it
  bool is_working_ = false;  // the background thread, or a load
};

}  // namespace skiplith
