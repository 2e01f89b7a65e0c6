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
constexpr uint64_t kHugePageBytes = uint64_t{2} << 20;
constexpr uint64_t kHugeFromBytes = 2 * kHugePageBytes;

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
  if (begin < end) madvise(base_ + begin, end - begin, MADV_POPULATE_WRITE);
}

}  // namespace skiplith
