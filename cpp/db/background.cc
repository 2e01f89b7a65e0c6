#include "db/background.h"

#include <new>

namespace skiplith {
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
      // Whoever needs what was to be made ahead makes it, and hears of it.
    }
    wakeup_.wait(next_ns);
  }
}

}  // namespace skiplith
