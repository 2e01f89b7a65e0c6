#include "db/maintenance.h"

#include <algorithm>

#include "base/sync_points.h"

namespace skiplith {
namespace {

constexpr uint64_t kFirstPauseNs = 10'000'000;
constexpr uint64_t kLongestPauseNs = 10'000'000'000;

}  // namespace

uint64_t Maintenance::work() {
  bool worked = false;
  Status done;
  try {
    done = work_once(&worked);
  } catch (const std::bad_alloc&) {
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
  for (const LogSet::Member& member : log_.through(through)) {
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
  remove_segments(through);
  counters_.add(Counter::kFlushes);
  for (const TableMeta& table : tables) counters_.add(Counter::kBytesFlushed, table.bytes);
  return Status::ok();
}

Status Maintenance::finish_clear(Sequence cleared) {
  // Until the clear is durable, what it hides has to survive a power cut.
  if (has_log_) SKIPLITH_RETURN_IF_ERROR(sync_.sync_through(cleared));
  ManifestEdit edit{.base_sequence = cleared - 1};
  const Levels::Tables hidden = levels_->all();
  for (const LevelTable& table : hidden) edit.removed_tables.push_back(table.meta.number);
  for (const LogSet::Member& member : log_.through(cleared - 1)) {
    edit.removed_segments.push_back(member.segment->number());
  }
  SKIPLITH_RETURN_IF_ERROR(manifest_.append(edit));
  SKIPLITH_SYNC_POINT(clear_finished);
  finished_clear_ = cleared;
  levels_ = std::make_shared<const Levels>();
  for (const LevelTable& table : hidden) table.stored->drop();
  remove_segments(cleared - 1);
  return Status::ok();
}

// Failing to remove one is harmless: the next opening tries again.
void Maintenance::remove_segments(Sequence through) {
  for (const LogSet::Member& member : log_.through(through)) {
    (void)store_.home().files.remove(member.segment->path());
  }
  log_.remove_through(through);
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

Status Maintenance::flush_all() {
  stopping_.store(false);
  for (;;) {
    bool worked = false;
    SKIPLITH_RETURN_IF_ERROR(work_once(&worked));
    if (!worked) return Status::ok();
  }
}

}  // namespace skiplith
