#include "table/version_cursor.h"

namespace skiplith {
namespace {

constexpr uint64_t kWindowBytes = 512 * 1024;

}  // namespace

VersionCursor::VersionCursor(Result<const Frame*> frame) {
  if (!frame.is_ok()) {
    status_ = frame.take_status();
    return;
  }
  frame_ = *frame;
  read_ahead_.emplace(*frame_);
}

bool VersionCursor::enter(uint32_t block) {
  entries_.close();
  if (frame_ == nullptr) return false;
  Result<BlockRef> read = read_ahead_->block(block, kWindowBytes);
  status_ = read.is_ok() ? Status::ok() : read.take_status();
  if (!status_.is_ok()) return false;
  block_ = std::move(*read);
  index_ = block;
  entries_.open(block_->payload());
  return true;
}

void VersionCursor::next_block() {
  entries_.close();
  if (index_ + 1 < frame_->fences().blocks() && enter(index_ + 1)) entries_.first();
}

void VersionCursor::first() {
  if (enter(0)) entries_.first();
}

void VersionCursor::seek(Bytes key) {
  const uint32_t block = frame_ == nullptr ? 0 : frame_->fences().find(key, kMaxSequence);
  if (!enter(block)) return;
  entries_.seek(key, kMaxSequence);
  if (!entries_.valid()) next_block();
}

void VersionCursor::next() {
  entries_.next();
  if (!entries_.valid()) next_block();
}

}  // namespace skiplith
