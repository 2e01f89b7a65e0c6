// What a checker answers.
#pragma once

#include <cstdint>
#include <string>

namespace skiplith::lab {

enum class Verdict : uint8_t {
  kHolds,
  kViolation,
  kUnknown,  // the budget ran out first: neither was shown, and nothing has passed
};

struct Checked {
  Verdict verdict = Verdict::kHolds;
  std::string explanation = {};  // of a violation, for people; what ran out, where it is unknown
  uint64_t steps = 0;            // of the search
};

// How long a search may take; it ends with the first that is used up.
struct Budget {
  uint64_t steps = 10'000'000;  // states visited; each costs 50 bytes or so until the end
  uint64_t milliseconds = 0;    // 0: no limit
};

}  // namespace skiplith::lab
