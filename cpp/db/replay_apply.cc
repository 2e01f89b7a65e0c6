#include "db/replay_apply.h"

#include "record/mutation.h"

namespace skiplith {
namespace {

class MemtableFiller {
 public:
  explicit MemtableFiller(const Options& options) : options_(options) {}

  // What apply() will soon need of the index; see Index::fetch_ahead_of.
  template <typename Items>
  void fetch_ahead_of(const Items& items, size_t i) const {
    if (!filled_.empty()) filled_.back()->table.index().fetch_ahead_of(items, i);
  }

  void apply(const Mutation& mutation, Sequence sequence) {
    if (mutation.kind == Kind::kClear) {
      filled_.clear();
      writer_.reset();
      cleared_ = true;
      return;
    }
    Memtable& table = with_room_for(mutation);
    Entry& entry = *table.index().find_or_insert(mutation.key, writer_);
    entry.link(table.make_version(writer_, sequence, mutation.kind, mutation.value, entry.head()));
  }

  Replayed result() const {
    return {.newest_first = MemtableList(filled_.rbegin(), filled_.rend()), .cleared = cleared_};
  }

 private:
  Memtable& with_room_for(const Mutation& mutation) {
    if (!filled_.empty()) {
      Memtable& table = filled_.back()->table;
      const uint64_t need = table.mutation_bytes(mutation.key.size(), mutation.value.size());
      if (writer_.left() >= need) return table;
      if (!table.over_budget() && writer_.reserve(table.arena(), need, table.chunk_bytes())) {
        return table;
      }
    }
    // Twice the mutation covers whatever the index needs beside it.
    const uint64_t reserved =
        2 * options_.memtable_bytes + (1 << 20) + 2 * (mutation.key.size() + mutation.value.size());
    filled_.push_back(std::make_shared<LoggedMemtable>(
        options_.memtable, std::min(reserved, Arena::kMaxBytes), options_.memtable_bytes, nullptr));
    writer_.reset();
    Memtable& table = filled_.back()->table;
    const uint64_t need = table.mutation_bytes(mutation.key.size(), mutation.value.size());
    SKIPLITH_CHECK(writer_.reserve(table.arena(), need, table.chunk_bytes()));
    return table;
  }

  const Options& options_;
  MemtableList filled_;  // oldest first
  bool cleared_ = false;
  ArenaWriter writer_;  // in the newest
};

Status undecodable(const LoggedRecord& record, const std::vector<SegmentContents>& segments) {
  for (const SegmentContents& segment : segments) {
    for (const LoggedRecord& other : segment.records) {
      if (other.payload.data() == record.payload.data()) {
        return Status::corruption(segment.path, record.offset,
                                  "a record does not hold what its header says");
      }
    }
  }
  SKIPLITH_CHECK(false);
}

// Mutations wait here until there are enough of them for the memory that each needs to be asked for
// while those before it are applied: of 335,544 records, 40 ms of 300.
class Upcoming {
 public:
  explicit Upcoming(MemtableFiller& filler) : filler_(filler) {}

  void add(const Mutation& mutation, Sequence sequence) {
    waiting_.push_back({mutation, sequence});
    if (waiting_.size() == kMany) apply_all();
  }
  void apply_all() {
    for (size_t i = 0; i < waiting_.size(); ++i) {
      filler_.fetch_ahead_of(waiting_, i);
      filler_.apply(waiting_[i].mutation, waiting_[i].sequence);
    }
    waiting_.clear();
  }

 private:
  static constexpr size_t kMany = 1024;
  struct One {
    Mutation mutation;
    Sequence sequence;
  };

  MemtableFiller& filler_;
  std::vector<One> waiting_;
};

}  // namespace

Status apply_plan(const ReplayPlan& plan, const std::vector<SegmentContents>& segments,
                  const Options& options, Replayed* replayed) {
  MemtableFiller filler(options);
  Upcoming upcoming(filler);
  for (const LoggedRecord& record : plan.records) {
    MutationReader reader(record.payload);
    Mutation mutation;
    uint32_t count = 0;
    while (reader.next(&mutation) && count < record.count) {
      upcoming.add(mutation, record.first_sequence + count);
      ++count;
    }
    if (!reader.ok() || count != record.count) return undecodable(record, segments);
  }
  upcoming.apply_all();
  *replayed = filler.result();
  return Status::ok();
}

}  // namespace skiplith
