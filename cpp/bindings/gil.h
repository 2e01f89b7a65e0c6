// When the interpreter's lock (the GIL) is let go, and what that costs.
//
// A call of less than a microsecond that lets the GIL go may wait a whole switch interval (5 ms)
// to get it back when another thread computes. So the short operations run with the GIL held, in
// the engine's try_ form, which never waits; only where that answers "would block" is the GIL let
// go, for the form that may. Work that is long for certain lets it go from the start.
//
// The GIL is never taken while an engine lock is held.
#pragma once

#include <Python.h>

#include "base/counters.h"
#include "base/locks.h"
#include "base/status.h"

namespace skiplith::python {

enum class GilPolicy : uint8_t {
  kAuto,     // let go where it pays
  kRelease,  // let go in every operation
  kHold,     // let go only where the engine may wait
};

// From where on letting go pays: 60 to 90 ns when nobody else wants the GIL, and a wake-up when
// somebody does. Measured by benchmarks/gil_thresholds.py, several runs; the ranges are what two
// threads get done when they let go, against holding it.
//
// A write, values or batch: 8 KiB 0.7 to 1.1, 16 KiB 1.0 to 1.5, 64 KiB 1.2 to 1.4.
inline constexpr size_t kReleaseWriteBytes = 16 << 10;
// Operations of a batch, 100 bytes each: 8 0.8 to 0.9, 16 0.8 to 1.0, 32 and 64 1.0. One that just
// keeps it takes some 20 us: others wait for the switch interval, 5 ms, not for this.
inline constexpr uint32_t kReleaseOperations = 32;
// Keys looked up together (get_many): 16 0.9, 32 and 64 0.9 to 1.0, 256 1.0 to 1.2, 1,000 0.95 to
// 1.45, with values of 100 bytes. One that just keeps it takes 6 to 20 us.
inline constexpr size_t kReleaseLookups = 64;
// A copy alone: as long, 6 to 8 us, as a write of kReleaseWriteBytes.
inline constexpr size_t kReleaseCopyBytes = 64 << 10;

inline bool is_long_write(size_t bytes, uint32_t operations = 1) {
  return bytes >= kReleaseWriteBytes || operations >= kReleaseOperations;
}

class Gil {
 public:
  explicit Gil(GilPolicy policy) : policy_(policy) {}
  GilPolicy policy() const { return policy_; }

  // Should an operation let the GIL go before it tries without?
  bool lets_go(bool long_for_certain) const {
    return policy_ == GilPolicy::kRelease || (long_for_certain && policy_ == GilPolicy::kAuto);
  }
  uint64_t releases() const { return counters_.sum(Count::kReleases); }
  double wait_seconds() const { return static_cast<double>(counters_.sum(Count::kWaitNs)) * 1e-9; }

 private:
  friend class GilReleased;
  enum class Count : uint32_t { kReleases, kWaitNs, kCount };
  const GilPolicy policy_;
  Counters<Count> counters_;
};

// The GIL is let go for this object's life.
class GilReleased {
 public:
  // `gil` counts it; without one nobody does.
  explicit GilReleased(Gil* gil) : gil_(gil), state_(PyEval_SaveThread()) {}
  explicit GilReleased(Gil& gil) : GilReleased(&gil) {}
  ~GilReleased();
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  Gil* const gil_;
  PyThreadState* const state_;
};

// One operation of the engine by the policy: first the form that never waits, with the GIL held,
// unless letting go pays anyway; then the one that may wait, without the GIL.
template <typename Try, typename Blocking>
Status by_policy(Gil& gil, bool long_for_certain, Try try_form, Blocking blocking_form) {
  if (!gil.lets_go(long_for_certain)) {
    Status status = try_form();
    if (!status.is_would_block()) [[likely]]
      return status;
  }
  const GilReleased released(gil);
  return blocking_form();
}

// Locks an object of the bindings that several Python threads share. The GIL is held before and
// after, and let go while the mutex is waited for. Who lets the GIL go with the mutex held
// unlocks before taking the GIL back.
MutexLock lock_politely(Mutex& mutex);

}  // namespace skiplith::python
