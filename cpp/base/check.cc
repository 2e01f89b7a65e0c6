#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace skiplith {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "skiplith: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace skiplith
