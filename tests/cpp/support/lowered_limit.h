// Fewer descriptors for the process, as long as it lives.
#pragma once

#include <sys/resource.h>

#include "base/check.h"

namespace skiplith::testing {

class LoweredLimit {
 public:
  explicit LoweredLimit(rlim_t descriptors) {
    SKIPLITH_CHECK(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit lowered = before_;
    lowered.rlim_cur = descriptors;
    SKIPLITH_CHECK(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  }
  ~LoweredLimit() { SKIPLITH_CHECK(::setrlimit(RLIMIT_NOFILE, &before_) == 0); }
  LoweredLimit(const LoweredLimit&) = delete;
  LoweredLimit& operator=(const LoweredLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace skiplith::testing
