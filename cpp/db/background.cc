#include "db/background.h"

#include <new>

namespace skiplith {
namespace {

constexpr uint64_t kMemoryNs = 10'000'000;

}  // namespace
void Background::stop() {
  stopping_.store(true);
  wakeup_.notify();
  if (thread_) thread_->join();
}

void Background::run() {
  while (!stopping_.load()) {
    uint64_t next_ns = 0;
    try {
      next_ns = work_();
    } catch (const std::bad_alloc&) {
      next_ns = kMemoryNs;  // soon again: what frees memory may come after what failed
    }
    if (next_ns != kAtOnce) wakeup_.wait(next_ns);
  }
}

}  // namespace skiplith
