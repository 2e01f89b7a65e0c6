// Entries and versions: what lies in a memtable's arena.
#pragma once

#include <atomic>

#include "base/bytes.h"
#include "base/locks.h"
#include "mem/arena.h"
#include "record/kind.h"

namespace skiplith {

// The index's node for one user key: heads the key's version chain and carries its lock bit.
// The key's bytes follow it directly in the arena. Never moved, never removed.
//
//   0        8      12     16         20
//   | prefix | lock | head | key size | key bytes ...
//
// `lock`: held by the one writer that may extend the chain, from before its sequence is taken
// until its version is linked; so chain order is sequence order. `head`: readers follow it
// without the lock. An entry with an empty chain is a key that nobody has written yet.
struct Entry {
  explicit Entry(Bytes key)
      : prefix(key_prefix(key)), head_(0), key_size(static_cast<uint32_t>(key.size())) {
    if (!key.empty()) std::memcpy(key_bytes(), key.data(), key.size());
  }
  Bytes key() const { return Bytes(const_cast<Entry*>(this)->key_bytes(), key_size); }

  // The newest version; everything in it was written before it was linked (acquire pairs with
  // link's release).
  ArenaOffset head() const { return head_.load(std::memory_order_acquire); }  // order: see above
  // Makes `version` visible to readers. The caller holds `lock`.
  void link(ArenaOffset version) {
    head_.store(version, std::memory_order_release);  // order: publishes the version's bytes
  }

  static constexpr size_t kKeyOffset = 20;
  static constexpr size_t bytes_for(size_t key_size) { return kKeyOffset + key_size; }

  const uint64_t prefix;
  WordLock lock;

 private:
  char* key_bytes() { return reinterpret_cast<char*>(this) + kKeyOffset; }
  std::atomic<ArenaOffset> head_;

 public:
  const uint32_t key_size;
};

// Orders an entry against a key whose prefix is at hand: one load decides unless eight bytes tie.
inline int compare(const Entry& entry, uint64_t prefix, Bytes key) {
  if (entry.prefix != prefix) return entry.prefix < prefix ? -1 : 1;
  return entry.key().compare(key);
}

// When a version became visible: a sequence, or a place in a batch. A batch's versions share a
// commit word in the arena: 0 while pending (absent to readers), then the batch's first sequence.
//
//   bit 63 = 0: the sequence
//   bit 63 = 1: bits 62..32 the mutation's index in its batch, bits 31..0 the word's offset
using Stamp = uint64_t;
using CommitWord = std::atomic<uint64_t>;

inline constexpr Stamp kBatchStamp = Stamp{1} << 63;
inline constexpr Stamp batch_stamp(ArenaOffset commit_word, uint32_t index) {
  return kBatchStamp | Stamp{index} << 32 | commit_word;
}
inline constexpr ArenaOffset stamp_commit_word(Stamp stamp) {
  return static_cast<ArenaOffset>(stamp);
}
inline constexpr uint32_t stamp_index(Stamp stamp) {
  return static_cast<uint32_t>((stamp & ~kBatchStamp) >> 32);
}

// One mutation of one key. The value's bytes follow it directly.
//
//   0       8       12           16     17
//   | stamp | older | value size | kind | value bytes ...
struct Version {
  Stamp stamp;
  ArenaOffset older;    // the next version of the chain, 0 at its end
  uint32_t value_size;  // 0 for a tombstone
  Kind kind;

  static constexpr size_t kValueOffset = 17;
  static constexpr size_t bytes_for(size_t value_size) { return kValueOffset + value_size; }
  char* value_bytes() { return reinterpret_cast<char*>(this) + kValueOffset; }
  Bytes value() const {
    return Bytes(reinterpret_cast<const char*>(this) + kValueOffset, value_size);
  }
};

}  // namespace skiplith
