// How the skiplist's nodes lie in the arena, and every memory order of their links.
#pragma once

#include <atomic>
#include <new>

#include "mem/arena.h"
#include "mem/entry.h"

namespace skiplith {

// Enough for the 2^20 entries of a large memtable; more entries only make the top level longer.
inline constexpr int kMaxHeight = 20;

// A key as a search carries it.
struct SearchKey {
  explicit SearchKey(Bytes key)
      : bytes(key), prefix(key_prefix(key)), head(static_cast<uint32_t>(prefix >> 32)) {}
  Bytes bytes;
  uint64_t prefix;
  uint32_t head;
};

// One step within a level: where the next entry lies, and the first four bytes of its key (as
// key_prefix has them), so that most entries past the key are never touched. One word: the two
// halves always belong together.
struct alignas(8) Link {
  uint32_t key_head;
  ArenaOffset next;  // 0 at the end of the level, which is after all keys

  static Link end() { return Link{UINT32_MAX, 0}; }
  static Link to(const Arena& arena, const Entry* entry) {
    return Link{static_cast<uint32_t>(entry->prefix >> 32), arena.offset_of(entry)};
  }
  bool is_end() const { return next == 0; }
};
static_assert(std::atomic<Link>::is_always_lock_free);

// The links of a node, or of the list's head. They lie before the entry, level 0 nearest, so that
// a step finds a link and the prefix behind it mostly on one cache line.
//
//   | link of level h-1 | ... | link of level 1 | link of level 0 | Entry ...
//                                                                 ^ end_
class Tower {
 public:
  static constexpr uint64_t bytes_for(int height) {
    return static_cast<uint64_t>(height) * sizeof(std::atomic<Link>);
  }

  Tower() = default;
  explicit Tower(std::atomic<Link>* end) : end_(end) {}
  explicit Tower(Entry* entry) : end_(reinterpret_cast<std::atomic<Link>*>(entry)) {}

  // Of a node's tower; the head has none.
  Entry* entry() const { return reinterpret_cast<Entry*>(end_); }

  Link link(int level) const {
    return end_[-1 - level].load(std::memory_order_acquire);  // order: sees the next entry whole
  }
  // While nobody can reach this tower at `level`: replace(), in the tower before, publishes it.
  void init_link(int level, Link link) { new (end_ - 1 - level) std::atomic<Link>(link); }
  // Publishes the entry behind `desired`, unless the link is no longer `expected`.
  bool replace(int level, Link expected, Link desired) {
    return end_[-1 - level].compare_exchange_strong(
        expected, desired, std::memory_order_release,  // order: publishes the entry and its links
        std::memory_order_relaxed);                    // order: the loser loads again, by link()
  }
  bool operator==(const Tower&) const = default;

 private:
  std::atomic<Link>* end_ = nullptr;
};

}  // namespace skiplith
