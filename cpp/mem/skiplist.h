// The default index: a skiplist that any number of threads insert into without a lock.
#pragma once

#include "mem/index.h"
#include "mem/skiplist_node.h"

namespace skiplith {

// Every level is a sorted list of entries: level 0 of all, each level above of about half of
// those below. A search goes right while the next entry is before the key, else one level down.
//
// Any thread may call anything at any time; nothing waits. Entries are only ever added, so a
// tower that was before a key stays before it: searches, cursors, and inserts that lost a
// compare-and-swap go on from where they are.
//
// An insert links its node from the bottom up, each level by one compare-and-swap in the tower
// before it. Level 0 decides: of racing inserts of one key, who links there wins, and the others
// meet the winner as they search on. Above, a node is only a shortcut: a level not linked yet, or
// a height not seen yet, costs a reader steps and hides nothing.
//
// What publishes what: replacing a link (release) publishes the new entry, its key, and its links
// at that level and below; following a link (acquire) sees them.
//
// Why four bytes of the key in each link: with 300,000 random keys, links of 32 bits without them
// (a quarter of the entries per level, next entries prefetched) took 1.2 us an insert and 1.4 us
// a lookup, with them 0.6 and 0.9 (a quarter per level: 0.85 and 1.1). Where all keys begin alike
// they decide nothing, and both take 1.2 us.
class Skiplist : public Index {
 public:
  explicit Skiplist(Arena& arena);

  Entry* find(Bytes key) const override;
  Entry* find_or_insert(Bytes key, ArenaWriter& writer) override;
  uint64_t insert_bytes(size_t key_size) const override;
  std::unique_ptr<SortedInserter> sorted_inserter() override;
  std::unique_ptr<EntryCursor> cursor() const override;

  // Every level ascends and leaves out nothing that a level above has: a failed check if not.
  // While nobody inserts.
  void check_levels() const;

 private:
  class Inserter;
  class SkiplistCursor;

  // Where a key belongs in one level: before.link(level) was `after`, and before < key <= after.
  struct Gap {
    Tower before;
    Link after;
  };
  // Where a key belongs in every level.
  struct Splice {
    Gap gaps[kMaxHeight];
  };

  Entry* entry_at(Link link) const { return arena_.at<Entry>(link.next); }
  int height() const {
    return height_.load(std::memory_order_relaxed);  // order: a late view only costs steps
  }
  void raise_height(int height);

  // How the entry behind `link` compares with the key.
  int compare_next(Link link, const SearchKey& key) const;
  // Moves gap->before right within its level until the next entry is not before the key. Returns
  // that entry if it is equal.
  Entry* narrow(int level, const SearchKey& key, Gap* gap) const;
  // Narrows all gaps from `level` down, each from where the one above ended. Ends early at an
  // equal entry; every gap's `before` is before the key all the same.
  Entry* search_down(int level, const SearchKey& key, Splice* splice) const;
  // Links a new entry where search_down() from level `searched - 1` found none, or returns the
  // one that another thread has linked meanwhile. From level `searched` up, only the `before`s
  // are taken for true.
  Entry* insert(const SearchKey& key, int searched, ArenaWriter& writer, Splice* splice);

  // The rightmost tower of level 0 that is before the key; or, with or_equal, not after it.
  Tower last_before(const SearchKey& key, bool or_equal) const;
  Tower last_tower() const;

  // This line is read by all and written when the tallest entry so far comes in.
  Arena& arena_;
  std::atomic<int> height_{1};
  const Tower head_;
  alignas(64) std::atomic<Link> head_links_[kMaxHeight];
};

}  // namespace skiplith
