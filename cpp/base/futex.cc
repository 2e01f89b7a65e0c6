#include "base/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace skiplith {
namespace {

long futex(const std::atomic<uint32_t>& word, int operation, uint32_t value) {
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

}  // namespace

void futex_wait(const std::atomic<uint32_t>& word, uint32_t expected) {
  futex(word, FUTEX_WAIT, expected);
}
void futex_wake_one(const std::atomic<uint32_t>& word) { futex(word, FUTEX_WAKE, 1); }
void futex_wake_all(const std::atomic<uint32_t>& word) { futex(word, FUTEX_WAKE, INT_MAX); }

}  // namespace skiplith
