// Memory that one arena leaves to the next.
#pragma once

#include <memory>

#include "base/address_range.h"
#include "base/locks.h"

namespace skiplith {

// What an arena lies in. What has been populated, or touched, holds whatever was stored last.
struct ArenaMemory {
  std::unique_ptr<AddressRange> range;
  uint64_t populated_bytes = 0;
};

// Keeps the memory of an arena that is gone until another wants it: the system zeroes every page
// that it hands out, which took the background thread 110 ns for each put of 116 bytes. One at
// most, and only while one is wanted. Any thread.
class ArenaPool {
 public:
  // Whether there will be an arena soon. If not, what is kept goes, and what comes.
  void want(bool wanted);
  // Of exactly so many bytes: what is kept, or new. Throws std::bad_alloc.
  ArenaMemory take(uint64_t reserved_bytes);
  void give(ArenaMemory memory);

 private:
  Mutex mutex_;  // a leaf
  bool wanted_ = true;
  ArenaMemory kept_;
};

}  // namespace skiplith
