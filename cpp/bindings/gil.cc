#include "bindings/gil.h"

#include <cxxabi.h>

#include "base/clock.h"

namespace skiplith::python {
namespace {

// CPython before 3.14 ends a daemon thread that comes for the GIL during finalization with
// pthread_exit, which would unwind through our frames and end the process as a crash. Such a
// thread sleeps instead until the process is gone, as from 3.14 on.
void take_back(PyThreadState* state) {
  try {
    PyEval_RestoreThread(state);
  } catch (const abi::__forced_unwind&) {
    EventCount().wait_until([] { return false; });
    throw;
  }
}

}  // namespace

GilReleased::~GilReleased() {
  if (gil_ == nullptr) {
    take_back(state_);
    return;
  }
  const uint64_t begin = monotonic_ns();
  take_back(state_);
  gil_->counters_.add(Gil::Count::kReleases);
  gil_->counters_.add(Gil::Count::kWaitNs, monotonic_ns() - begin);
}

MutexLock lock_politely(Mutex& mutex) {
  for (;;) {
    MutexLock lock(mutex, std::try_to_lock);
    if (lock.owns_lock()) return lock;
    const GilReleased released(nullptr);
    const MutexLock wait(mutex);
  }
}

}  // namespace skiplith::python
