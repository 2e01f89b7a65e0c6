// Which blocks of all tables are resident, and how much memory they take.
#pragma once

#include <vector>

#include "base/counters.h"
#include "base/locks.h"
#include "table/block.h"

namespace skiplith {

enum class CacheCount : uint8_t {
  kBlockHits,             // a lookup or cursor found its block resident
  kBlockMisses,           // a block was read from the file
  kFilterNegatives,       // a filter spared a lookup in a table
  kFilterFalsePositives,  // a filter did not, and the table had no version for the reader
  kCount
};

// A slot of a table (an atomic pointer) is all that a reader of a resident block touches; the
// cache itself is met when a block comes or goes.
//
// Who may do what: anything, any thread; but coming and going is best without an epoch guard held,
// which keeps from being freed what it evicts. Slots are written under the mutex only: so blocks
// come and go one at a time, and of two that publish the same block one finds the other's.
//
// Invariants. A block that a slot points to is in the ring and counted; one that leaves its slot
// leaves both. Its slot's reference is let go only when epoch_passed() says that nobody can be
// using what the slot held: the slot is written, then the epoch advances, then it has to pass.
//
// The clock: a hand goes round a ring; a block looked up since the last time is passed over once,
// another one is evicted. A new block comes in behind the hand, not yet used. (Against one
// mutex-protected list in order of use, a hit writes nothing that other hits read.)
//
// Blocks that lookups read and those that scans read have a ring each, so that a scan, however
// long, does not wash out what is looked up: it takes all the room that is free, and of that of
// looked up blocks no more than brings its own to an eighth of the cache, enough for a range that
// is scanned again. What a lookup reads takes the room of scanned blocks first. A scanned block
// that is looked up goes over to the others when the hand comes to it; scans leave no mark.
class BlockCache {
 public:
  enum class Reader : uint8_t { kLookup, kScan };

  explicit BlockCache(uint64_t cache_bytes) : cache_bytes_(cache_bytes) {}
  // All tables are gone by then. Kept blocks may live on.
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // What the slot holds, kept; nothing when it is absent.
  static BlockRef resident(const BlockSlot& slot);
  // Puts a block into its slot; another one that came first stays. Returns the one in the slot,
  // or `fresh` itself when there was room for neither. May evict any block.
  BlockRef publish(BlockSlot& slot, BlockRef fresh, Reader reader);
  // Empties the slots of a table that nobody reads any more.
  void drop(BlockSlot* slots, uint32_t count);
  // What a table has in memory as long as it lives: counted, never evicted.
  void add_frame(uint64_t bytes);
  void remove_frame(uint64_t bytes);
  // Frees what nobody can be using any more; returns how many blocks have to wait.
  size_t reclaim();

  uint64_t cache_bytes() const { return cache_bytes_; }
  uint64_t resident_bytes() const;
  uint64_t evictions() const;

  void count(CacheCount what) { counters_.add(what); }
  uint64_t sum(CacheCount what) const { return counters_.sum(what); }

 private:
  struct Retired {
    uint64_t epoch_tag = UINT64_MAX;  // which never passes
    BlockRef block;
  };
  using Blocks = std::vector<BlockRef>;
  struct Ring {
    Block* hand = nullptr;
    uint64_t bytes = 0;

    void insert(Block* block);  // behind the hand
    void remove(Block* block);
  };

  Ring& ring_of(const Block* block) { return block->in_scanned_ ? scanned_ : looked_up_; }
  uint64_t resident_bytes_locked() const {
    return frame_bytes_ + looked_up_.bytes + scanned_.bytes;
  }
  // Out of slot and ring; the slot's reference goes to the caller.
  BlockRef remove_locked(Block* block);
  void evict_locked(Reader reader);
  // Takes what may be freed out of retired_, to be freed without the mutex.
  Blocks passed_locked();

  const uint64_t cache_bytes_;
  mutable Mutex mutex_;  // row 10 of the wait order: short, no I/O
  Ring looked_up_;
  Ring scanned_;
  uint64_t frame_bytes_ = 0;
  uint64_t evictions_ = 0;
  std::vector<Retired> retired_;  // in order of their tags
  Counters<CacheCount> counters_;
};

}  // namespace skiplith
