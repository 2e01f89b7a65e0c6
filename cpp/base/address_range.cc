#include "base/address_range.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "base/bytes.h"

#ifndef MADV_POPULATE_WRITE  // Linux 5.14; older headers lack the name
#define MADV_POPULATE_WRITE 23
#endif

namespace skiplith {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kHugePageBytes = AddressRange::kHugePageBytes;
constexpr uint64_t kHugeFromBytes = 2 * kHugePageBytes;

// A store that changes nothing, whoever else stores there: an exchange of zero for zero, which a
// processor does as a write, and which no compiler turns into a load.
__attribute__((no_sanitize("thread"))) void touch(char* place) {
  char zero = 0;
  // order: relaxed, it carries nothing
  __atomic_compare_exchange_n(place, &zero, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

}  // namespace

AddressRange::AddressRange(uint64_t bytes) : bytes_(bytes) {
  const bool huge = bytes >= kHugeFromBytes;
  mapped_bytes_ = round_up(bytes, kPageBytes) + (huge ? kHugePageBytes : 0);
  void* mapped = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  mapped_ = static_cast<char*>(mapped);
  base_ = mapped_;
  if (huge) {
    base_ += round_up(reinterpret_cast<uintptr_t>(mapped_), kHugePageBytes) -
             reinterpret_cast<uintptr_t>(mapped_);
    madvise(base_, round_up(bytes, kPageBytes), MADV_HUGEPAGE);  // a wish: small pages work too
  }
}

AddressRange::~AddressRange() { munmap(mapped_, mapped_bytes_); }

void AddressRange::populate(uint64_t offset, uint64_t bytes) const {
  const uint64_t begin = offset / kPageBytes * kPageBytes;
  const uint64_t end = std::min(round_up(offset + bytes, kPageBytes), round_up(bytes_, kPageBytes));
  // madvise holds the lock of the whole address space, for which all threads that map or unmap
  // wait, and malloc does either; a store does not. So huge pages come by a store, and madvise
  // finds work only where they are small. (A huge page takes 0.2 ms, or 5 where a virtual machine's
  // host has none at hand.)
  for (uint64_t at = begin; at < end;) {
    const uint64_t next = std::min(round_up(at + 1, kHugePageBytes), end);
    touch(base_ + at);
    madvise(base_ + at, next - at, MADV_POPULATE_WRITE);
    at = next;
  }
}

}  // namespace skiplith
