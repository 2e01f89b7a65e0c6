// Background work that is tried again after a failure, and those who wait for it.
#pragma once

#include <algorithm>
#include <new>
#include <string>

#include "base/clock.h"
#include "base/locks.h"
#include "base/status.h"

namespace skiplith {

// One thread works; any thread may wait. A failure is kept until the work has succeeded, and
// whoever waits is told of it only if the attempt began after he came: what failed before may be
// mended.
class RetriedJob {
 public:
  enum class Done : uint8_t { kNothing, kPart, kWhole };
  // When it wants to be called again: kNow, 0 when there is nothing to do, or nanoseconds.
  static constexpr uint64_t kNow = 1;

  // `mutex` guards what the waiters see; `changed` is notified when that may have changed.
  RetriedJob(Mutex& mutex, CondVar& changed) : mutex_(mutex), changed_(changed) {}

  // `work` returns Result<Done>; `memory_ran_out` cleans up after std::bad_alloc.
  template <typename Work, typename Clean>
  uint64_t attempt(const std::string& path, Work work, Clean memory_ran_out) {
    MutexLock lock(mutex_);
    const uint64_t now = monotonic_ns();
    if (now < not_before_ns_) return not_before_ns_ - now;
    const uint64_t number = ++begun_;
    hurried_ = false;
    lock.unlock();
    Result<Done> done = Done::kNothing;
    try {
      done = work();
    } catch (const std::bad_alloc&) {
      memory_ran_out();
      done = Status::storage(kNoMemory, path, "flush or compact");
    }
    lock.lock();
    if (!done.is_ok()) {
      pause_ns_ = pause_ns_ == 0 ? kFirstPauseNs : std::min(2 * pause_ns_, kLongestPauseNs);
      const uint64_t wait_ns = hurried_ ? kNow : pause_ns_;
      not_before_ns_ = monotonic_ns() + wait_ns;
      failure_ = done.take_status();
      failed_ = number;
      changed_.notify_all();
      return wait_ns;
    }
    if (*done == Done::kWhole) {
      pause_ns_ = 0;
      failure_ = Status::ok();
    }
    changed_.notify_all();
    return *done == Done::kNothing ? 0 : kNow;
  }

  // With the mutex held: somebody waits from here on. The next attempt does not wait.
  uint64_t come_locked() {
    not_before_ns_ = 0;
    hurried_ = true;
    return begun_;
  }
  // With the mutex held: what failed since then, or ok.
  Status failed_since_locked(uint64_t came) const {
    return !failure_.is_ok() && failed_ > came ? failure_ : Status::ok();
  }
  const Status& failure_locked() const { return failure_; }

 private:
  static constexpr int kNoMemory = 12;  // ENOMEM
  static constexpr uint64_t kFirstPauseNs = 10'000'000;
  static constexpr uint64_t kLongestPauseNs = 10'000'000'000;

  Mutex& mutex_;
  CondVar& changed_;
  uint64_t begun_ = 0;   // attempts
  uint64_t failed_ = 0;  // the last that did
  uint64_t pause_ns_ = 0;
  uint64_t not_before_ns_ = 0;
  bool hurried_ = false;  // somebody came during the attempt
  Status failure_;
};

}  // namespace skiplith
