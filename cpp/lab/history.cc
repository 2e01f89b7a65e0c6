#include "lab/history.h"

#include <algorithm>
#include <atomic>

namespace skiplith::lab {
namespace {

uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1) + 1;
}

}  // namespace

History::History() : id_(next_id()) {}

void History::begin_with(Contents contents) {
  const MutexLock lock(mutex_);
  initial_ = std::move(contents);
}

Contents History::initial() const {
  const MutexLock lock(mutex_);
  return initial_;
}

History::Log& History::this_threads_log() {
  thread_local uint64_t history = 0;
  thread_local std::shared_ptr<Log> log;
  if (history != id_) {
    const MutexLock lock(mutex_);
    std::shared_ptr<Log>& own = logs_[std::this_thread::get_id()];
    if (own == nullptr) {
      own = std::make_shared<Log>();
      own->thread = static_cast<uint32_t>(logs_.size() - 1);
    }
    log = own;
    history = id_;
  }
  return *log;
}

void History::append(Operation operation) {
  Log& log = this_threads_log();
  const MutexLock lock(log.mutex);
  operation.thread = log.thread;
  log.operations.push_back(std::move(operation));
}

std::vector<Operation> History::operations() const {
  std::vector<Operation> all;
  const MutexLock lock(mutex_);
  for (const auto& [id, log] : logs_) {
    const MutexLock log_lock(log->mutex);
    all.insert(all.end(), log->operations.begin(), log->operations.end());
  }
  std::ranges::stable_sort(all, {}, &Operation::begin_ns);
  return all;
}

double overlap(const std::vector<Operation>& operations) {
  if (operations.empty()) return 0;
  std::vector<bool> overlapping(operations.size());
  // Whatever an operation is beside, it is also beside the one that ends last of all before it,
  // and so is that other one. Within a thread they come one after the other.
  size_t ends_last = 0;
  for (size_t i = 1; i < operations.size(); ++i) {
    if (operations[i].begin_ns < operations[ends_last].end_ns &&
        operations[i].thread != operations[ends_last].thread) {
      overlapping[i] = overlapping[ends_last] = true;
    }
    if (operations[i].end_ns > operations[ends_last].end_ns) ends_last = i;
  }
  const auto count = std::ranges::count(overlapping, true);
  return static_cast<double>(count) / static_cast<double>(operations.size());
}

}  // namespace skiplith::lab
