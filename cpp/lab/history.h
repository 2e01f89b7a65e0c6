// What several threads did to one database, for the checkers.
#pragma once

#include <memory>
#include <thread>
#include <unordered_map>

#include "base/locks.h"
#include "lab/operation.h"

namespace skiplith::lab {

// Any thread may call anything at any time. Each thread appends to a log of its own, whose lock
// nobody else wants before the history is looked at: recording makes threads wait for each other
// as little as it can, since that would hide what is looked for.
class History {
 public:
  History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // What the database held before the first operation; nothing, unless said.
  void begin_with(Contents contents);
  Contents initial() const;

  // Numbers the operation with the calling thread: 0 for the first that appended, and so on.
  void append(Operation operation);
  // All of them, by the moment at which they began.
  std::vector<Operation> operations() const;

 private:
  struct Log {
    uint32_t thread;
    Mutex mutex;
    std::vector<Operation> operations;
  };
  Log& this_threads_log();

  const uint64_t id_;  // never that of another history, so a thread can remember whose log it has
  mutable Mutex mutex_;
  std::unordered_map<std::thread::id, std::shared_ptr<Log>> logs_;
  Contents initial_;
};

// The share of operations that ran, for some time, beside one of another thread: 0 to 1. What one
// thread does alone is in order by itself, and proves nothing. `operations` are sorted by their
// beginning.
double overlap(const std::vector<Operation>& operations);

}  // namespace skiplith::lab
