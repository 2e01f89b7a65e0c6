#include "db/maintenance.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/sync_points.h"
#include "base/threads.h"
#include "lsm/compaction_debt.h"

namespace skiplith {
namespace {

// What a compaction does before more urgent work gets its turn.
constexpr uint64_t kStepBytes = 4 << 20;
// How soon to look whether there is memory again.
constexpr uint64_t kMemoryNs = 10'000'000;
// How soon to look whether snapshots are gone that kept old versions. Telling it at every release
// would have the background thread plan as often as snapshots come and go.
constexpr uint64_t kSnapshotsNs = 500'000'000;

CompactionParameters parameters_of(const Options& options) {
  return {.tiered = options.compaction == CompactionStyle::kTiered,
          .base_bytes = 4 * options.memtable_bytes,
          .table_bytes = table_bytes(options),
          .compression = options.compression};
}

}  // namespace

// Loads come first: they wait for one piece of work, not for the end of all.
uint64_t Maintenance::work() {
  MutexLock lock(mutex_);
  changed_.wait(lock, [this] { return turns_ == 0 && !is_working_; });
  is_working_ = true;
  lock.unlock();
  const uint64_t next_ns = work_alone();
  lock.lock();
  is_working_ = false;
  changed_.notify_all();
  return next_ns;
}

uint64_t Maintenance::work_alone() {
  const std::string& path = store_.home().directory;
  const uint64_t begun = monotonic_ns();
  const auto tell_pace = [&](uint64_t next_ns) {
    if (next_ns != RetriedJob::kNow) return;  // nothing was done
    pace_.worked(monotonic_ns() - begun, std::exchange(flushed_bytes_, 0));
  };
  const uint64_t flush_ns = flushing_.attempt(path, [this] { return flush_once(); }, [] {});
  tell_pace(flush_ns);
  if (flush_ns == RetriedJob::kNow || stopping_.load()) return flush_ns;
  // In the middle of a step it may have been when memory ran out.
  uint64_t compact_ns =
      compacting_.attempt(path, [this] { return compact_once(); }, [this] { compaction_.reset(); });
  tell_pace(compact_ns);
  if (compact_ns == 0 && snapshots_hold_back_) compact_ns = kSnapshotsNs;
  if (flush_ns == 0 || compact_ns == 0) return std::max(flush_ns, compact_ns);
  return std::min(flush_ns, compact_ns);
}

// In quarantine the manifest would name nothing of what was made.
Result<RetriedJob::Done> Maintenance::flush_once() {
  const std::shared_ptr<const View> view = views_.pin();
  if (clear_is_finished(*view) && view->frozen().empty()) return RetriedJob::Done::kNothing;
  SKIPLITH_RETURN_IF_ERROR(manifest_.failure());
  SKIPLITH_RETURN_IF_ERROR(clear_is_finished(*view) ? flush_oldest(*view)
                                                    : finish_clear(view->cleared()));
  return RetriedJob::Done::kWhole;
}

Result<RetriedJob::Done> Maintenance::compact_once() {
  if (compaction_ == nullptr && !plan_compaction()) return RetriedJob::Done::kNothing;
  SKIPLITH_RETURN_IF_ERROR(manifest_.failure());
  SKIPLITH_RETURN_IF_ERROR(compact_further());
  return compaction_ == nullptr ? RetriedJob::Done::kWhole : RetriedJob::Done::kPart;
}

Status Maintenance::flush_oldest(const View& view) {
  const std::shared_ptr<LoggedMemtable> memtable = view.frozen().back();
  const auto between = [this] { return stopping_.load() ? Status::closed() : Status::ok(); };
  SKIPLITH_SYNC_POINT(flush_begin);
  auto tables = store_.write(memtable->table, snapshots_.held(), between);
  if (!tables.is_ok()) return tables.take_status();
  if (!tables->empty()) {
    Status synced = store_.sync_directory();
    if (!synced.is_ok()) {
      for (const TableMeta& table : *tables) store_.remove(table);
      return synced;
    }
  }
  SKIPLITH_SYNC_POINT(flush_written);
  return install(memtable, *tables);
}

Status Maintenance::install(const std::shared_ptr<LoggedMemtable>& memtable,
                            const std::vector<TableMeta>& tables) {
  const Sequence through = memtable->last_sequence;
  ManifestEdit edit{.base_sequence = through, .added_tables = tables};
  // Others may end meanwhile, with nothing in them: those are not in this edit.
  const std::vector<LogSet::Member> segments = log_.through(through);
  for (const LogSet::Member& member : segments) {
    edit.removed_segments.push_back(member.segment->number());
  }
  Levels::Tables all = levels_->all();
  for (const TableMeta& table : tables) all.push_back(store_.open(table));
  const auto levels = std::make_shared<const Levels>(std::move(all));
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  SKIPLITH_SYNC_POINT(flush_named);
  levels_ = levels;
  show([&](const View& now) -> std::shared_ptr<const View> {
    // A clear has taken it out meanwhile; finish_clear() will take out its tables.
    if (now.frozen().empty() || now.frozen().back() != memtable) return nullptr;
    ViewParts parts = now.parts();
    parts.frozen.pop_back();
    parts.levels = levels;
    return views_.make(std::move(parts));
  });
  SKIPLITH_SYNC_POINT(flush_installed);
  remove_segments(segments);
  flushed_bytes_ += memtable->table.used_bytes();
  counters_.add(Counter::kFlushes);
  for (const TableMeta& table : tables) counters_.add(Counter::kBytesFlushed, table.bytes);
  return Status::ok();
}

Status Maintenance::finish_clear(Sequence cleared) {
  // Until the clear is durable, what it hides has to survive a power cut.
  if (options_.wal) SKIPLITH_RETURN_IF_ERROR(sync_.sync_through(cleared));
  compaction_.reset();
  ManifestEdit edit{.base_sequence = cleared - 1};
  const Levels::Tables hidden = levels_->all();
  for (const LevelTable& table : hidden) edit.removed_tables.push_back(table.meta.number);
  const std::vector<LogSet::Member> segments = log_.through(cleared - 1);
  for (const LogSet::Member& member : segments) {
    edit.removed_segments.push_back(member.segment->number());
  }
  auto none = std::make_shared<const Levels>();
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  levels_ = std::move(none);
  finished_clear_.store(cleared);
  SKIPLITH_SYNC_POINT(clear_finished);
  for (const LevelTable& table : hidden) table.stored->drop();
  remove_segments(segments);
  return Status::ok();
}

// Failing to remove one is harmless: the next opening tries again.
void Maintenance::remove_segments(const std::vector<LogSet::Member>& segments) {
  for (const LogSet::Member& member : segments) {
    (void)store_.home().files.remove(member.segment->path());
  }
  log_.remove(segments);
}

// What is due and what was asked for take turns, so that neither waits for the other's end.
bool Maintenance::plan_compaction() {
  const LevelMetas metas = levels_->metas();
  std::vector<Sequence> snapshots = snapshots_.held();
  std::optional<CompactionPlan> plan;
  asked_turn_ = !asked_turn_;
  if (asked_turn_) plan = plan_asked(metas, snapshots);
  if (!plan && options_.compaction != CompactionStyle::kNone) {
    plan = skiplith::plan_compaction(metas, parameters_of(options_), snapshots);
  }
  if (!plan && !asked_turn_) plan = plan_asked(metas, snapshots);
  snapshots_hold_back_ = !plan && options_.compaction != CompactionStyle::kNone &&
                         !snapshots.empty() && levels_->obsolete_entries() > 0;
  if (!plan) return false;
  SKIPLITH_SYNC_POINT(compaction_begin);
  auto run = plan->is_trivial_move ? nullptr : run_of(*plan, std::move(snapshots));
  compaction_ = std::make_unique<Compaction>(
      Compaction{.plan = std::move(*plan), .levels = levels_, .run = std::move(run)});
  return true;
}

// A request goes through the levels once, from the top down: what comes into a level that is done
// is newer than the request.
std::optional<CompactionPlan> Maintenance::plan_asked(const LevelMetas& metas,
                                                      const std::vector<Sequence>& snapshots) {
  MutexLock lock(mutex_);
  while (!asked_.empty()) {
    if (const std::shared_ptr<CompactionRequest> request = asked_.front().lock()) {
      LevelMetas meant = metas;
      const bool only_newer = std::ranges::all_of(meant[0], [&](const TableMeta& table) {
        return table.smallest_sequence > request->through;
      });
      if (only_newer) request->level = std::max(request->level, 1u);
      for (uint32_t level = 0; level < request->level; ++level) meant[level].clear();
      auto plan =
          plan_range(meant, parameters_of(options_), snapshots, request->start, request->stop);
      if (plan) {
        request->level = plan->inputs.front().level;
        return plan;
      }
      request->done = true;
      changed_.notify_all();
    }
    asked_.pop_front();
  }
  return std::nullopt;
}

std::unique_ptr<CompactionRun> Maintenance::run_of(const CompactionPlan& plan,
                                                   std::vector<Sequence> snapshots) const {
  std::vector<Table*> tables;
  for (const TableMeta& input : plan.inputs) {
    for (const LevelTable& table : levels_->level(input.level)) {
      if (table.meta.number == input.number) tables.push_back(&table.table());
    }
  }
  return std::make_unique<CompactionRun>(
      plan, tables, store_.output_for(plan.output_level, table_bytes(options_)),
      std::move(snapshots));
}

Status Maintenance::compact_further() {
  Status done;
  bool is_done = compaction_->run == nullptr;
  if (!is_done) {
    Result<bool> step = compaction_->run->step(kStepBytes);
    is_done = step.is_ok() && *step;
    done = step.take_status();
  }
  if (done.is_ok() && is_done) done = install_compaction();
  if (!done.is_ok() || is_done) compaction_.reset();
  return done;
}

Status Maintenance::install_compaction() {
  const CompactionPlan& plan = compaction_->plan;
  WrittenTables written;
  ManifestEdit edit;
  for (const TableMeta& input : plan.inputs) edit.removed_tables.push_back(input.number);
  if (plan.is_trivial_move) {
    edit.added_tables = plan.inputs;
    for (TableMeta& table : edit.added_tables) table.level = plan.output_level;
  } else {
    SKIPLITH_RETURN_IF_ERROR(store_.sync_directory());
    // An edit that failed may have been written: its tables stay.
    written = compaction_->run->take_result();
    edit.added_tables = written.tables;
    SKIPLITH_SYNC_POINT(compaction_written);
  }
  const std::set<uint64_t> removed(edit.removed_tables.begin(), edit.removed_tables.end());
  Levels::Tables tables, inputs;
  for (const LevelTable& table : levels_->all()) {
    (removed.contains(table.meta.number) ? inputs : tables).push_back(table);
  }
  for (const TableMeta& added : edit.added_tables) {
    // One that moves is open already.
    const auto moved = std::ranges::find(inputs, added.number,
                                         [](const LevelTable& table) { return table.meta.number; });
    tables.push_back(moved == inputs.end() ? store_.open(added)
                                           : LevelTable{.meta = added, .stored = moved->stored});
  }
  const std::shared_ptr<const Levels> before = levels_;
  auto after = std::make_shared<const Levels>(std::move(tables));
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  SKIPLITH_SYNC_POINT(compaction_named);
  levels_ = std::move(after);
  show([&](const View& now) -> std::shared_ptr<const View> {
    if (now.levels() != before) return nullptr;  // a clear has taken them out meanwhile
    ViewParts parts = now.parts();
    parts.levels = levels_;
    return views_.make(std::move(parts));
  });
  SKIPLITH_SYNC_POINT(compaction_installed);
  if (!plan.is_trivial_move) {
    for (const LevelTable& table : inputs) table.stored->drop();
  }
  counters_.add(Counter::kCompactions);
  counters_.add(Counter::kBytesCompacted, written.bytes_written);
  return Status::ok();
}

template <typename Change>
void Maintenance::show(Change change) {
  for (;;) {
    try {
      return views_.update(change);
    } catch (const std::bad_alloc&) {
      MutexLock lock(mutex_);
      wait_for(changed_, lock, kMemoryNs);
    }
  }
}

std::shared_ptr<Maintenance::CompactionRequest> Maintenance::ask_to_compact(
    std::optional<std::string> start, std::optional<std::string> stop, Sequence through) {
  auto request = std::make_shared<CompactionRequest>(
      CompactionRequest{.start = std::move(start), .stop = std::move(stop), .through = through});
  MutexLock lock(mutex_);
  asked_.push_back(request);
  request->came = compacting_.come_locked();
  lock.unlock();
  wake_();
  return request;
}

Result<bool> Maintenance::wait_compacted(const CompactionRequest& request, uint64_t limit_ns) {
  MutexLock lock(mutex_);
  if (!request.done) wait_for(changed_, lock, limit_ns);
  if (request.done) return true;
  SKIPLITH_RETURN_IF_ERROR(compacting_.failed_since_locked(request.came));
  return false;
}

template <typename Until>
Status Maintenance::wait_until(RetriedJob& job, Until until) {
  if (until(*views_.pin())) return Status::ok();
  MutexLock lock(mutex_);
  const uint64_t came = job.come_locked();
  lock.unlock();
  wake_();
  lock.lock();
  while (!until(*views_.pin())) {
    SKIPLITH_RETURN_IF_ERROR(job.failed_since_locked(came));
    changed_.wait(lock);
  }
  return Status::ok();
}

Status Maintenance::wait_for_room() {
  SKIPLITH_RETURN_IF_ERROR(wait_until(
      flushing_, [](const View& view) { return view.frozen().size() < Pace::kMostFrozen; }));
  if (options_.compaction == CompactionStyle::kNone) return Status::ok();
  return wait_until(compacting_, [](const View& view) {
    return view.levels()->level(0).size() < Pace::kMostInLevel0;
  });
}

uint64_t Maintenance::pause_ns(const LoggedMemtable& active, uint64_t bytes) const {
  Pace::Backlog backlog{.active_bytes = active.table.used_bytes()};
  {
    const EpochGuard guard;
    const View& view = views_.under(guard);
    backlog.frozen = view.frozen().size();
    const bool compacts = options_.compaction != CompactionStyle::kNone;
    if (compacts) backlog.level0 = view.levels()->level(0).size();
  }
  if (!pace_.may_pause(backlog)) return 0;
  backlog.active_age_ns = monotonic_ns() - active.active_since_ns;
  return pace_.pause_ns(backlog, bytes);
}

Status Maintenance::wait_flushed(Sequence through) {
  return wait_until(flushing_, [this, through](const View& view) {
    return clear_is_finished(view) &&
           (view.frozen().empty() || view.frozen().back()->last_sequence > through);
  });
}

Status Maintenance::failure() const {
  MutexLock lock(mutex_);
  return flushing_.failure_locked().is_ok() ? compacting_.failure_locked()
                                            : flushing_.failure_locked();
}

uint64_t Maintenance::debt_bytes(const Levels& levels) const {
  if (options_.compaction == CompactionStyle::kNone) return 0;
  return skiplith::debt_bytes(levels.metas(), parameters_of(options_));
}

Status Maintenance::flush_all() {
  stopping_.store(false);
  for (;;) {
    Result<RetriedJob::Done> done = flush_once();
    if (!done.is_ok()) return done.take_status();
    if (*done == RetriedJob::Done::kNothing) return Status::ok();
  }
}

}  // namespace skiplith
