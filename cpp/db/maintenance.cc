#include "db/maintenance.h"

#include <algorithm>
#include <set>

#include "base/sync_points.h"
#include "base/threads.h"

namespace skiplith {
namespace {

constexpr uint64_t kFirstPauseNs = 10'000'000;
constexpr uint64_t kLongestPauseNs = 10'000'000'000;
// What a compaction does before more urgent work gets its turn.
constexpr uint64_t kStepBytes = 4 << 20;
// How often whoever waits for a compaction looks whether it should go on waiting.
constexpr uint64_t kAskAgainNs = 50'000'000;

CompactionParameters parameters_of(const Options& options) {
  return {.base_bytes = 4 * options.memtable_bytes, .compression = options.compression};
}

uint64_t table_bytes(const Options& options) {
  return std::clamp<uint64_t>(options.memtable_bytes / 2, 64 << 10, 32 << 20);
}

}  // namespace

uint64_t Maintenance::work() {
  bool worked = false;
  Status done;
  try {
    done = work_once(&worked);
  } catch (const std::bad_alloc&) {
    compaction_.reset();  // it may have been in the middle of a step
    done = Status::storage(ENOMEM, store_.home().directory, "flush or compact");
  }
  if (stopping_.load()) return 0;
  const uint64_t pause_ns = note(done);
  return pause_ns != 0 || !worked ? pause_ns : kNow;
}

// What to wait before trying again: 0 after success.
uint64_t Maintenance::note(const Status& done) {
  pause_ns_ = done.is_ok()     ? 0
              : pause_ns_ == 0 ? kFirstPauseNs
                               : std::min(2 * pause_ns_, kLongestPauseNs);
  MutexLock lock(mutex_);
  failure_ = done;
  changed_.notify_all();
  return pause_ns_;
}

Status Maintenance::work_once(bool* worked) {
  const std::shared_ptr<const View> view = views_.pin();
  *worked = true;
  if (view->cleared() > finished_clear_) return finish_clear(view->cleared());
  if (!view->frozen().empty()) return flush_oldest(*view);
  if (compaction_ != nullptr || plan_compaction()) return compact_further();
  *worked = false;
  return Status::ok();
}

Status Maintenance::flush_oldest(const View& view) {
  const std::shared_ptr<LoggedMemtable> memtable = view.frozen().back();
  const auto between = [this] { return stopping_.load() ? Status::closed() : Status::ok(); };
  SKIPLITH_SYNC_POINT(flush_begin);
  auto tables = store_.write(memtable->table, between);
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
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  SKIPLITH_SYNC_POINT(flush_named);
  Levels::Tables all = levels_->all();
  for (const TableMeta& table : tables) all.push_back(store_.open(table));
  const auto levels = std::make_shared<const Levels>(std::move(all));
  levels_ = levels;
  views_.update([&](const View& now) -> std::shared_ptr<const View> {
    // A clear has taken it out meanwhile; finish_clear() will take out its tables.
    if (now.frozen().empty() || now.frozen().back() != memtable) return nullptr;
    ViewParts parts = now.parts();
    parts.frozen.pop_back();
    parts.levels = levels;
    return views_.make(std::move(parts));
  });
  SKIPLITH_SYNC_POINT(flush_installed);
  remove_segments(segments);
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
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  SKIPLITH_SYNC_POINT(clear_finished);
  finished_clear_ = cleared;
  levels_ = std::make_shared<const Levels>();
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

bool Maintenance::plan_compaction() {
  const LevelMetas metas = levels_->metas();
  const CompactionParameters parameters = parameters_of(options_);
  std::optional<CompactionPlan> plan;
  if (options_.compaction != CompactionStyle::kNone) {
    plan = skiplith::plan_compaction(metas, parameters, {});
  }
  MutexLock lock(mutex_);
  while (!plan && !asked_.empty()) {
    plan = plan_range(metas, parameters, {}, asked_.front().start, asked_.front().stop);
    if (plan) break;
    asked_.pop_front();
    changed_.notify_all();
  }
  lock.unlock();
  if (!plan) return false;
  SKIPLITH_SYNC_POINT(compaction_begin);
  auto run = plan->is_trivial_move ? nullptr : run_of(*plan);
  compaction_ = std::make_unique<Compaction>(
      Compaction{.plan = std::move(*plan), .levels = levels_, .run = std::move(run)});
  return true;
}

std::unique_ptr<CompactionRun> Maintenance::run_of(const CompactionPlan& plan) const {
  std::vector<Table*> tables;
  for (const TableMeta& input : plan.inputs) {
    for (const LevelTable& table : levels_->level(input.level)) {
      if (table.meta.number == input.number) tables.push_back(&table.table());
    }
  }
  return std::make_unique<CompactionRun>(
      plan, tables, store_.output_for(plan.output_level, table_bytes(options_)),
      std::vector<Sequence>());
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
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  SKIPLITH_SYNC_POINT(compaction_named);
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
  levels_ = std::make_shared<const Levels>(std::move(tables));
  views_.update([&](const View& now) -> std::shared_ptr<const View> {
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

Status Maintenance::compact(std::optional<std::string> start, std::optional<std::string> stop,
                            const std::function<bool()>& go_on) {
  MutexLock lock(mutex_);
  const auto place = asked_.insert(asked_.end(), {std::move(start), std::move(stop)});
  const Range* const range = &*place;
  wake_();
  const auto waiting = [&] {
    return std::ranges::any_of(asked_, [&](const Range& other) { return &other == range; });
  };
  while (waiting()) {
    Status failed = failure_;
    if (failed.is_ok()) {
      wait_for(changed_, lock, kAskAgainNs);
      if (!waiting()) break;
      lock.unlock();
      const bool goes_on = go_on();
      lock.lock();
      if (!goes_on) failed = Status::closed();
    }
    if (failed.is_ok() || !waiting()) continue;
    asked_.erase(place);
    return failed;
  }
  return Status::ok();
}

template <typename Done>
Status Maintenance::wait_until(Done done) {
  MutexLock lock(mutex_);
  while (!done(*views_.pin())) {
    if (!failure_.is_ok()) return failure_;
    changed_.wait(lock);
  }
  return Status::ok();
}

Status Maintenance::wait_for_room() {
  return wait_until([this](const View& view) { return has_room(view); });
}

Status Maintenance::wait_flushed(Sequence through) {
  return wait_until([through](const View& view) {
    return view.frozen().empty() || view.frozen().back()->last_sequence > through;
  });
}

Status Maintenance::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

uint64_t Maintenance::debt_bytes(const Levels& levels) const {
  if (options_.compaction == CompactionStyle::kNone) return 0;
  return skiplith::debt_bytes(levels.metas(), parameters_of(options_));
}

Status Maintenance::flush_all() {
  stopping_.store(false);
  for (;;) {
    bool worked = false;
    SKIPLITH_RETURN_IF_ERROR(work_once(&worked));
    if (!worked) return Status::ok();
  }
}

}  // namespace skiplith
