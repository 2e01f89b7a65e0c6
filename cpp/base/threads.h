// Threads: numbering the callers', starting the engine's own, and noticing fork.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "base/locks.h"

namespace skiplith {

// A small number for the calling thread, the smallest that no living thread has. Threads spread
// over lanes and counter stripes by it; nothing depends on it being unique.
uint32_t thread_index();

// Grows by one in the child of every fork. A handle keeps the value of its birth: when they
// differ, its memory belongs to a parent whose other threads do not exist here.
uint32_t fork_generation();

// Waits until notified, asked to stop, or the time has passed. For engine threads.
class Wakeup {
 public:
  void notify();
  // Returns at once when notify() came since the last call. 0: no limit.
  void wait(uint64_t limit_ns);

 private:
  Mutex mutex_;
  CondVar changed_;
  bool notified_ = false;
};

// Waits until notified, or for about so long.
void wait_for(CondVar& changed, MutexLock& lock, uint64_t limit_ns);

// Sleeps for about so long.
void pause(uint64_t ns);

// One engine thread, all signals blocked (they belong to the application). Throws
// std::system_error when the system has no thread to give.
class EngineThread {
 public:
  explicit EngineThread(std::function<void()> body);
  ~EngineThread();
  void join();

 private:
  std::thread thread_;
};

}  // namespace skiplith
