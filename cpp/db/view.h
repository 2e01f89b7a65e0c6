// The view: one immutable value that says where the store's data is, swapped whole.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/epoch.h"
#include "base/locks.h"
#include "mem/memtable.h"
#include "wal/segment.h"

namespace skiplith {

// A memtable and the segment that makes it durable. The two live side by side: the segment goes
// when the memtable's content is durable elsewhere, the memtable when no view has it.
struct LoggedMemtable {
  LoggedMemtable(IndexKind kind, uint64_t reserved_bytes, uint64_t memtable_bytes,
                 std::shared_ptr<Segment> log)
      : table(kind, reserved_bytes, memtable_bytes), segment(std::move(log)) {}

  Memtable table;
  const std::shared_ptr<Segment> segment;  // null: no log, or recovered
};

class View : public std::enable_shared_from_this<View> {
 public:
  using MemtableList = std::vector<std::shared_ptr<LoggedMemtable>>;
  View(std::shared_ptr<LoggedMemtable> active, MemtableList frozen)
      : active_(std::move(active)), frozen_(std::move(frozen)) {}

  const std::shared_ptr<LoggedMemtable>& active() const { return active_; }
  const MemtableList& frozen() const { return frozen_; }  // newest first

  // Every version of a key in an earlier source is newer than all of them in a later one: a
  // memtable is frozen with all lanes held.
  Lookup get(Bytes key, Sequence at, Bytes* value) const {
    const Lookup found = active_->table.get(key, at, value);
    return found == Lookup::kAbsent ? get_frozen(key, at, value) : found;
  }
  Lookup get_frozen(Bytes key, Sequence at, Bytes* value) const;

 private:
  const std::shared_ptr<LoggedMemtable> active_;
  const MemtableList frozen_;
};

// The present view. Reading it costs no shared write: an epoch guard and a load. Whoever waits,
// or keeps it, pins it by reference instead.
class CurrentView {
 public:
  // Valid while `guard` lives.
  const View& under(const EpochGuard&) const { return *current_.load(); }
  std::shared_ptr<const View> pin() const {
    EpochGuard guard;
    return current_.load()->shared_from_this();
  }
  bool is(const std::shared_ptr<const View>& view) const { return current_.load() == view.get(); }

  // Callers are serialized by the exclusive section. The old view is kept until reclaim().
  void install(std::shared_ptr<const View> view);
  // Drops views that no reader can be looking at any more; true when some must still wait.
  bool reclaim();

 private:
  struct Retired {
    uint64_t epoch_tag;
    std::shared_ptr<const View> view;
  };
  std::atomic<const View*> current_{nullptr};
  Mutex mutex_;  // row 10 of the wait order: short, no I/O
  std::shared_ptr<const View> owner_;
  std::vector<Retired> retired_;
};

}  // namespace skiplith
