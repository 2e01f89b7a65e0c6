// One file in memory, twice over: as everybody reads it, and as the disk has it.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "base/address_range.h"
#include "base/bytes.h"

namespace skiplith {

// Chance by a seed: the same on every machine, which the standard's distributions are not.
class Chance {
 public:
  explicit Chance(uint64_t seed) : next_(seed) {}
  bool happens(double probability) {
    return static_cast<double>(next_() >> 11) * 0x1p-53 < probability;
  }
  uint64_t up_to(uint64_t most) { return most == UINT64_MAX ? next_() : next_() % (most + 1); }

 private:
  std::mt19937_64 next_;
};

// A file's bytes, without the zeros at its end: a segment is allocated far ahead of its use.
struct MemoryContents {
  void resize(uint64_t new_size);  // new bytes are zero
  std::string whole() const;

  std::string bytes;
  uint64_t size = 0;  // at least bytes.size()
};

// Under the mutex of its disk, but for stores into the mapping, which come at any time.
class MemoryFile {
 public:
  uint64_t size() const { return cache_.size; }
  // Returns how many bytes there were, at most `size`.
  size_t read(uint64_t offset, char* buffer, size_t size) const;
  std::string contents() const { return cached().whole(); }
  void write(uint64_t offset, Bytes bytes);  // not while mapped; extends the file
  void resize(uint64_t bytes);               // new bytes are zero

  // From here until unmap() the contents are in the mapping. A new file only; std::bad_alloc when
  // there is no address space.
  void map(uint64_t reserved);
  void unmap();
  char* mapped() const { return mapping_ ? mapping_->base() : nullptr; }

  // The disk has what everybody reads.
  void sync();
  // The disk gets some of what it lacks: each piece of `piece_bytes` that differs with this
  // probability; the size too, or, of a file that has grown, any between. 1: all; 0: nothing.
  void write_back(Chance& chance, double keep, uint64_t piece_bytes);
  // Everybody reads what the disk has. Not while mapped.
  void lose_cache();
  // Not mapped; the disk's side too.
  std::shared_ptr<MemoryFile> copy() const;

 private:
  MemoryContents cached() const;

  MemoryContents cache_;                   // of a mapped file the size only
  std::unique_ptr<AddressRange> mapping_;  // zeros from the size on
  MemoryContents on_disk_;
};

}  // namespace skiplith
