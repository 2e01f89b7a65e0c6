#include "wal/segment.h"

#include <algorithm>

#include "base/sync_points.h"

namespace skiplith {
namespace {

constexpr uint64_t kStep = uint64_t{1} << 20;
constexpr uint64_t kMostAhead = 8 * kStep;
// What of the log, written, stays in the memory of the process at most, beside a step.
constexpr uint64_t kReleasedAtOnce = 16 * kStep;
constexpr uint32_t kOvertakenForGood = 4;

// The room that a segment should have beyond its used bytes: as much as these, within bounds. Its
// pages cost memory and time, 0.2 to 1 ms a MiB, used or not, so doubling all the way (45 MB of log
// in 128 MiB) took the background thread as long as the writer's puts took.
uint64_t room_ahead(uint64_t used) { return std::clamp(used, kStep, kMostAhead); }

}  // namespace

Segment::Segment(std::unique_ptr<SegmentFile> file, uint64_t number, uint64_t nonce)
    : file_(std::move(file)), number_(number), nonce_(nonce), capacity_(file_->capacity()) {}

Result<std::unique_ptr<Segment>> Segment::create(Files& files, const std::string& path,
                                                 uint64_t number, const SegmentIdentity& identity,
                                                 SinkForm form, uint64_t capacity,
                                                 uint64_t reserved) {
  SKIPLITH_CHECK(segment_bytes_for(0) <= capacity && capacity <= reserved);
  Result<std::unique_ptr<SegmentFile>> file = files.create_segment(path, form, capacity, reserved);
  if (!file.is_ok()) return file.take_status();
  std::unique_ptr<Segment> segment(new Segment(std::move(*file), number, files.random64()));
  SKIPLITH_RETURN_IF_ERROR(segment->write_header(identity));
  return segment;
}

Status Segment::write_header(const SegmentIdentity& identity) {
  alignas(8) char page[kHeaderPageBytes] = {};
  encode_segment_header(page, {.number = number_, .nonce = nonce_, .identity = identity});
  encode_allocated(page + kAllocatedOffset, capacity(), nonce_);
  SKIPLITH_RETURN_IF_ERROR(store(0, Bytes(page, sizeof page)));
  return file_->sync();
}

bool Segment::try_take_blocks(uint64_t count, uint64_t* first_block_offset) {
  const uint64_t bytes = count * kBlockBytes;
  const uint64_t end = capacity();
  // order: relaxed, a block's bytes are zero by construction, nothing is published with it
  uint64_t offset = next_offset_.load(std::memory_order_relaxed);
  do {
    if (offset + bytes > end) return false;
    // order: relaxed, as above
  } while (!next_offset_.compare_exchange_weak(offset, offset + bytes, std::memory_order_relaxed));
  if (count == 1) set_overtaken(0);
  *first_block_offset = offset;
  return true;
}

uint64_t Segment::used_bytes() const {
  // order: relaxed, a lower bound while lanes write; exact once they have stopped
  return next_offset_.load(std::memory_order_relaxed);
}

uint64_t Segment::capacity() const {
  // order: acquire, the growth that made this capacity is finished
  return capacity_.load(std::memory_order_acquire);
}

bool Segment::wants_growth() const {
  const uint64_t used = used_bytes();
  return capacity() - used < room_ahead(used) / 2 && capacity() < file_->reserved();
}

Result<bool> Segment::grow_ahead() {
  const MutexLock lock(growing_);
  const uint64_t used = used_bytes(), now = capacity();
  if (now - used >= room_ahead(used) || now == file_->reserved()) return false;
  SKIPLITH_RETURN_IF_ERROR(grow_to(std::min(round_up(now + 1, kStep), file_->reserved())));
  return true;
}

bool Segment::is_short_of_pages(uint64_t share) const {
  if (form() != SinkForm::kMapped) return false;
  // order: relaxed, as below
  if (overtaken_.load(std::memory_order_relaxed) >= kOvertakenForGood) return false;
  const uint64_t used = used_bytes();
  // order: relaxed, a number for a wish
  const uint64_t populated = populated_.load(std::memory_order_relaxed);
  return populated < std::min(used + room_ahead(used) / share, capacity());
}

bool Segment::populate_ahead() {
  if (!is_short_of_pages(1)) return false;
  release_behind();
  // order: relaxed, as above
  const uint64_t begin = std::max(populated_.load(std::memory_order_relaxed), used_bytes());
  const uint64_t end = std::min(round_up(begin + 1, kStep), capacity());
  file_->populate(begin, end);
  populated_.store(end, std::memory_order_relaxed);  // order: relaxed, as above
  return true;
}

// Much at a time, since for each release all processors are interrupted that run the process's
// threads: at a MiB a time, one put in 7,000 waited for that, and p99.99 was 100 us instead of 35.
// A lane may still be in a block that is older than the last step: its next store to a page that
// has gone takes half a microsecond more.
void Segment::release_behind() {
  const uint64_t used = used_bytes();
  if (used < released_ + kReleasedAtOnce + kStep) return;
  file_->release(released_, used - kStep);
  released_ = used - kStep;
}

bool Segment::write_unpopulated(uint64_t offset, std::span<const Bytes> pieces) {
  // order: relaxed, a number for a choice between two ways
  const bool is_populated = offset < populated_.load(std::memory_order_relaxed);
  // order: relaxed, as above
  const uint32_t before = overtaken_.load(std::memory_order_relaxed);
  if (before < kOvertakenForGood) set_overtaken(is_populated ? 0 : before + 1);
  return !is_populated && file_->write_beside_stores(offset, pieces);
}

void Segment::set_overtaken(uint32_t runs) {
  // order: relaxed, a hint; stored only where it changes, beside what every taker writes
  if (overtaken_.load(std::memory_order_relaxed) == runs) return;
  overtaken_.store(runs, std::memory_order_relaxed);  // order: as above
}

Status Segment::grow_for(uint64_t payload_bytes) {
  const MutexLock lock(growing_);
  const uint64_t needed = used_bytes() + segment_bytes_for(payload_bytes) - kHeaderPageBytes;
  if (needed <= capacity()) return Status::ok();
  if (needed > file_->reserved()) {
    return Status::error(StatusCode::kInvalidArgument, "the segment has no room for the record");
  }
  return grow_to(std::min(round_up(needed, kStep), file_->reserved()));
}

Status Segment::grow_to(uint64_t bytes) {
  SKIPLITH_SYNC_POINT(segment_grow);
  SKIPLITH_RETURN_IF_ERROR(file_->grow(bytes));
  alignas(8) char part[kAllocatedBytes];
  encode_allocated(part, bytes, nonce_);
  SKIPLITH_RETURN_IF_ERROR(store(kAllocatedOffset, Bytes(part, sizeof part)));
  // order: release, whoever takes a block sees the file grown
  capacity_.store(bytes, std::memory_order_release);
  return Status::ok();
}

void Segment::note_synced_through(Sequence sequence) {
  alignas(8) char part[kSyncedThroughBytes];
  encode_synced_through(part, sequence, nonce_);
  // Without it, replay only knows less.
  (void)store(kSyncedThroughOffset, Bytes(part, sizeof part));
}

void Segment::note_sync_failed() {
  alignas(8) char part[kUnsyncedBytes];
  encode_unsynced(part, nonce_);
  (void)store(kUnsyncedOffset, Bytes(part, sizeof part));
}

Status Segment::close_cleanly(Sequence last, uint64_t records) {
  SKIPLITH_RETURN_IF_ERROR(file_->sync());
  SKIPLITH_SYNC_POINT(close_synced);
  alignas(8) char part[kFooterBytes];
  encode_footer(part, {.last_sequence = last, .records = records, .end_offset = used_bytes()},
                nonce_);
  SKIPLITH_RETURN_IF_ERROR(store(kFooterOffset, Bytes(part, sizeof part)));
  SKIPLITH_SYNC_POINT(close_footer);
  SKIPLITH_RETURN_IF_ERROR(file_->sync());
  return file_->finish(used_bytes());
}

Status Segment::store(uint64_t offset, Bytes bytes) {
  if (file_->form() == SinkForm::kWrite) return file_->write(offset, bytes);
  std::memcpy(file_->mapped() + offset, bytes.data(), bytes.size());
  return Status::ok();
}

}  // namespace skiplith
