#include "io/memory_file.h"

#include <algorithm>

#include "base/check.h"

namespace skiplith {
namespace {

// Reads memory that others may be storing to, as a disk's controller does: each word is an old one
// or a new one. Hidden from ThreadSanitizer, which would be right to object anywhere else.
__attribute__((no_sanitize("thread"))) void copy_beside_stores(char* to, const char* from,
                                                               size_t size) {
  size_t done = 0;
  while (done < size && (reinterpret_cast<uintptr_t>(from + done) & 7) != 0) {
    // order: relaxed, nothing is learned from one word about another; likewise below
    to[done] = __atomic_load_n(from + done, __ATOMIC_RELAXED);
    ++done;
  }
  for (; size - done >= 8; done += 8) {
    const uint64_t word =
        __atomic_load_n(reinterpret_cast<const uint64_t*>(from + done), __ATOMIC_RELAXED);
    __builtin_memcpy(to + done, &word, 8);
  }
  for (; done < size; ++done) to[done] = __atomic_load_n(from + done, __ATOMIC_RELAXED);
}

// Where the zeros begin that end [begin, begin + size); reads as above. `begin` is a page's.
__attribute__((no_sanitize("thread"))) uint64_t end_of_bytes(const char* begin, uint64_t size) {
  while (size % 8 != 0 && __atomic_load_n(begin + size - 1, __ATOMIC_RELAXED) == 0) --size;
  if (size % 8 != 0) return size;
  const auto* words = reinterpret_cast<const uint64_t*>(begin);
  // order: relaxed, as above
  while (size != 0 && __atomic_load_n(words + size / 8 - 1, __ATOMIC_RELAXED) == 0) size -= 8;
  return size;
}

}  // namespace

void MemoryContents::resize(uint64_t new_size) {
  if (new_size < bytes.size()) bytes.resize(new_size);
  size = new_size;
}

std::string MemoryContents::whole() const {
  std::string copy = bytes;
  copy.resize(size);
  return copy;
}

MemoryContents MemoryFile::cached() const {
  if (!mapping_) return cache_;
  MemoryContents copy{.bytes = {}, .size = cache_.size};
  copy.bytes.resize(end_of_bytes(mapping_->base(), cache_.size));
  copy_beside_stores(copy.bytes.data(), mapping_->base(), copy.bytes.size());
  return copy;
}

size_t MemoryFile::read(uint64_t offset, char* buffer, size_t size) const {
  if (offset >= cache_.size) return 0;
  size = std::min<uint64_t>(size, cache_.size - offset);
  if (mapping_) {
    copy_beside_stores(buffer, mapping_->base() + offset, size);
    return size;
  }
  const size_t there = offset < cache_.bytes.size() ? cache_.bytes.copy(buffer, size, offset) : 0;
  std::memset(buffer + there, 0, size - there);
  return size;
}

void MemoryFile::write(uint64_t offset, Bytes bytes) {
  SKIPLITH_CHECK(!mapping_);
  const uint64_t end = offset + bytes.size();
  if (end > cache_.size) cache_.resize(end);
  if (end > cache_.bytes.size()) cache_.bytes.resize(end);
  bytes.copy(cache_.bytes.data() + offset, bytes.size());
}

void MemoryFile::resize(uint64_t bytes) {
  SKIPLITH_CHECK(!mapping_ || (cache_.size <= bytes && bytes <= mapping_->bytes()));
  cache_.resize(bytes);
}

void MemoryFile::map(uint64_t reserved) {
  SKIPLITH_CHECK(!mapping_ && cache_.size == 0);
  mapping_ = std::make_unique<AddressRange>(reserved);
}

void MemoryFile::unmap() {
  if (!mapping_) return;
  cache_ = cached();
  mapping_.reset();
}

void MemoryFile::sync() { on_disk_ = cached(); }

void MemoryFile::write_back(Chance& chance, double keep, uint64_t piece_bytes) {
  MemoryContents now = cached();
  const uint64_t before = on_disk_.size;
  uint64_t size = before;
  if (now.size != before) {
    if (chance.happens(keep)) {
      size = now.size;
    } else if (now.size > before && chance.happens(keep)) {
      size = before + chance.up_to(now.size - before);
    }
  }
  on_disk_.resize(size);
  // Behind this end nothing differs, or nothing is left of what was.
  const uint64_t end =
      std::min({size, now.size, std::max<uint64_t>(now.bytes.size(), on_disk_.bytes.size())});
  now.bytes.resize(end);
  on_disk_.bytes.resize(std::max<uint64_t>(on_disk_.bytes.size(), end));
  for (uint64_t at = 0; at < end; at += piece_bytes) {
    const uint64_t length = std::min(piece_bytes, end - at);
    char* const place = on_disk_.bytes.data() + at;
    if (std::memcmp(place, now.bytes.data() + at, length) == 0) continue;
    if (chance.happens(keep)) std::memcpy(place, now.bytes.data() + at, length);
  }
}

void MemoryFile::lose_cache() {
  SKIPLITH_CHECK(!mapping_);
  cache_ = on_disk_;
}

std::shared_ptr<MemoryFile> MemoryFile::copy() const {
  auto file = std::make_shared<MemoryFile>();
  file->cache_ = cached();
  file->on_disk_ = on_disk_;
  return file;
}

}  // namespace skiplith
