#include "base/epoch.h"

#include <pthread.h>

#include "base/check.h"
#include "base/threads.h"

namespace skiplith {
namespace {

constexpr uint32_t kSlotsPerBlock = 64;
constexpr uint32_t kBlocks = 1024;  // 65,536 threads at once

struct SlotBlock {
  EpochSlot slots[kSlotsPerBlock];
};

std::atomic<uint64_t> epoch{1};
std::atomic<SlotBlock*> blocks[kBlocks];  // filled in order of thread numbers, never freed

SlotBlock& block_at(uint32_t index) {
  SlotBlock* block = blocks[index].load();
  if (block == nullptr) {
    auto* fresh = new SlotBlock;
    if (blocks[index].compare_exchange_strong(block, fresh)) return *fresh;
    delete fresh;
  }
  return *block;
}

thread_local EpochSlot* own_slot = nullptr;  // of threads that have read

// The child of a fork has one thread: the guards of the others are gone with them. The handler
// takes own_slot as it is, since numbering a thread needs a mutex that is held over fork.
struct ForgetOtherReaders {
  ForgetOtherReaders() {
    pthread_atfork(nullptr, nullptr, [] {
      const EpochSlot* own = own_slot;
      for (auto& entry : blocks) {
        SlotBlock* block = entry.load();
        if (block == nullptr) continue;
        for (EpochSlot& slot : block->slots) {
          if (&slot == own) continue;
          slot.announced.store(0);
          slot.depth = 0;
        }
      }
    });
  }
} forget_other_readers;

}  // namespace

EpochSlot& this_thread_epoch_slot() {
  if (own_slot == nullptr) [[unlikely]] {
    const uint32_t index = thread_index();
    SKIPLITH_CHECK(index < kSlotsPerBlock * kBlocks);
    own_slot = &block_at(index / kSlotsPerBlock).slots[index % kSlotsPerBlock];
  }
  return *own_slot;
}

uint64_t epoch_now() {
  // Relaxed: an old value only delays the reclaimer.
  return epoch.load(std::memory_order_relaxed);
}

uint64_t epoch_advance() { return epoch.fetch_add(1) + 1; }

bool epoch_passed(uint64_t tag) {
  for (const auto& entry : blocks) {
    const SlotBlock* block = entry.load();
    if (block == nullptr) continue;
    for (const EpochSlot& slot : block->slots) {
      const uint64_t announced = slot.announced.load(std::memory_order_seq_cst);
      if (announced != 0 && announced < tag) return false;
    }
  }
  return true;
}

}  // namespace skiplith
