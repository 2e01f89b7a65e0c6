// A block in memory: its payload, and who still needs it.
#pragma once

#include <atomic>
#include <utility>

#include "base/bytes.h"
#include "table/block_memory.h"

namespace skiplith {

class Block;
class BlockRef;

// Where a table keeps a resident block; null when it is absent. Written by the cache alone.
using BlockSlot = std::atomic<Block*>;

// The payload is immutable once another thread can see the block. It begins on a cache line, and
// at least kSlackBytes behind it may be read, so that numbers are loaded whole.
//
// Lives while somebody holds a reference. One belongs to the slot that the block lies in, and is
// let go only when no epoch guard can be left under which a reader loaded that slot: under such a
// guard a block may be used, and a reference taken, without having one.
class alignas(BlockMemory::kAlignment) Block {
 public:
  static constexpr size_t kSlackBytes = 8;

  // With room for `payload_bytes` and the slack; throws std::bad_alloc.
  static BlockRef make(size_t payload_bytes);

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  Bytes payload() const { return Bytes(data(), payload_bytes_); }
  // While nobody else sees it: what lies behind becomes slack.
  void cut_to(size_t payload_bytes) { payload_bytes_ = payload_bytes; }
  uint64_t memory_bytes() const { return memory_bytes_; }  // that it takes, all in all

  void add_reference() {
    references_.fetch_add(1, std::memory_order_relaxed);  // order: another one keeps it alive
  }
  void release() {
    // order: release what this holder read, acquire what all others did, before it is freed
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) free(this);
  }

  // Used since the clock hand last passed. A store only where it changes something: readers of a
  // hot block share its line.
  void touch() {
    // order: a hint to the clock hand, nothing depends on it
    if (!touched_.load(std::memory_order_relaxed)) touched_.store(true, std::memory_order_relaxed);
  }
  // Whether it was; and no longer.
  bool take_touch() {
    // order: as above
    if (!touched_.load(std::memory_order_relaxed)) return false;
    touched_.store(false, std::memory_order_relaxed);  // order: as above
    return true;
  }

 private:
  friend class BlockCache;

  Block(size_t payload_bytes, const BlockMemory::Piece& piece)
      : payload_bytes_(payload_bytes), memory_bytes_(piece.bytes), span_(piece.span) {}
  ~Block() = default;
  static void free(Block* block);

  std::atomic<uint32_t> references_{1};
  std::atomic<bool> touched_{false};
  size_t payload_bytes_;
  const uint64_t memory_bytes_;
  BlockMemory::Span* const span_;

  // Under the cache's mutex: its ring of resident blocks, which of the two, and where it lies.
  bool in_scanned_ = false;
  Block* before_ = nullptr;
  Block* behind_ = nullptr;
  BlockSlot* slot_ = nullptr;
};
static_assert(sizeof(Block) == 64);

// One reference.
class BlockRef {
 public:
  BlockRef() = default;
  // Takes over a reference that the caller has.
  static BlockRef adopt(Block* block) { return BlockRef(block); }
  // Takes a new one; the caller has one too, or the guard under which it loaded a slot.
  static BlockRef keep(Block* block) {
    if (block != nullptr) block->add_reference();
    return BlockRef(block);
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_ != nullptr) block_->release();
  }

  explicit operator bool() const { return block_ != nullptr; }
  Block* get() const { return block_; }
  Block* operator->() const { return block_; }
  void reset() { BlockRef().swap(*this); }
  void swap(BlockRef& other) { std::swap(block_, other.block_); }
  // The reference is the caller's now.
  Block* give_up() { return std::exchange(block_, nullptr); }

 private:
  explicit BlockRef(Block* block) : block_(block) {}
  Block* block_ = nullptr;
};

// A value where it lies in a block. Borrowed, it is good for as long as the epoch guard of the
// lookup is held; kept, for as long as this lives, whatever becomes of table and cache.
class PinnedBytes {
 public:
  Bytes bytes() const { return bytes_; }
  bool in_block() const { return block_ != nullptr; }

  // With no block: in other memory, which the caller knows how to keep.
  void borrow(Bytes bytes, Block* block) {
    bytes_ = bytes;
    block_ = block;
    kept_.reset();
  }
  void own(Bytes bytes, BlockRef block) {
    bytes_ = bytes;
    block_ = block.get();
    kept_ = std::move(block);
  }
  // The same bytes for one more holder.
  PinnedBytes share() const {
    PinnedBytes shared;
    shared.borrow(bytes_, block_);
    if (kept_) shared.keep();
    return shared;
  }
  // Turns borrowed into kept; under the guard of the lookup.
  void keep() {
    if (!kept_ && block_ != nullptr) kept_ = BlockRef::keep(block_);
  }

 private:
  Bytes bytes_;
  Block* block_ = nullptr;
  BlockRef kept_;
};

}  // namespace skiplith
