#include "db/background.h"

#include <algorithm>
#include <new>

namespace skiplith {
namespace {

// How soon to look again for readers that have left: this bounds memory, not progress.
constexpr uint64_t kReclaimNs = 10'000'000;

}  // namespace

Background::Background(Work work, uint64_t interval_ns)
    : work_(std::move(work)), interval_ns_(interval_ns), thread_([this] { run(); }) {}

void Background::stop() {
  stopping_.store(true);
  wakeup_.notify();
  thread_.join();
}

void Background::run() {
  bool left_over = false;
  while (!stopping_.load()) {
    uint64_t limit_ns = interval_ns_;
    if (left_over) limit_ns = limit_ns == 0 ? kReclaimNs : std::min(limit_ns, kReclaimNs);
    wakeup_.wait(limit_ns);
    if (stopping_.load()) break;
    try {
      left_over = work_();
    } catch (const std::bad_alloc&) {
      // Whoever needs what was to be made ahead makes it, and hears of it.
    }
  }
}

}  // namespace skiplith
