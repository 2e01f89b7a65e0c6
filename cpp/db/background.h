// The engine's one thread: works ahead of the writers, frees what readers have left, and keeps
// the sync interval.
#pragma once

#include <atomic>
#include <functional>

#include "base/threads.h"

namespace skiplith {

class Background {
 public:
  // One round of work; true when something is left that only time brings (readers leaving).
  using Work = std::function<bool()>;

  // `interval_ns`: at least one round in this time; 0: only when woken. Throws std::system_error
  // when there is no thread to be had.
  Background(Work work, uint64_t interval_ns);
  ~Background() { stop(); }

  void wake() { wakeup_.notify(); }
  // Ends the round in progress and joins. Idempotent; one caller at a time.
  void stop();

 private:
  void run();

  const Work work_;
  const uint64_t interval_ns_;
  std::atomic<bool> stopping_{false};
  Wakeup wakeup_;
  EngineThread thread_;  // last: starts when the rest is there
};

}  // namespace skiplith
