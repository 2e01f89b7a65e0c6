// The memtable's ordered index: one interface, several engines. It maps a user key to its Entry
// and knows nothing of versions.
#pragma once

#include <memory>

#include "mem/arena.h"
#include "mem/entry.h"

namespace skiplith {

// Walks entries in key order. Sees every entry that was inserted before the last positioning
// call, perhaps later ones too. One thread at a time; the arena must outlive it.
class EntryCursor {
 public:
  virtual ~EntryCursor() = default;
  virtual void seek(Bytes key) = 0;           // the first entry >= key
  virtual void seek_for_prev(Bytes key) = 0;  // the last entry <= key
  virtual void first() = 0;
  virtual void last() = 0;
  virtual void next() = 0;  // needs valid()
  virtual void prev() = 0;  // needs valid()
  // The entry stood on, nullptr past either end.
  const Entry* entry() const { return entry_; }
  bool valid() const { return entry_ != nullptr; }

 protected:
  const Entry* entry_ = nullptr;
};

class Index {
 public:
  virtual ~Index() = default;

  // Any thread, no lock, never waits (the locked maps excepted).
  virtual Entry* find(Bytes key) const = 0;

  // The key's entry, made if missing: then with an empty chain and an open lock, findable by all
  // before the call returns. Racing calls with equal keys return the same entry. `writer` has at
  // least insert_bytes(key.size()) left; what is not needed stays with it.
  virtual Entry* find_or_insert(Bytes key, ArenaWriter& writer) = 0;

  // Most arena bytes that one find_or_insert of a key of this size may take.
  virtual uint64_t insert_bytes(size_t key_size) const = 0;
  // The same of many, begun with an empty index, for each of them: what one takes may serve others.
  virtual uint64_t bytes_of_many(size_t key_size) const { return insert_bytes(key_size); }

  // For a key that will soon be searched for: asks ahead for what the search would wait for. Step
  // after step, from 0 to kAheadSteps - 1, each when what the last one asked for has had time to
  // come. No effect but speed.
  static constexpr int kAheadSteps = 3;
  virtual void fetch_ahead(Bytes, int) const {}
  // The same for each item's mutation.key, while they are searched for one after the other and
  // items[i] is next.
  template <typename Items>
  void fetch_ahead_of(const Items& items, size_t i) const {
    constexpr size_t kItemsAStep = 6;
    for (int step = 0; step < kAheadSteps; ++step) {
      const size_t ahead = i + kItemsAStep * (kAheadSteps - step);
      if (ahead < items.size()) fetch_ahead(items[ahead].mutation.key, step);
    }
  }

  // For a batch: the same as find_or_insert for keys that come in ascending order, faster where
  // the engine can start from the last place. One thread; lives shorter than the index.
  class SortedInserter {
   public:
    virtual ~SortedInserter() = default;
    virtual Entry* find_or_insert(Bytes key, ArenaWriter& writer) = 0;
  };
  virtual std::unique_ptr<SortedInserter> sorted_inserter() = 0;

  virtual std::unique_ptr<EntryCursor> cursor() const = 0;
};

enum class IndexKind : uint8_t { kSkiplist, kArt, kMutexMap, kRwlockMap };

std::unique_ptr<Index> make_index(IndexKind kind, Arena& arena);
// "skiplist", "art", "mutex_map", "rwlock_map"
const char* index_kind_name(IndexKind kind);

}  // namespace skiplith
