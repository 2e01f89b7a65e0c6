// Fail-stop for the one failure that must never be retried: a log write or sync that failed.
// What reached the disk is unknown then, so nothing may be acknowledged after it. Reads go on.
#pragma once

#include <atomic>

#include "base/locks.h"
#include "base/status.h"

namespace skiplith {

class Poison {
 public:
  // Set before the failing thread clears its in_flight, lets its lane go or passes leadership
  // on: whoever waited for it finds the poison. The first cause is kept.
  void set(const Status& cause) {
    MutexLock lock(mutex_);
    if (is_set_.load()) return;
    cause_ = cause;
    is_set_.store(true);
  }
  bool is_set() const { return is_set_.load(); }
  // Ok, or kPoisoned with the cause.
  Status check() const {
    if (!is_set()) [[likely]]
      return Status::ok();
    MutexLock lock(mutex_);
    return Status::poisoned(cause_);
  }

 private:
  std::atomic<bool> is_set_{false};
  mutable Mutex mutex_;
  Status cause_;
};

}  // namespace skiplith
