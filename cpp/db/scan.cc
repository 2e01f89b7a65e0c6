#include "base/sync_points.h"
#include "db/cursor.h"

namespace skiplith {

void Range::intersect_prefix(Bytes prefix) {
  if (!start || Bytes(*start) < prefix) {
    start = std::string(prefix);
    include_start = true;
  }
  // The first key after all keys with this prefix: the prefix, its last byte raised; an all-0xff
  // prefix has none.
  std::string after(prefix);
  while (!after.empty() && after.back() == '\xff') after.pop_back();
  if (after.empty()) return;
  after.back() = static_cast<char>(static_cast<unsigned char>(after.back()) + 1);
  if (!stop || *stop >= after) {
    stop = std::move(after);
    include_stop = false;
  }
}

bool Range::before_start(Bytes key) const {
  if (!start) return false;
  const int order = key.compare(*start);
  return order < 0 || (order == 0 && !include_start);
}

bool Range::after_stop(Bytes key) const {
  if (!stop) return false;
  const int order = key.compare(*stop);
  return order > 0 || (order == 0 && !include_stop);
}

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

Scan::Scan(std::unique_ptr<DbCursor> cursor, Range range, bool reverse)
    : cursor_(std::move(cursor)), range_(std::move(range)), reverse_(reverse) {}

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
  const bool keys = parts != ScanParts::kValues;
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
  return Status::ok();
}

}  // namespace skiplith
