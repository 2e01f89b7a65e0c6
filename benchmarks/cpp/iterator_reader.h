// How LevelDB and RocksDB are walked over: their iterators have the same names.
#pragma once

#include "store_benchmarks.h"

namespace skiplith {

template <typename Iterator>
uint64_t look_at_all(Iterator& at, bool backwards, uint64_t most) {
  uint64_t pairs = 0;
  while (pairs < most && at.Valid()) {
    look_at({at.key().data(), at.key().size()}, {at.value().data(), at.value().size()});
    ++pairs;
    backwards ? at.Prev() : at.Next();
  }
  SKIPLITH_CHECK(at.status().ok());
  return pairs;
}

template <typename Iterator>
uint64_t scan_all(Iterator& at, bool backwards) {
  backwards ? at.SeekToLast() : at.SeekToFirst();
  return look_at_all(at, backwards, UINT64_MAX);
}

}  // namespace skiplith
