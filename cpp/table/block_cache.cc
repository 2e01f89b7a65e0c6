#include "table/block_cache.h"

#include "base/check.h"
#include "base/epoch.h"
#include "base/sync_points.h"

namespace skiplith {
namespace {

// Of the cache: what scans may have at the cost of lookups.
constexpr uint64_t kScansShare = 8;

}  // namespace

BlockCache::~BlockCache() {
  SKIPLITH_CHECK(looked_up_.hand == nullptr && scanned_.hand == nullptr);
}

BlockRef BlockCache::resident(const BlockSlot& slot) {
  EpochGuard guard;
  Block* const block = slot.load();
  if (block != nullptr) SKIPLITH_SYNC_POINT(table_block_seen);
  return BlockRef::keep(block);
}

void BlockCache::Ring::insert(Block* block) {
  if (hand == nullptr) {
    hand = block->before_ = block->behind_ = block;
  } else {
    block->behind_ = hand;
    block->before_ = hand->before_;
    block->before_->behind_ = block;
    hand->before_ = block;
  }
  bytes += block->memory_bytes();
}

void BlockCache::Ring::remove(Block* block) {
  if (hand == block) hand = block->behind_ == block ? nullptr : block->behind_;
  block->before_->behind_ = block->behind_;
  block->behind_->before_ = block->before_;
  bytes -= block->memory_bytes();
}

BlockRef BlockCache::remove_locked(Block* block) {
  block->slot_->store(nullptr);
  block->slot_ = nullptr;
  ring_of(block).remove(block);
  return BlockRef::adopt(block);
}

void BlockCache::evict_locked(Reader reader) {
  const size_t retired_before = retired_.size();
  const uint64_t left_to_scans = reader == Reader::kScan ? cache_bytes_ / kScansShare : 0;
  while (resident_bytes_locked() > cache_bytes_) {
    const bool of_scans = scanned_.bytes > left_to_scans || looked_up_.hand == nullptr;
    Ring& ring = of_scans ? scanned_ : looked_up_;
    Block* const block = ring.hand;
    if (block == nullptr) break;  // frames alone
    ring.hand = block->behind_;
    if (block->take_touch()) {
      if (of_scans) {
        scanned_.remove(block);
        block->in_scanned_ = false;
        looked_up_.insert(block);
      }
      continue;
    }
    retired_.emplace_back();
    retired_.back().block = remove_locked(block);
    ++evictions_;
  }
  if (retired_.size() == retired_before) return;
  const uint64_t tag = epoch_advance();
  for (size_t i = retired_before; i < retired_.size(); ++i) retired_[i].epoch_tag = tag;
}

BlockCache::Blocks BlockCache::passed_locked() {
  Blocks passed;
  size_t count = 0;
  while (count < retired_.size() && epoch_passed(retired_[count].epoch_tag)) {
    passed.push_back(std::move(retired_[count++].block));
  }
  retired_.erase(retired_.begin(), retired_.begin() + static_cast<ptrdiff_t>(count));
  return passed;
}

BlockRef BlockCache::publish(BlockSlot& slot, BlockRef fresh, Reader reader) {
  SKIPLITH_SYNC_POINT(table_block_read);
  Blocks passed;  // freed after the mutex is let go
  MutexLock lock(mutex_);
  if (Block* const winner = slot.load(); winner != nullptr) {
    SKIPLITH_SYNC_POINT(table_block_lost);
    return BlockRef::keep(winner);  // the slot's own reference lives while the mutex is held
  }
  Block* const block = BlockRef::keep(fresh.get()).give_up();
  block->slot_ = &slot;
  block->in_scanned_ = reader == Reader::kScan;
  ring_of(block).insert(block);
  slot.store(block);
  evict_locked(reader);
  passed = passed_locked();
  lock.unlock();
  return fresh;
}

void BlockCache::drop(BlockSlot* slots, uint32_t count) {
  Blocks dropped;
  MutexLock lock(mutex_);
  for (uint32_t i = 0; i < count; ++i) {
    if (Block* const block = slots[i].load(); block != nullptr) {
      dropped.push_back(remove_locked(block));
    }
  }
  lock.unlock();
}

void BlockCache::add_frame(uint64_t bytes) {
  Blocks passed;
  MutexLock lock(mutex_);
  frame_bytes_ += bytes;
  evict_locked(Reader::kLookup);
  passed = passed_locked();
  lock.unlock();
}

void BlockCache::remove_frame(uint64_t bytes) {
  MutexLock lock(mutex_);
  frame_bytes_ -= bytes;
}

size_t BlockCache::reclaim() {
  Blocks passed;
  MutexLock lock(mutex_);
  passed = passed_locked();
  const size_t waiting = retired_.size();
  lock.unlock();
  return waiting;
}

uint64_t BlockCache::resident_bytes() const {
  MutexLock lock(mutex_);
  return resident_bytes_locked();
}

uint64_t BlockCache::evictions() const {
  MutexLock lock(mutex_);
  return evictions_;
}

}  // namespace skiplith
