// Many operations from several threads, as fast as they go.
#pragma once

#include <array>
#include <functional>

#include "lab/key_choice.h"
#include "lab/recorded_database.h"

namespace skiplith::lab {

struct Load {
  uint64_t operations = 0;  // of all threads together
  // How often each kind comes, in relation to the others.
  std::array<double, kOperationKinds> mix{};
  uint64_t keys = 1;
  uint32_t threads = 1;
  Distribution distribution = Distribution::kUniform;
  uint64_t seed = 0;
  uint64_t value_bytes = 100;
};

// A key is "key" and its number in twelve digits. Each value written says by which thread and the
// how many-th it was, as far as value_bytes reach; sixteen tell all apart. `update` and `read` take
// four keys; popitem alternates between the ends. Each thread's keys, kinds and values follow from
// the seed alone.
std::string load_key(uint64_t number);

struct LoadResult {
  double seconds = 0;  // from the common start to the end of the last
  // Of each operation, in ns; thread after thread, each in its order.
  std::array<std::vector<uint64_t>, kOperationKinds> latencies;
};

// kInvalidArgument for a load that makes no sense, else the first failure of an operation, which
// ends all threads (an increment that is refused because the value is no number is no failure).
// `go_on` is asked, on the calling thread, a few times a second: on false, kClosed.
Result<LoadResult> run_load(const Load& load, RecordedDatabase& target,
                            const std::function<bool()>& go_on);

}  // namespace skiplith::lab
