// What the handles of one MemoryFiles share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/locks.h"
#include "io/memory_names.h"
#include "io/operation.h"

namespace skiplith {

// Told of every operation that changes something, before it does: what, on which path, and the
// how manyth it is, from 1.
using OperationObserver =
    std::function<void(Operation operation, const std::string& path, uint64_t nth)>;

// Kept by the handles: they may outlive the MemoryFiles that made them. The mutex is a leaf of the
// wait order and protects all below it.
struct MemoryDisk {
  struct Holders {
    uint64_t shared = 0;
    bool exclusive = false;
  };

  // Without the mutex, which is free while the observer runs.
  void tell(Operation operation, const std::string& path) {
    MutexLock lock(mutex);
    const uint64_t nth = ++operations;
    const std::shared_ptr<const OperationObserver> told = observer;
    lock.unlock();
    if (told != nullptr) (*told)(operation, path, nth);
  }

  Mutex mutex;
  MemoryNames names;
  std::map<std::string, Holders> locks;  // by directory
  BootId boot;
  uint64_t operations = 0;
  std::shared_ptr<const OperationObserver> observer;
};

}  // namespace skiplith
