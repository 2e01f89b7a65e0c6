// Parking a thread on a 32-bit word: the one primitive below every wait of the engine.
#pragma once

#include <atomic>
#include <cstdint>

namespace skiplith {

// Sleeps while `word` holds `expected`. May return early: callers check again.
void futex_wait(const std::atomic<uint32_t>& word, uint32_t expected);
// Waking uses the address of the word, not the word, which may be gone already.
void futex_wake_one(const std::atomic<uint32_t>& word);
void futex_wake_all(const std::atomic<uint32_t>& word);

// Tells the processor that this is a spin loop.
inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace skiplith
