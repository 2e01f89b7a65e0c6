#include "table/table_cursor.h"

#include <algorithm>

namespace skiplith {
namespace {

// How much is read at once, in a scan that goes on and on: doubled from one read to the next.
constexpr uint64_t kFirstWindowBytes = 32 * 1024;
constexpr uint64_t kLastWindowBytes = 256 * 1024;
// Who reads so many blocks, one behind the other, looks something up.
constexpr uint32_t kLookupBlocks = 3;

}  // namespace

bool TableCursor::begin(bool at_an_end) {
  if (frame_ == nullptr) {
    Result<const Frame*> frame = table_.open_frame();
    if (!frame.is_ok()) {
      status_ = frame.take_status();
      return false;
    }
    frame_ = *frame;
    read_ahead_.emplace(*frame_);
  }
  status_ = Status::ok();
  window_bytes_ = 0;
  blocks_entered_ = at_an_end ? kLookupBlocks : 0;
  return true;
}

bool TableCursor::enter(uint32_t block) {
  if (block_ && index_ == block) {
    entries_.close();
    return true;
  }
  Result<BlockRef> read = this->read(block);
  if (!read.is_ok()) {
    status_ = read.take_status();
    entries_.close();
    block_.reset();
    return false;
  }
  if (blocks_entered_ < kLookupBlocks) ++blocks_entered_;
  block_ = std::move(*read);
  index_ = block;
  entries_.open(block_->payload());
  return true;
}

BlockCache::Reader TableCursor::reader() const {
  return blocks_entered_ < kLookupBlocks ? BlockCache::Reader::kLookup : BlockCache::Reader::kScan;
}

Result<BlockRef> TableCursor::read(uint32_t block) {
  BlockSlot& slot = frame_->slot(block);
  if (BlockRef resident = BlockCache::resident(slot)) {
    if (reader() == BlockCache::Reader::kLookup) resident->touch();
    table_.cache_.count(CacheCount::kBlockHits);
    return resident;
  }
  table_.cache_.count(CacheCount::kBlockMisses);
  Result<BlockRef> fresh = read_ahead_->block(block, window_bytes_);
  if (!fresh.is_ok()) return fresh;
  return table_.cache_.publish(slot, std::move(*fresh), reader());
}

void TableCursor::step_forward() {
  entries_.next();
  if (entries_.valid() || index_ + 1 == frame_->fences().blocks()) return;
  window_bytes_ = std::clamp(window_bytes_ * 2, kFirstWindowBytes, kLastWindowBytes);
  if (enter(index_ + 1)) entries_.first();
}

void TableCursor::step_backward() {
  entries_.prev();
  if (entries_.valid() || index_ == 0) return;
  window_bytes_ = 0;
  if (enter(index_ - 1)) entries_.last();
}

void TableCursor::settle_forward() {
  while (entries_.valid() && entries_.sequence() > at_) step_forward();
}

void TableCursor::settle_backward() {
  // Keys of which all versions are too new.
  while (entries_.valid() && entries_.sequence() > at_) {
    while (entries_.valid() && entries_.is_older_version()) step_backward();
    if (entries_.valid()) step_backward();
  }
  // The newest version that is not too new.
  while (entries_.valid() && entries_.is_older_version()) {
    step_backward();
    if (entries_.valid() && entries_.sequence() > at_) {
      step_forward();
      return;
    }
  }
}

void TableCursor::seek_entry(Bytes key) {
  if (!enter(frame_->fences().find(key, at_))) return;
  entries_.seek(key, at_);
  if (!entries_.valid() && index_ + 1 < frame_->fences().blocks() && enter(index_ + 1)) {
    entries_.first();
  }
}

void TableCursor::seek(Bytes key) {
  if (!begin(false)) return;
  seek_entry(key);
  settle_forward();
}

void TableCursor::seek_for_prev(Bytes key) {
  if (!begin(false)) return;
  seek_entry(key);
  if (entries_.valid() && entries_.key() == key) return;
  if (!status_.is_ok()) return;
  if (entries_.valid()) {
    step_backward();
  } else if (enter(frame_->fences().blocks() - 1)) {
    entries_.last();
  }
  settle_backward();
}

void TableCursor::first() {
  if (!begin(true) || !enter(0)) return;
  entries_.first();
  settle_forward();
}

void TableCursor::last() {
  if (!begin(true) || !enter(frame_->fences().blocks() - 1)) return;
  entries_.last();
  settle_backward();
}

void TableCursor::next() {
  step_forward();
  while (entries_.valid() && entries_.is_older_version()) step_forward();
  settle_forward();
}

void TableCursor::prev() {
  // Past the newer versions of this key.
  while (entries_.valid() && entries_.is_older_version()) step_backward();
  if (entries_.valid()) step_backward();
  settle_backward();
}

}  // namespace skiplith
