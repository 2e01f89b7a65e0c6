#include "base/threads.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "base/sync_points.h"

namespace skiplith {
namespace {

// Leaked: threads may end after static destructors have run.
struct ThreadNumbers {
  std::mutex mutex;
  std::vector<bool> taken;
};

ThreadNumbers& thread_numbers() {
  static auto* numbers = new ThreadNumbers;
  return *numbers;
}

struct ThreadNumber {
  ThreadNumber() {
    auto& numbers = thread_numbers();
    std::lock_guard lock(numbers.mutex);
    while (index < numbers.taken.size() && numbers.taken[index]) ++index;
    if (index == numbers.taken.size()) numbers.taken.push_back(false);
    numbers.taken[index] = true;
  }
  ~ThreadNumber() {
    auto& numbers = thread_numbers();
    std::lock_guard lock(numbers.mutex);
    numbers.taken[index] = false;
  }
  uint32_t index = 0;
};

std::atomic<uint32_t> fork_count{0};

// The numbers' mutex is held over fork, so that the child never finds it locked by a thread it
// does not have.
struct AtFork {
  AtFork() {
    pthread_atfork([] { thread_numbers().mutex.lock(); }, [] { thread_numbers().mutex.unlock(); },
                   [] {
                     thread_numbers().mutex.unlock();
                     fork_count.fetch_add(1);
                   });
  }
} at_fork;

}  // namespace

uint32_t thread_index() {
  // The second variable is free of a constructor: the common path is one load.
  thread_local uint32_t cached = UINT32_MAX;
  if (cached == UINT32_MAX) [[unlikely]] {
    thread_local ThreadNumber number;
    cached = number.index;
  }
  return cached;
}

uint32_t fork_generation() { return fork_count.load(std::memory_order_relaxed); }

void Wakeup::notify() {
  MutexLock lock(mutex_);
  notified_ = true;
  changed_.notify_one();
}

void wait_for(CondVar& changed, MutexLock& lock, uint64_t limit_ns) {
  changed.wait_for(lock, std::chrono::nanoseconds(limit_ns));
}

void pause(uint64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); }

void Wakeup::wait(uint64_t limit_ns) {
  MutexLock lock(mutex_);
  const auto ready = [this] { return notified_; };
  if (limit_ns == 0) {
    changed_.wait(lock, ready);
  } else {
    changed_.wait_for(lock, std::chrono::nanoseconds(limit_ns), ready);
  }
  notified_ = false;
}

EngineThread::EngineThread(std::function<void()> body) {
  // A new thread inherits the mask of its creator.
  struct BlockSignals {
    BlockSignals() {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    sigset_t before;
  } blocked;
  SKIPLITH_SYNC_POINT(thread_start);
  thread_ = std::thread(std::move(body));
}

EngineThread::~EngineThread() { join(); }

void EngineThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace skiplith
