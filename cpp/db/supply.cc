#include "db/supply.h"

#include <algorithm>

#include "base/sync_points.h"
#include "db/lanes.h"
#include "io/file_names.h"

namespace skiplith {
namespace {

constexpr uint64_t kFirstSegmentBytes = 1 << 20;

constexpr uint64_t kChunksBytes = Lanes::kLanes * (64 << 10);  // what lanes may have unused

// The budget, what all lanes may take in chunks past it, and the write that asked.
uint64_t arena_reserve(uint64_t memtable_bytes, const Need& need) {
  const uint64_t bytes = 2 * memtable_bytes + kChunksBytes + need.arena_bytes;
  return std::min(bytes, Arena::kMaxBytes);
}

// The log of a full memtable is rarely larger than its arena; where it is, the memtable is
// frozen early.
uint64_t log_reserve(uint64_t memtable_bytes, const Need& need) {
  return kFirstSegmentBytes + 4 * memtable_bytes + 2 * segment_bytes_for(need.log_bytes);
}

}  // namespace

bool Supply::can_ever_fit(const Need& need) const {
  return need.arena_bytes <= Arena::kMaxBytes - options_.memtable_bytes - kChunksBytes;
}

bool Supply::fits(const LoggedMemtable& memtable, const Need& need) const {
  return memtable.table.arena().reserved() >= options_.memtable_bytes + need.arena_bytes &&
         (memtable.segment == nullptr ||
          memtable.segment->capacity() >= segment_bytes_for(need.log_bytes));
}

Result<std::shared_ptr<LoggedMemtable>> Supply::next(const Need& need) {
  MutexLock lock(mutex_);
  if (spare_ != nullptr) {
    std::shared_ptr<LoggedMemtable> spare = take_spare();
    if (fits(*spare, need)) return spare;
    unwanted_.push_back(std::move(spare));
  }
  return make(need);
}

void Supply::give_back(std::shared_ptr<LoggedMemtable> unused) {
  MutexLock lock(mutex_);
  const bool newest = unused->segment == nullptr || unused->segment->number() == newest_number_;
  if (spare_ == nullptr && newest) {
    keep_spare(std::move(unused));
  } else {
    unwanted_.push_back(std::move(unused));
  }
}

void Supply::keep_spare(std::shared_ptr<LoggedMemtable> spare) {
  spare_ = std::move(spare);
  has_spare_.store(true);
  arenas_->want(false);
}

std::shared_ptr<LoggedMemtable> Supply::take_spare() {
  has_spare_.store(false);
  arenas_->want(true);
  return std::move(spare_);
}

Result<std::shared_ptr<LoggedMemtable>> Supply::make(const Need& need) {
  std::shared_ptr<Segment> segment;
  if (manifest_ != nullptr) {
    // In quarantine it would name no segment that we make.
    SKIPLITH_RETURN_IF_ERROR(manifest_->failure());
    auto made = make_segment(need);
    if (!made.is_ok()) return made.take_status();
    segment = std::move(*made);
  }
  // Before the manifest names the segment: memory may run out here.
  auto memtable = std::make_shared<LoggedMemtable>(options_.memtable,
                                                   arena_reserve(options_.memtable_bytes, need),
                                                   options_.memtable_bytes, segment, arenas_);
  if (segment != nullptr) {
    SKIPLITH_RETURN_IF_ERROR(manifest_->append({.added_segments = {segment->number()}}));
  }
  ahead_failed_.store(false);
  return memtable;
}

Result<std::shared_ptr<LoggedMemtable>> Supply::make_if_memory_lasts() {
  try {
    return make({});
  } catch (const std::bad_alloc&) {
    return Status::storage(ENOMEM, place_.directory, "make a memtable");
  }
}

Result<std::shared_ptr<Segment>> Supply::make_segment(const Need& need) {
  const uint64_t number = manifest_->take_file_number();
  const std::string path = file_path(place_.directory, {FileType::kSegment, number});
  const uint64_t capacity =
      std::max(kFirstSegmentBytes, round_up(segment_bytes_for(need.log_bytes), 1 << 20));
  auto created = Segment::create(place_.files, path, number, place_.identity, place_.form, capacity,
                                 std::max(capacity, log_reserve(options_.memtable_bytes, need)));
  if (!created.is_ok()) return created.take_status();
  Status synced = place_.files.sync_directory(place_.directory);
  if (!synced.is_ok()) {
    static_cast<void>(place_.files.remove(path));
    return synced;
  }
  SKIPLITH_SYNC_POINT(segment_created);
  newest_number_ = number;
  return std::shared_ptr<Segment>(std::move(*created));
}

Result<bool> Supply::grow(LoggedMemtable& memtable, uint64_t log_bytes) {
  Status grown = memtable.segment->grow_for(log_bytes);
  if (grown.is_ok()) {
    ahead_failed_.store(false);
    return true;
  }
  if (grown.code() == StatusCode::kInvalidArgument) return false;
  return grown;
}

bool Supply::should_work_ahead(const LoggedMemtable& active) const {
  if (ahead_failed_.load()) [[unlikely]]
    return false;
  if (active.segment != nullptr &&
      (active.segment->wants_growth() || active.segment->wants_populating())) {
    return true;
  }
  if (active.table.arena().wants_populating(options_.memtable_bytes)) return true;
  const bool half_full = active.table.used_bytes() >= options_.memtable_bytes / 2;
  return half_full && !has_spare_.load();
}

// The log's room first, which writers cannot do without, then pages, which they fault in where
// they come too early.
bool Supply::work_ahead(LoggedMemtable& active) {
  if (active.segment != nullptr) {
    if (grow_log_ahead(*active.segment)) return true;
    if (active.segment->populate_ahead()) return true;
  }
  Arena& arena = active.table.arena();
  if (arena.wants_populating(options_.memtable_bytes)) {
    return arena.populate_ahead(options_.memtable_bytes);
  }
  const MutexLock lock(mutex_);
  // A failure leaves an empty segment behind, which the next opening removes.
  (void)discard_unwanted();
  if (spare_ != nullptr || active.table.used_bytes() < options_.memtable_bytes / 2) return false;
  auto made = make_if_memory_lasts();
  if (!made.is_ok()) {
    ahead_failed_.store(true);
    return false;
  }
  if ((*made)->segment != nullptr) (*made)->segment->populate_ahead();
  (*made)->table.arena().populate_ahead(options_.memtable_bytes);
  keep_spare(std::move(*made));
  return true;
}

bool Supply::grow_log_ahead(Segment& segment) {
  if (ahead_failed_.load() || !segment.wants_growth()) return false;
  for (;;) {
    auto grown = segment.grow_ahead();
    if (!grown.is_ok()) ahead_failed_.store(true);
    if (!grown.is_ok() || !*grown) return grown.is_ok();
  }
}

Status Supply::discard_unwanted() {
  while (!unwanted_.empty()) {
    const std::shared_ptr<LoggedMemtable> unused = std::move(unwanted_.back());
    unwanted_.pop_back();
    if (unused->segment == nullptr) continue;
    SKIPLITH_RETURN_IF_ERROR(manifest_->append({.removed_segments = {unused->segment->number()}}));
    SKIPLITH_RETURN_IF_ERROR(place_.files.remove(unused->segment->path()));
  }
  return Status::ok();
}

Status Supply::discard_all() {
  MutexLock lock(mutex_);
  if (spare_ != nullptr) unwanted_.push_back(take_spare());
  arenas_->want(false);
  return discard_unwanted();
}

}  // namespace skiplith
