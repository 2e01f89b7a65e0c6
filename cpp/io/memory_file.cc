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

}  // namespace

size_t MemoryFile::read(uint64_t offset, char* buffer, size_t size) const {
  if (offset >= size_) return 0;
  size = std::min<uint64_t>(size, size_ - offset);
  if (mapping_) {
    copy_beside_stores(buffer, mapping_->base() + offset, size);
  } else {
    std::memcpy(buffer, bytes_.data() + offset, size);
  }
  return size;
}

std::string MemoryFile::contents() const {
  if (!mapping_) return bytes_;
  std::string copy(size_, '\0');
  read(0, copy.data(), copy.size());
  return copy;
}

void MemoryFile::write(uint64_t offset, Bytes bytes) {
  SKIPLITH_CHECK(!mapping_);
  if (offset + bytes.size() > size_) resize(offset + bytes.size());
  bytes.copy(bytes_.data() + offset, bytes.size());
}

void MemoryFile::resize(uint64_t bytes) {
  if (mapping_) {
    SKIPLITH_CHECK(size_ <= bytes && bytes <= mapping_->bytes());
  } else {
    bytes_.resize(bytes);
  }
  size_ = bytes;
}

void MemoryFile::map(uint64_t reserved) {
  SKIPLITH_CHECK(!mapping_ && size_ == 0);
  mapping_ = std::make_unique<AddressRange>(reserved);
}

void MemoryFile::unmap() {
  if (!mapping_) return;
  bytes_ = contents();
  mapping_.reset();
}

void MemoryFile::sync() { on_disk_ = contents(); }

void MemoryFile::write_back(Chance& chance, double keep, uint64_t piece_bytes) {
  const std::string copy = mapping_ ? contents() : std::string();
  const std::string& now = mapping_ ? copy : bytes_;
  const uint64_t before = on_disk_.size();
  uint64_t size = before;
  if (now.size() != before) {
    if (chance.happens(keep)) {
      size = now.size();
    } else if (now.size() > before && chance.happens(keep)) {
      size = before + chance.up_to(now.size() - before);
    }
  }
  on_disk_.resize(size);
  const uint64_t end = std::min<uint64_t>(size, now.size());
  for (uint64_t at = 0; at < end; at += piece_bytes) {
    const uint64_t length = std::min(piece_bytes, end - at);
    char* const place = on_disk_.data() + at;
    if (std::memcmp(place, now.data() + at, length) == 0) continue;
    if (chance.happens(keep)) std::memcpy(place, now.data() + at, length);
  }
}

void MemoryFile::lose_cache() {
  SKIPLITH_CHECK(!mapping_);
  bytes_ = on_disk_;
  size_ = bytes_.size();
}

std::shared_ptr<MemoryFile> MemoryFile::copy() const {
  auto file = std::make_shared<MemoryFile>();
  file->bytes_ = contents();
  file->size_ = size_;
  file->on_disk_ = on_disk_;
  return file;
}

}  // namespace skiplith
