// Monotonic time. Only measurements and the sync interval use it: nothing in the engine waits
// for time to pass in order to make progress.
#pragma once

#include <cstdint>

namespace skiplith {

uint64_t monotonic_ns();

}  // namespace skiplith
