// An engine's thread. There are two: one makes room ahead of the writers, in small steps, so that
// none has to wait for a flush; the other flushes and compacts, frees what readers have left, and
// keeps the sync interval.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "base/threads.h"

namespace skiplith {

class Background {
 public:
  // One round of work. Returns after how long the next is due, if nobody wakes the thread before;
  // 0: not until then; kAtOnce.
  using Work = std::function<uint64_t()>;
  static constexpr uint64_t kAtOnce = UINT64_MAX;

  explicit Background(Work work) : work_(std::move(work)) {}
  ~Background() { stop(); }

  // Begins with a round. Once; throws std::system_error when there is no thread to be had.
  void start() {
    thread_.emplace([this] { run(); });
  }
  // From any thread, started or not.
  void wake() { wakeup_.notify(); }
  // Ends the round in progress and joins. Idempotent; one caller at a time.
  void stop();

 private:
  void run();

  const Work work_;
  std::atomic<bool> stopping_{false};
  Wakeup wakeup_;
  std::optional<EngineThread> thread_;
};

}  // namespace skiplith
