// Maintenance: what a load asks of it.

#include <new>

#include "base/sync_points.h"
#include "db/maintenance.h"
#include "lsm/load_level.h"

namespace skiplith {

Maintenance::Turn::Turn(Maintenance& maintenance) : maintenance_(maintenance) {
  MutexLock lock(maintenance_.mutex_);
  ++maintenance_.turns_;
  maintenance_.changed_.wait(lock, [&] { return !maintenance_.is_working_; });
  maintenance_.is_working_ = true;
}

Maintenance::Turn::~Turn() {
  MutexLock lock(maintenance_.mutex_);
  --maintenance_.turns_;
  maintenance_.is_working_ = false;
  maintenance_.changed_.notify_all();
  lock.unlock();
  maintenance_.wake_();
}

Status Maintenance::flush_frozen(const Turn&) {
  for (;;) {
    Result<RetriedJob::Done> done = flush_once();
    if (!done.is_ok()) return done.take_status();
    if (*done == RetriedJob::Done::kNothing) return Status::ok();
  }
}

Status Maintenance::prepare_load(const Turn&, const Memtable& active, const TableSeries& loaded,
                                 Sequence sequence, PreparedLoad* load) {
  SKIPLITH_RETURN_IF_ERROR(manifest_.failure());
  auto flushed = store_.write(active, snapshots_.held(), [] { return Status::ok(); });
  if (!flushed.is_ok()) return flushed.take_status();
  Status synced = store_.sync_directory();
  if (!synced.is_ok()) {
    for (const TableMeta& table : *flushed) store_.remove(table);
    return synced;
  }
  SKIPLITH_SYNC_POINT(load_written);
  load->flushed = *flushed;
  load->segments = log_.all();
  load->edit = {.base_sequence = sequence, .added_tables = std::move(*flushed)};
  for (const LogSet::Member& member : load->segments) {
    load->edit.removed_segments.push_back(member.segment->number());
  }
  Levels::Tables all = levels_->all();
  for (const TableMeta& table : load->edit.added_tables) all.push_back(store_.open(table));
  const LevelMetas before = Levels(all).metas();
  const CompactionPlan* running = compaction_ == nullptr ? nullptr : &compaction_->plan;
  for (TableMeta table : loaded.tables()) {
    table.level = level_for_load(before, range_of(table), running);
    table.smallest_sequence = table.largest_sequence = sequence;
    all.push_back(store_.open(table));
    load->edit.added_tables.push_back(std::move(table));
  }
  load->levels = std::make_shared<const Levels>(std::move(all));
  log_.reserve_one();
  return Status::ok();
}

// An edit that failed may have been written: its tables stay.
Status Maintenance::name_load(const Turn&, TableSeries& loaded, const PreparedLoad& load) {
  loaded.leave_files();
  try {
    SKIPLITH_RETURN_IF_ERROR(manifest_.append(load.edit));
  } catch (const std::bad_alloc&) {
    return manifest_.failure();  // as bad: it may have been written
  }
  SKIPLITH_SYNC_POINT(load_named);
  levels_ = load.levels;
  return Status::ok();
}

void Maintenance::finish_load(const Turn&, const PreparedLoad& load) {
  remove_segments(load.segments);
  if (!load.flushed.empty()) counters_.add(Counter::kFlushes);
  for (const TableMeta& table : load.flushed) {
    counters_.add(Counter::kBytesFlushed, table.bytes);
  }
}

}  // namespace skiplith
