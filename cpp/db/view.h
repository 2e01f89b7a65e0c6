// The view: one immutable value that says where the store's data is, swapped whole.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/epoch.h"
#include "base/locks.h"
#include "base/threads.h"
#include "lsm/levels.h"
#include "mem/memtable.h"
#include "wal/segment.h"

namespace skiplith {

// A memtable and the segment that makes it durable. The two live side by side: the segment goes
// when the memtable's content is durable elsewhere, the memtable when no view has it.
struct LoggedMemtable {
  LoggedMemtable(IndexKind kind, uint64_t reserved_bytes, uint64_t memtable_bytes,
                 std::shared_ptr<Segment> log, std::shared_ptr<ArenaPool> pool = nullptr)
      : table(kind, reserved_bytes, memtable_bytes, std::move(pool)), segment(std::move(log)) {}

  Memtable table;
  const std::shared_ptr<Segment> segment;  // null: no log, or recovered
  // Everything up to it is in this memtable or an older source. Set when the memtable is frozen,
  // before a view has it among the frozen ones.
  Sequence last_sequence = 0;
  // When it became the active one; 0: never. Written and read as `successor`.
  uint64_t active_since_ns = 0;
  // The memtable that took its place, if a transaction may need it (freezer.h). Written with all
  // lanes held, read with one.
  std::shared_ptr<LoggedMemtable> successor;
};

using MemtableList = std::vector<std::shared_ptr<LoggedMemtable>>;

struct ViewParts {
  std::shared_ptr<LoggedMemtable> active;
  MemtableList frozen;  // newest first
  std::shared_ptr<const Levels> levels;
  Sequence cleared = 0;  // of the last clear: nothing older is in here. 0: none since opening
};

class View : public std::enable_shared_from_this<View> {
 public:
  explicit View(ViewParts parts) : parts_(std::move(parts)) {}

  const ViewParts& parts() const { return parts_; }
  const std::shared_ptr<LoggedMemtable>& active() const { return parts_.active; }
  const MemtableList& frozen() const { return parts_.frozen; }
  const std::shared_ptr<const Levels>& levels() const { return parts_.levels; }
  Sequence cleared() const { return parts_.cleared; }

  // Every version of a key in an earlier source is newer than all of them in a later one: a
  // memtable is frozen with all lanes held, and flushed oldest first. `io`, `value` and `failure`
  // as Table::get; what is found in a memtable is borrowed, and the view keeps it.
  Lookup get(Bytes key, Sequence at, Table::Io io, PinnedBytes* value, Status* failure) const {
    Bytes bytes;
    Lookup found = parts_.active->table.get(key, at, &bytes);
    if (found == Lookup::kAbsent && !parts_.frozen.empty()) found = get_frozen(key, at, &bytes);
    if (found == Lookup::kFound) value->borrow(bytes, nullptr);
    if (found != Lookup::kAbsent || parts_.levels->empty()) return found;
    return parts_.levels->get(SearchedKey(key), at, io, value, failure);
  }
  // The same for a few keys that are still open (wanted_key.h), in what is resident: in
  // get_many.cc.
  void look_up(std::span<WantedKey> wanted, Sequence at) const;

 private:
  friend class Graveyard;
  Lookup get_frozen(Bytes key, Sequence at, Bytes* value) const;

  const ViewParts parts_;
  View* next_buried_ = nullptr;
};

// Where views go that nobody refers to any more, so that unmapping their memtables, closing and
// removing their files falls to the background thread, whoever drops the last reference. After
// close() there is no such thread, and whoever drops it does the work.
class Graveyard {
 public:
  explicit Graveyard(std::function<void()> wake) : wake_(std::move(wake)) {}
  ~Graveyard() { close(); }

  // Deleters hold the graveyard too: a value may outlive its database.
  static std::shared_ptr<const View> keep(const std::shared_ptr<Graveyard>& graveyard,
                                          std::unique_ptr<View> view);
  // The background thread's part.
  void destroy_buried();
  void close();

 private:
  void bury(View* view);

  const uint32_t born_ = fork_generation();
  Mutex mutex_;  // row 10 of the wait order: short, no I/O
  std::function<void()> wake_;
  View* buried_ = nullptr;  // linked by next_buried_: burying needs no memory
  bool open_ = true;
};

// The present view. Reading it costs no shared write: an epoch guard and a load. Whoever waits,
// or keeps it, pins it by reference instead.
class CurrentView {
 public:
  explicit CurrentView(std::function<void()> wake)
      : graveyard_(std::make_shared<Graveyard>(std::move(wake))) {}

  // Valid while `guard` lives.
  const View& under(const EpochGuard&) const { return *current_.load(); }
  std::shared_ptr<const View> pin() const {
    EpochGuard guard;
    return current_.load()->shared_from_this();
  }
  bool is(const std::shared_ptr<const View>& view) const { return current_.load() == view.get(); }

  std::shared_ptr<const View> make(ViewParts parts) const;
  // The next few installs need no memory.
  void reserve() {
    MutexLock lock(mutex_);
    retired_.reserve(retired_.size() + 16);
  }
  // The old view is kept until reclaim().
  void install(std::shared_ptr<const View> view);
  // Installs what `change` makes of the present view, unless that is null. `change` may be called
  // again when another thread was faster.
  template <typename Change>
  void update(Change change) {
    for (;;) {
      const std::shared_ptr<const View> now = pin();
      std::shared_ptr<const View> next = change(*now);
      if (next == nullptr || install_if(now, std::move(next))) return;
    }
  }

  // The background thread's part: drops views that no reader can be looking at any more, and
  // destroys what nobody refers to. True when some must still wait.
  bool reclaim();
  // No thread reads views any more; those that are pinned live on.
  void close();

 private:
  struct Retired {
    uint64_t epoch_tag;
    std::shared_ptr<const View> view;
  };
  bool install_if(const std::shared_ptr<const View>& expected, std::shared_ptr<const View> next);
  void replace_locked(std::shared_ptr<const View> view);

  std::atomic<const View*> current_{nullptr};
  Mutex mutex_;  // row 10 of the wait order: short, no I/O
  std::shared_ptr<const View> owner_;
  std::vector<Retired> retired_;
  const std::shared_ptr<Graveyard> graveyard_;
};

}  // namespace skiplith
