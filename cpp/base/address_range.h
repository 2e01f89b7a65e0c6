// A range of address space that becomes memory where it is touched.
#pragma once

#include <cstdint>

namespace skiplith {

// Zero-filled, private to the process, given back whole. Reserving costs neither memory nor swap.
// From 4 MiB up the system is asked for huge pages, and the range begins on the border of one: on
// small pages a lookup among 300,000 keys (60 MB) took 1.4 times as long.
class AddressRange {
 public:
  static constexpr uint64_t kHugePageBytes = uint64_t{2} << 20;

  // Throws std::bad_alloc when there is no address space.
  explicit AddressRange(uint64_t bytes);
  ~AddressRange();
  AddressRange(const AddressRange&) = delete;
  AddressRange& operator=(const AddressRange&) = delete;

  char* base() const { return base_; }
  uint64_t bytes() const { return bytes_; }

  // Makes the pages of [offset, offset + bytes) memory now, so that no store waits for that; where
  // there are huge pages, by touching each. Best effort: a system without the call leaves small
  // pages to the first touch.
  void populate(uint64_t offset, uint64_t bytes) const;

 private:
  const uint64_t bytes_;
  char* base_;
  char* mapped_;  // what to unmap: up to a huge page before base_
  uint64_t mapped_bytes_;
};

}  // namespace skiplith
