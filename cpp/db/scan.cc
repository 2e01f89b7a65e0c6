#include "db/scan.h"

#include "base/sync_points.h"

namespace skiplith {

void ScanChunk::clear() {
  data_.clear();
  ends_.clear();
}

void ScanChunk::add(Bytes key, Bytes value) {
  data_.append(key);
  ends_.push_back(data_.size());
  data_.append(value);
  ends_.push_back(data_.size());
}

Bytes ScanChunk::piece(size_t n) const {
  const size_t begin = n == 0 ? 0 : ends_[n - 1];
  return Bytes(data_.data() + begin, ends_[n] - begin);
}

Scan::Scan(std::unique_ptr<DbCursor> cursor, Range range, bool reverse,
           std::shared_ptr<ScanRecord> record)
    : cursor_(std::move(cursor)),
      range_(std::move(range)),
      reverse_(reverse),
      record_(std::move(record)) {}

// Bounds keep their meaning in both directions: a reverse scan begins at stop and ends at start.
Status Scan::advance() {
  if (failure_.is_ok()) failure_ = move();
  return failure_;
}

Status Scan::move() {
  if (begun_) {
    SKIPLITH_RETURN_IF_ERROR(reverse_ ? cursor_->prev() : cursor_->next());
  } else if (reverse_) {
    SKIPLITH_RETURN_IF_ERROR(range_.stop ? cursor_->seek_for_prev(*range_.stop) : cursor_->last());
    if (cursor_->valid() && range_.after_stop(cursor_->key())) {
      SKIPLITH_RETURN_IF_ERROR(cursor_->prev());
    }
  } else {
    SKIPLITH_RETURN_IF_ERROR(range_.start ? cursor_->seek(*range_.start) : cursor_->first());
    if (cursor_->valid() && range_.before_start(cursor_->key())) {
      SKIPLITH_RETURN_IF_ERROR(cursor_->next());
    }
  }
  begun_ = true;
  done_ =
      !cursor_->valid() || range_.before_start(cursor_->key()) || range_.after_stop(cursor_->key());
  return Status::ok();
}

Status Scan::next_chunk(ScanChunk* chunk, ScanParts parts, size_t max_pairs, size_t max_bytes) {
  SKIPLITH_SYNC_POINT(scan_chunk);
  chunk->clear();
  const bool keys = parts != ScanParts::kValues || record_ != nullptr;
  const bool values = parts != ScanParts::kKeys;
  while (!done_ && chunk->size() < max_pairs && chunk->bytes() <= max_bytes) {
    SKIPLITH_RETURN_IF_ERROR(advance());
    if (!done_) {
      chunk->add(keys ? cursor_->key() : Bytes(), values ? cursor_->value() : Bytes());
    }
  }
  return Status::ok();
}

Status Scan::skip(size_t max_pairs, size_t* passed) {
  *passed = 0;
  while (!done_ && *passed < max_pairs) {
    SKIPLITH_RETURN_IF_ERROR(advance());
    if (!done_) ++*passed;
  }
  if (record_ != nullptr) done_ ? record_->ended() : record_->handed_out(cursor_->key());
  return Status::ok();
}

}  // namespace skiplith
