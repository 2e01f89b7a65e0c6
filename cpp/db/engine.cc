#include "db/engine.h"

#include <algorithm>
#include <system_error>

#include "base/clock.h"
#include "base/sync_points.h"
#include "lsm/amplification.h"

namespace skiplith {
namespace {

// How soon to look again for readers that have left: this bounds memory, not progress.
constexpr uint64_t kReclaimNs = 10'000'000;

// What a load may have to flush while nobody may write, unless more is written in the time of the
// last flush before it.
constexpr uint64_t kFewBytes = 1 << 20;
constexpr int kMostFlushesBeforeLoad = 4;

Waiting with(bool sync, Waiting waiting) { return sync ? Waiting::kForDisk : waiting; }

}  // namespace

Engine::Engine(Files& files, Recovered recovered, const Options& options, bool read_only)
    : files_(files),
      options_(options),
      read_only_(read_only),
      recovered_(std::move(recovered)),
      supply_({.files = files,
               .directory = recovered_.directory,
               .identity = recovered_.identity,
               .form = recovered_.form},
              options_, options_.wal && !read_only ? recovered_.manifest.get() : nullptr),
      maintenance_(*recovered_.store, *recovered_.manifest, views_, snapshots_, log_, sync_,
                   options_, counters_, [this] { background_.wake(); }) {
  clock_.start_after(recovered_.last_sequence);
}

Result<std::unique_ptr<Engine>> Engine::start(Files& files, Recovered recovered,
                                              const Options& options, bool read_only) {
  std::unique_ptr<Engine> engine(new Engine(files, std::move(recovered), options, read_only));
  SKIPLITH_RETURN_IF_ERROR(engine->begin_writing());
  return engine;
}

Status Engine::begin_writing() {
  auto first = supply_.next({});
  if (!first.is_ok()) return first.take_status();
  maintenance_.start(recovered_.levels);
  freezer_.start(std::move(*first), std::move(recovered_.memtables), std::move(recovered_.levels));
  if (read_only_) return Status::ok();
  try {
    ahead_.start();
    background_.start();
  } catch (const std::system_error& error) {
    ahead_.stop();  // the first of the two may have been had
    views_.close();
    return Status::storage(error.code().value(), directory(), "start a thread");
  }
  return Status::ok();
}

uint64_t Engine::ahead_round() {
  writes_.ahead_begins();
  return supply_.work_ahead(*views_.pin()->active()) ? Background::kAtOnce : 0;
}

uint64_t Engine::background_round() {
  uint64_t next_ns = views_.reclaim() ? kReclaimNs : 0;
  if (const uint64_t interval_ns = options_.sync_interval_ms * 1'000'000; interval_ns != 0) {
    const uint64_t now = monotonic_ns();
    if (now >= interval_sync_due_ns_) {
      interval_sync_due_ns_ = now + interval_ns;
      // A failure is the poison's: the next writer hears of it.
      static_cast<void>(sync_all());
    }
    const uint64_t left_ns = interval_sync_due_ns_ - now;
    next_ns = next_ns == 0 ? left_ns : std::min(next_ns, left_ns);
  }
  const uint64_t work_ns = maintenance_.work();
  return next_ns == 0 || (work_ns != 0 && work_ns < next_ns) ? work_ns : next_ns;
}

Status Engine::wait_if_synced(Status written, Sequence sequence, bool sync) {
  if (!written.is_ok() || !sync || sequence == 0) return written;
  counters_.add(Counter::kSyncedWrites);
  return sync_.sync_through(sequence);
}

Status Engine::put(Waiting waiting, Bytes key, Bytes value, bool sync) {
  Sequence sequence = 0;
  Status written = writes_.put(with(sync, waiting), key, value, &sequence);
  return wait_if_synced(std::move(written), sequence, sync);
}

Status Engine::erase(Waiting waiting, Bytes key, bool sync) {
  Sequence sequence = 0;
  Status written = writes_.erase(with(sync, waiting), key, &sequence);
  return wait_if_synced(std::move(written), sequence, sync);
}

Status Engine::modify(Waiting waiting, Bytes key, Modification& modification, bool sync) {
  Sequence sequence = 0;
  Status written = writes_.modify(with(sync, waiting), key, modification, &sequence);
  return wait_if_synced(std::move(written), sequence, sync);
}

Status Engine::write(Waiting waiting, const Batch& batch, bool sync) {
  Sequence sequence = 0;
  Status written = writes_.write(with(sync, waiting), batch, &sequence);
  return wait_if_synced(std::move(written), sequence, sync);
}

Status Engine::clear(bool sync) {
  Sequence sequence = 0;
  Status written = writes_.clear(&sequence);
  background_.wake();  // to free what was cleared
  ahead_.wake();       // and to remove what lost a race
  return wait_if_synced(std::move(written), sequence, sync);
}

Status Engine::write_if(Waiting waiting, Validation& validation, const Batch& batch, bool sync,
                        Sequence* sequence) {
  Status written = writes_.write_if(with(sync, waiting), validation, batch, sequence);
  if (written.is_ok()) counters_.add(Counter::kTransactions);
  if (written.code() == StatusCode::kConflict) counters_.add(Counter::kConflicts);
  return wait_if_synced(std::move(written), *sequence, sync);
}

Status Engine::write_one(Waiting waiting, Bytes key, const std::optional<std::string>& value,
                         bool sync, Sequence* sequence) {
  waiting = with(sync, waiting);
  Status written =
      value ? writes_.put(waiting, key, *value, sequence) : writes_.erase(waiting, key, sequence);
  if (written.is_ok()) counters_.add(Counter::kTransactions);
  return wait_if_synced(std::move(written), *sequence, sync);
}

void Engine::answer(Lookup found, PinnedBytes&& bytes, const View& view, Value* value) {
  counters_.add(Counter::kGets);
  if (found != Lookup::kFound) {
    value->set_absent();
    return;
  }
  counters_.add(Counter::kBytesRead, bytes.bytes().size());
  value->set(std::move(bytes), view);
}

// What is in memory is read under a guard, whoever asks; only what has to be read from a file
// needs the view for longer.
template <typename ViewOf>
Lookup Engine::get_resident(ViewOf view_of, Sequence at, Bytes key, Value* value) {
  const EpochGuard guard;
  const View& view = view_of(guard);
  PinnedBytes bytes;
  const Lookup found = view.get(key, at, Table::Io::kResidentOnly, &bytes, nullptr);
  if (found != Lookup::kNeedsIo) [[likely]]
    answer(found, std::move(bytes), view, value);
  return found;
}

Status Engine::get(Waiting waiting, Bytes key, Value* value) {
  const auto present = [this](const EpochGuard& guard) -> const View& {
    return views_.under(guard);
  };
  if (get_resident(present, kLatest, key, value) != Lookup::kNeedsIo) [[likely]]
    return Status::ok();
  if (waiting == Waiting::kNever) return Status::would_block();
  return read_at({.view = views_.pin(), .sequence = kLatest}, key, value);
}

Status Engine::get(Waiting waiting, const HeldSequence& snapshot, Bytes key, Value* value) {
  const auto for_snapshot = [&](const EpochGuard& guard) -> const View& {
    return snapshot.view(views_.under(guard));
  };
  if (get_resident(for_snapshot, snapshot.sequence(), key, value) != Lookup::kNeedsIo) {
    return Status::ok();
  }
  if (waiting == Waiting::kNever) return Status::would_block();
  return read_at(read_point(snapshot), key, value);
}

Status Engine::get_at(Waiting waiting, const ReadPoint& point, Bytes key, Value* value) {
  const auto pinned = [&](const EpochGuard&) -> const View& { return *point.view; };
  if (get_resident(pinned, point.sequence, key, value) != Lookup::kNeedsIo) return Status::ok();
  return waiting == Waiting::kNever ? Status::would_block() : read_at(point, key, value);
}

Status Engine::read_at(const ReadPoint& point, Bytes key, Value* value) {
  PinnedBytes bytes;
  Status failure;
  const Lookup found = point.view->get(key, point.sequence, Table::Io::kMayRead, &bytes, &failure);
  if (found == Lookup::kFailed) return failure;
  answer(found, std::move(bytes), *point.view, value);
  return Status::ok();
}

// The view first, then the sequence, then the view again: a freeze between the two would leave
// writes up to the sequence in a memtable that the view does not have.
ReadPoint Engine::read_point() {
  for (;;) {
    ReadPoint point{.view = views_.pin(), .sequence = clock_.snapshot()};
    if (views_.is(point.view)) return point;
  }
}

ReadPoint Engine::read_point(const HeldSequence& snapshot) {
  const std::shared_ptr<const View> now = views_.pin();
  return {.view = snapshot.view(*now).shared_from_this(), .sequence = snapshot.sequence()};
}

bool Engine::try_read_point(ReadPoint* point) {
  point->view = views_.pin();
  return clock_.try_snapshot(&point->sequence) && views_.is(point->view);
}

Stats Engine::stats() const {
  Stats stats;
  const auto view = views_.pin();
  stats.memtable_used_bytes = view->active()->table.used_bytes();
  stats.frozen_memtables = view->frozen().size();
  for (const auto& memtable : view->frozen()) stats.frozen_bytes += memtable->table.used_bytes();
  stats.log_bytes = recovered_.log_bytes;
  for (const auto& member : log_.all()) stats.log_bytes += member.segment->used_bytes();
  stats.gets = counters_.sum(Counter::kGets);
  stats.puts = lanes_.sum(LaneCounts::Name::kPuts);
  stats.deletes = lanes_.sum(LaneCounts::Name::kDeletes);
  stats.batches = lanes_.sum(LaneCounts::Name::kBatches);
  stats.freezes = counters_.sum(Counter::kFreezes);
  stats.freeze_races_lost = counters_.sum(Counter::kFreezeRacesLost);
  stats.bytes_written = lanes_.sum(LaneCounts::Name::kBytes);
  stats.bytes_read = counters_.sum(Counter::kBytesRead);
  stats.syncs = counters_.sum(Counter::kSyncs);
  stats.synced_writes = counters_.sum(Counter::kSyncedWrites);
  stats.stall_seconds = static_cast<double>(counters_.sum(Counter::kStallNs)) / 1e9;
  stats.flushes = counters_.sum(Counter::kFlushes);
  stats.bytes_flushed = counters_.sum(Counter::kBytesFlushed);
  stats.compactions = counters_.sum(Counter::kCompactions);
  stats.bytes_compacted = counters_.sum(Counter::kBytesCompacted);
  for (uint32_t level = 0; level < kLevels; ++level) {
    stats.levels[level] = {.tables = view->levels()->level(level).size(),
                           .bytes = view->levels()->bytes(level)};
  }
  stats.obsolete_entries = view->levels()->obsolete_entries();
  stats.snapshots = snapshots_.count();
  stats.transactions = counters_.sum(Counter::kTransactions);
  stats.conflicts = counters_.sum(Counter::kConflicts);
  stats.compaction_debt_bytes = maintenance_.debt_bytes(*view->levels());
  const uint64_t bytes_to_tables = stats.bytes_flushed + stats.bytes_compacted;
  if (stats.bytes_written > 0) {
    stats.write_amplification =
        static_cast<double>(bytes_to_tables) / static_cast<double>(stats.bytes_written);
  }
  const LevelMetas metas = view->levels()->metas();
  stats.read_amplification = read_amplification(metas);
  stats.space_amplification = space_amplification(metas);
  const BlockCache& cache = recovered_.store->home().cache;
  stats.block_hits = cache.sum(CacheCount::kBlockHits);
  stats.block_misses = cache.sum(CacheCount::kBlockMisses);
  stats.filter_hits = cache.sum(CacheCount::kFilterNegatives);
  stats.filter_misses = cache.sum(CacheCount::kFilterFalsePositives);
  stats.cache_used_bytes = cache.resident_bytes();
  const Status failure = maintenance_.failure();
  if (!failure.is_ok()) stats.background_error = failure.to_string();
  stats.recovered_records = recovered_.records;
  stats.recovery_seconds = recovered_.seconds;
  return stats;
}

Status Engine::flush(bool wait) {
  SKIPLITH_RETURN_IF_ERROR(poison_.check());
  const Sequence through = clock_.last();
  const auto view = views_.pin();
  // As a writer would: many memtables of one write each are too many too.
  if (!view->frozen().empty()) SKIPLITH_RETURN_IF_ERROR(maintenance_.wait_for_room());
  SKIPLITH_RETURN_IF_ERROR(freezer_.freeze_through(through));
  background_.wake();
  if (!wait) return Status::ok();
  // What others have written meanwhile went into the same memtable.
  const auto now = views_.pin();
  const Sequence frozen = now->frozen().empty() ? 0 : now->frozen().front()->last_sequence;
  return maintenance_.wait_flushed(std::max(through, frozen));
}

Result<std::shared_ptr<Engine::CompactionRequest>> Engine::ask_to_compact(
    std::optional<std::string> start, std::optional<std::string> stop) {
  SKIPLITH_RETURN_IF_ERROR(flush(true));
  return maintenance_.ask_to_compact(std::move(start), std::move(stop), clock_.last());
}

// They are written for the last level, where most of them come.
std::unique_ptr<TableSeries> Engine::begin_load() const {
  return std::make_unique<TableSeries>(
      recovered_.store->output_for(kLastLevel, table_bytes(options_)));
}

// What is in memory has to be in tables before the load, whose last step does that while nobody
// may write: so most of it is flushed first, while others write on.
Status Engine::load(TableSeries& loaded) {
  for (int flushes = 0; flushes < kMostFlushesBeforeLoad; ++flushes) {
    if (views_.pin()->active()->table.used_bytes() <= kFewBytes) break;
    SKIPLITH_RETURN_IF_ERROR(flush(true));
  }
  return writes_.load(loaded);
}

// Everything on disk that a reader would believe.
Status Engine::verify() {
  const std::shared_ptr<const View> view = views_.pin();
  for (const LevelTable& table : view->levels()->all()) {
    SKIPLITH_RETURN_IF_ERROR(table.table().verify());
    auto properties = table.table().properties();
    if (!properties.is_ok()) return properties.take_status();
    if (is_told_of(*properties, table.meta)) continue;
    return Status::corruption(table.table().path(), 0, "another table than the manifest says");
  }
  return Status::ok();
}

Status Engine::close() {
  const Status failed = maintenance_.failure();  // before stopping makes failures of its own
  maintenance_.stop();
  ahead_.stop();
  background_.stop();
  Status closed;
  try {
    if (!read_only_) closed = close_files();
  } catch (const std::bad_alloc&) {
    closed = Status::storage(ENOMEM, directory(), "close");
  }
  maintenance_.abandon();
  views_.close();
  recovered_.store->close();
  recovered_.lock->release();
  // Without a log everything has just been flushed, whatever failed before.
  return closed.is_ok() && options_.wal ? failed : closed;
}

Status Engine::close_files() { return options_.wal ? close_log() : flush_all(); }

Status Engine::flush_all() {
  SKIPLITH_RETURN_IF_ERROR(freezer_.freeze_through(clock_.last()));
  return maintenance_.flush_all();
}

// Never after poison: a footer would call a log whole that is not.
Status Engine::close_log() {
  SKIPLITH_RETURN_IF_ERROR(poison_.check());
  SKIPLITH_RETURN_IF_ERROR(supply_.discard_all());
  uint64_t records = 0;
  for (const Lane& lane : lanes_.all()) records += lane.log.records();
  log_.seal_newest(clock_.last(), records);
  for (const LogSet::Member& member : log_.all()) {
    SKIPLITH_RETURN_IF_ERROR(member.segment->close_cleanly(member.last, member.records));
  }
  return Status::ok();
}

}  // namespace skiplith
