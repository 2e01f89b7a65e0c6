// The baselines: a std::map under one lock. For tests and experiments.
#pragma once

#include <map>
#include <type_traits>

#include "base/locks.h"
#include "mem/index.h"

namespace skiplith {

// `LockType` is Mutex, or SharedMutex: then reads share. The map's keys are views of the entries'
// keys in the arena; its nodes are heap memory and count against no budget.
//
// The lock is held for one operation or one cursor step, and publishes new entries: their bytes
// are written before it is released. Entries are never removed, so a cursor's place in the map
// stays valid between its steps.
template <typename LockType>
class LockedMap : public Index {
 public:
  Entry* find(Bytes key) const override;
  // On std::bad_alloc nothing has changed, the writer included.
  Entry* find_or_insert(Bytes key, ArenaWriter& writer) override;
  uint64_t insert_bytes(size_t key_size) const override;
  std::unique_ptr<SortedInserter> sorted_inserter() override;
  std::unique_ptr<EntryCursor> cursor() const override;

 private:
  class Inserter;
  class MapCursor;
  using Map = std::map<Bytes, Entry*>;
  using ReadLock = std::conditional_t<std::is_same_v<LockType, SharedMutex>,
                                      std::shared_lock<LockType>, std::unique_lock<LockType>>;
  using WriteLock = std::unique_lock<LockType>;

  mutable LockType lock_;
  Map map_;  // under lock_
};

using MutexMap = LockedMap<Mutex>;
using RwlockMap = LockedMap<SharedMutex>;

}  // namespace skiplith
