// Assertions for bugs, on in every build: a store that goes on with a broken invariant loses
// data. The message never contains user data.
#pragma once

namespace skiplith {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace skiplith

#define SKIPLITH_CHECK(condition)                    \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::skiplith::check_failed(#condition, __FILE__, __LINE__))
