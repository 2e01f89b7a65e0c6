#include "mem/locked_map.h"

namespace skiplith {

template <typename LockType>
Entry* LockedMap<LockType>::find(Bytes key) const {
  ReadLock lock(lock_);
  const auto found = map_.find(key);
  return found == map_.end() ? nullptr : found->second;
}

template <typename LockType>
Entry* LockedMap<LockType>::find_or_insert(Bytes key, ArenaWriter& writer) {
  WriteLock lock(lock_);
  const auto place = map_.lower_bound(key);
  if (place != map_.end() && place->first == key) return place->second;
  char* memory = writer.allocate(insert_bytes(key.size()));
  auto* entry = new (memory) Entry(key);
  try {
    map_.emplace_hint(place, entry->key(), entry);
  } catch (...) {
    writer.give_back(memory);
    throw;
  }
  return entry;
}

template <typename LockType>
uint64_t LockedMap<LockType>::insert_bytes(size_t key_size) const {
  return round_up(Entry::bytes_for(key_size), Arena::kUnit);
}

// A tree gains little from the last place: one more search from the root is all the same lines.
template <typename LockType>
class LockedMap<LockType>::Inserter : public Index::SortedInserter {
 public:
  explicit Inserter(LockedMap& map) : map_(map) {}
  Entry* find_or_insert(Bytes key, ArenaWriter& writer) override {
    return map_.find_or_insert(key, writer);
  }

 private:
  LockedMap& map_;
};

template <typename LockType>
class LockedMap<LockType>::MapCursor : public EntryCursor {
 public:
  explicit MapCursor(const LockedMap& map) : map_(map.map_), lock_(map.lock_) {}

  void seek(Bytes key) override {
    ReadLock lock(lock_);
    stand_locked(map_.lower_bound(key));
  }
  void seek_for_prev(Bytes key) override {
    ReadLock lock(lock_);
    stand_before_locked(map_.upper_bound(key));
  }
  void first() override {
    ReadLock lock(lock_);
    stand_locked(map_.begin());
  }
  void last() override {
    ReadLock lock(lock_);
    stand_before_locked(map_.end());
  }
  void next() override {
    ReadLock lock(lock_);
    stand_locked(std::next(place_));
  }
  void prev() override {
    ReadLock lock(lock_);
    stand_before_locked(place_);
  }

 private:
  using Place = typename Map::const_iterator;

  void stand_locked(Place place) {
    place_ = place;
    entry_ = place == map_.end() ? nullptr : place->second;
  }
  void stand_before_locked(Place place) {
    stand_locked(place == map_.begin() ? map_.end() : std::prev(place));
  }

  const Map& map_;  // under lock_
  LockType& lock_;
  Place place_;
};

template <typename LockType>
std::unique_ptr<Index::SortedInserter> LockedMap<LockType>::sorted_inserter() {
  return std::make_unique<Inserter>(*this);
}

template <typename LockType>
std::unique_ptr<EntryCursor> LockedMap<LockType>::cursor() const {
  return std::make_unique<MapCursor>(*this);
}

template class LockedMap<Mutex>;
template class LockedMap<SharedMutex>;

}  // namespace skiplith
