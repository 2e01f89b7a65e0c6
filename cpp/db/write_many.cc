// The write path for more than one key: batches and clear.

#include <algorithm>

#include "base/sync_points.h"
#include "db/encoded_head.h"
#include "db/write_path.h"

namespace skiplith {
namespace {

struct Item {
  uint64_t prefix;
  Mutation mutation;
  uint32_t index;  // in the batch
};

// By key, and where keys are equal in the batch's order: the order in which bits are taken and
// chains extended.
std::vector<Item> in_key_order(const Batch& batch) {
  std::vector<Item> items;
  items.reserve(batch.count());
  MutationReader reader(batch.payload());
  Mutation mutation;
  while (reader.next(&mutation)) {
    SKIPLITH_CHECK(mutation.kind == Kind::kPut || mutation.kind == Kind::kDelete);
    items.push_back({key_prefix(mutation.key), mutation, static_cast<uint32_t>(items.size())});
  }
  SKIPLITH_CHECK(reader.ok());
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = a.mutation.key.compare(b.mutation.key);
    return order != 0 ? order < 0 : a.index < b.index;
  });
  return items;
}

// The bits of a batch, each taken once, in key order.
class EntriesHold {
 public:
  explicit EntriesHold(size_t most) { entries_.reserve(most); }
  ~EntriesHold() { release(); }
  EntriesHold(const EntriesHold&) = delete;
  EntriesHold& operator=(const EntriesHold&) = delete;
  void take(Entry& entry) {
    if (!entries_.empty() && entries_.back() == &entry) return;
    entry.lock.lock();
    entries_.push_back(&entry);
  }
  void release() {
    for (Entry* entry : entries_) entry->lock.unlock();
    entries_.clear();
  }

 private:
  std::vector<Entry*> entries_;
};

}  // namespace

Status WritePath::write(const Batch& batch, Sequence* sequence) {
  if (batch.empty()) return Status::ok();
  const std::vector<Item> items = in_key_order(batch);
  for (;;) {
    LaneHold lane(&lanes_.acquire());  // 2
    SKIPLITH_SYNC_POINT(write_lane_held);
    SKIPLITH_RETURN_IF_ERROR(poison_.check());
    const std::shared_ptr<LoggedMemtable>& active = freezer_.active(*lane);
    Need need{.arena_bytes = Memtable::kCommitWordBytes, .log_bytes = batch.bytes()};
    for (const Item& item : items) {
      need.arena_bytes +=
          active->table.mutation_bytes(item.mutation.key.size(), item.mutation.value.size());
    }
    const Shortage shortage = reserve(*lane, *active, need);
    if (shortage != Shortage::kNone) {
      const std::shared_ptr<LoggedMemtable> full = active;
      lane.release();
      SKIPLITH_RETURN_IF_ERROR(make_room(full, shortage, need));
      continue;
    }
    Memtable& table = active->table;
    EntriesHold bits(items.size());
    const ArenaOffset commit_word = table.make_commit_word(lane->arena);
    const auto inserter = table.index().sorted_inserter();
    for (const Item& item : items) {  // 3
      Entry& entry = *inserter->find_or_insert(item.mutation.key, lane->arena);
      bits.take(entry);
      // Linked while pending: absent to every reader until the commit word says otherwise.
      entry.link(table.make_version(lane->arena, batch_stamp(commit_word, item.index),
                                    item.mutation.kind, item.mutation.value, entry.head()));
    }
    SKIPLITH_SYNC_POINT(write_entry_locked);
    if (active->segment != nullptr) {  // 4
      SKIPLITH_RETURN_IF_ERROR(log_payload(*lane, batch.payload(), {}));
    }
    SKIPLITH_SYNC_POINT(batch_pending);
    const Sequence first = clock_.take(*lane, items.size());  // 5
    SKIPLITH_SYNC_POINT(write_sequenced);
    Status logged = log_record(*lane, *active, first, batch.count());  // 6
    if (logged.is_ok()) {
      SKIPLITH_SYNC_POINT(batch_before_commit_word);
      table.commit(commit_word, first);  // 7
      SKIPLITH_SYNC_POINT(write_linked);
      *sequence = first + items.size() - 1;
      counters_.add(Counter::kBatches);
      uint64_t puts = 0;
      for (const Item& item : items) puts += item.mutation.kind == Kind::kPut ? 1 : 0;
      counters_.add(Counter::kPuts, puts);
      counters_.add(Counter::kDeletes, items.size() - puts);
      counters_.add(Counter::kBytesWritten, batch.bytes());
      work_ahead_if_due(*active);
    }
    bits.release();
    clock_.finish(*lane);  // 8
    return logged;
  }
}

// The record goes into the fresh segment, where it has room. What is older leaves the view in
// the moment in which the clear becomes visible; read points that pinned the view before keep it.
Status WritePath::clear(Sequence* sequence) {
  const Need need{.arena_bytes = 0, .log_bytes = 1};
  for (;;) {
    auto next = supply_.next(need);
    if (!next.is_ok()) return next.take_status();
    SKIPLITH_SYNC_POINT(clear_prepared);
    {
      ExclusiveSection section(lanes_);
      SKIPLITH_RETURN_IF_ERROR(poison_.check());
      if (freezer_.may_follow(section, **next)) return clear_alone(section, *next, sequence);
    }
    supply_.give_back(std::move(*next));  // a freeze came between: its segment is newer
  }
}

Status WritePath::clear_alone(const ExclusiveSection& section,
                              const std::shared_ptr<LoggedMemtable>& next, Sequence* sequence) {
  // Nobody else takes a sequence meanwhile.
  std::shared_ptr<const View> emptied = views_.make({.active = next,
                                                     .frozen = {},
                                                     .levels = std::make_shared<const Levels>(),
                                                     .cleared = clock_.last() + 1});
  views_.reserve();
  freezer_.activate(section, next);
  Lane& lane = section.first_lane();
  if (next->segment != nullptr) {
    SKIPLITH_CHECK(lane.log.try_reserve(*next->segment, 1));
    const EncodedHead head(Kind::kClear, {}, 0);
    SKIPLITH_RETURN_IF_ERROR(log_payload(lane, head.bytes(), {}));
  }
  const Sequence taken = clock_.take(lane, 1);
  Status logged = log_record(lane, *next, taken, 1);
  if (logged.is_ok()) {
    views_.install(std::move(emptied));
    *sequence = taken;
    counters_.add(Counter::kFreezes);
  }
  clock_.finish(lane);
  return logged;
}

}  // namespace skiplith
