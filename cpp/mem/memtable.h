// A memtable: one arena, one index over it, and all there is to know about versions.
#pragma once

#include <memory>

#include "mem/arena.h"
#include "mem/entry.h"
#include "mem/index.h"
#include "record/cursor.h"
#include "record/lookup.h"

namespace skiplith {

// Who may call what: every const method, any thread, no lock. The makers write only through the
// caller's ArenaWriter, into memory that nobody else sees yet. An entry's chain is extended
// (Entry::link) only by the holder of the entry's lock; commit() once per word, by the batch's
// writer, before it unlocks the entries.
//
// Invariants: along a chain, newest first, sequences descend; pending versions come before all
// decided ones, since their writer holds the entry's lock until it has committed. Nothing is
// ever changed once visible, moved or freed: bytes that a read returned live as long as the
// memtable.
//
// What publishes what: Entry::link (release) a version's bytes; commit() (release) nothing but
// the decision, as the versions were published by their links.
class Memtable {
 public:
  // Both in bytes; `memtable_bytes` is the budget, `reserved_bytes` the most that can be taken:
  // the budget, what all writers may hold in unfinished chunks, and the largest mutation. Throws
  // std::bad_alloc when there is no address space.
  Memtable(IndexKind kind, uint64_t reserved_bytes, uint64_t memtable_bytes);
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  Arena& arena() { return arena_; }
  const Arena& arena() const { return arena_; }
  Index& index() { return *index_; }
  const Index& index() const { return *index_; }

  uint64_t used_bytes() const { return arena_.used(); }
  // Time to freeze. Chunks count from when a writer receives them.
  bool over_budget() const { return arena_.used() >= memtable_bytes_; }
  // How much a writer should ask for at a time: small enough that unfinished chunks are a small
  // part of the budget, large enough that the shared counter moves rarely.
  uint64_t chunk_bytes() const { return chunk_bytes_; }

  // Most arena bytes that one mutation may take: find_or_insert and make_version together.
  uint64_t mutation_bytes(size_t key_size, size_t value_size) const {
    return index_->insert_bytes(key_size) + version_bytes(value_size);
  }
  // The same of many mutations, in an empty memtable, for each of them.
  uint64_t bytes_of_many(size_t key_size, size_t value_size) const {
    return index_->bytes_of_many(key_size) + version_bytes(value_size);
  }
  static uint64_t version_bytes(size_t value_size) {
    return round_up(Version::bytes_for(value_size), Arena::kUnit);
  }
  static constexpr uint64_t kCommitWordBytes = sizeof(CommitWord);

  // Writes a version's bytes; not visible until linked. `older` is the head that it is to be
  // linked over: the caller holds the entry's lock. Stamp 0 when the sequence is not known yet:
  // set_stamp() before the link. A tombstone's value is empty.
  ArenaOffset make_version(ArenaWriter& writer, Stamp stamp, Kind kind, Bytes value,
                           ArenaOffset older);
  void set_stamp(ArenaOffset version, Stamp stamp) { arena_.at<Version>(version)->stamp = stamp; }

  // A word for a batch's stamps, pending: versions stamped with it are absent to all readers.
  ArenaOffset make_commit_word(ArenaWriter& writer);
  // Makes them all visible at once: version i of the batch has the sequence first + i.
  void commit(ArenaOffset word, Sequence first);

  // The sequence of a version; 0 while its batch is pending.
  Sequence sequence_of(const Version& version) const;

  // The newest version with a sequence of at most `at` (kLatest: whatever is decided), nullptr
  // if there is none. The one place where versions are resolved.
  const Version* visible(const Entry& entry, Sequence at, Sequence* sequence = nullptr) const;

  // kAbsent, kDeleted, or kFound with the value's bytes in the arena.
  Lookup get(Bytes key, Sequence at, Bytes* value) const;

  // Stands on the keys that have a version visible at `at`, tombstones included.
  std::unique_ptr<Cursor> cursor(Sequence at) const;

 private:
  const uint64_t memtable_bytes_;
  const uint64_t chunk_bytes_;
  Arena arena_;
  std::unique_ptr<Index> index_;
};

}  // namespace skiplith
