// The write path for more than one key: batches and clear.

#include <algorithm>
#include <vector>

#include "base/sync_points.h"
#include "db/encoded_head.h"
#include "db/write_path.h"

namespace skiplith {
namespace {

// The bits of a batch, each taken once, in key order.
class EntriesHold {
 public:
  explicit EntriesHold(size_t most) { entries_.reserve(most); }
  ~EntriesHold() { release(); }
  EntriesHold(const EntriesHold&) = delete;
  EntriesHold& operator=(const EntriesHold&) = delete;
  // False, without waiting long, only where that is not allowed.
  bool take(Waiting waiting, Entry& entry) {
    if (!entries_.empty() && entries_.back() == &entry) return true;
    if (waiting != Waiting::kNever) {
      entry.lock.lock();
    } else if (!entry.lock.try_lock_briefly()) {
      return false;
    }
    entries_.push_back(&entry);
    return true;
  }
  void release() {
    for (Entry* entry : entries_) entry->lock.unlock();
    entries_.clear();
  }

 private:
  std::vector<Entry*> entries_;
};

}  // namespace

// Of a batch, in key order, and where keys are equal in the batch's.
struct WritePath::Item {
  Mutation mutation;
  uint32_t index;  // in the batch
  Entry* entry = nullptr;
  ArenaOffset version = 0;
};

// The order in which bits are taken and chains extended. Ranks are sorted, not items: they are
// small.
std::vector<WritePath::Item> WritePath::in_key_order(const Batch& batch) {
  struct Rank {
    uint64_t prefix;
    uint32_t index;
  };
  std::vector<Mutation> mutations;
  std::vector<Rank> ranks;
  mutations.reserve(batch.count());
  ranks.reserve(batch.count());
  MutationReader reader(batch.payload());
  for (Mutation mutation; reader.next(&mutation);) {
    SKIPLITH_CHECK(mutation.kind == Kind::kPut || mutation.kind == Kind::kDelete);
    ranks.push_back({key_prefix(mutation.key), static_cast<uint32_t>(mutations.size())});
    mutations.push_back(mutation);
  }
  SKIPLITH_CHECK(reader.ok());
  std::sort(ranks.begin(), ranks.end(), [&](const Rank& a, const Rank& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = mutations[a.index].key.compare(mutations[b.index].key);
    return order != 0 ? order < 0 : a.index < b.index;
  });
  std::vector<Item> items;
  items.reserve(ranks.size());
  for (const Rank& rank : ranks) items.push_back({mutations[rank.index], rank.index});
  return items;
}

// What an empty memtable must have room for; an arena's, as it comes (prepare).
Need WritePath::need_for(const LoggedMemtable& active, const Batch& batch,
                         const std::vector<Item>& items) {
  Need need{.arena_bytes = Memtable::kCommitWordBytes, .log_bytes = batch.bytes()};
  for (const Item& item : items) {
    need.arena_bytes +=
        active.table.bytes_of_many(item.mutation.key.size(), item.mutation.value.size());
  }
  return need;
}

Status WritePath::write(Waiting waiting, const Batch& batch, Sequence* sequence) {
  const auto always = [](const LoggedMemtable&) { return Status::ok(); };
  return write_with_lane(waiting, batch, always, sequence);
}

Status WritePath::write_if(Waiting waiting, Validation& validation, const Batch& batch,
                           Sequence* sequence) {
  if (batch.empty()) return Status::ok();
  if (!validation.is_covered_by(batch)) {
    if (waiting == Waiting::kNever) return Status::would_block();
    return write_with_all_lanes(validation, batch, sequence);
  }
  const auto check = [&](const LoggedMemtable& active) {
    return validation.check_with_bits(active);
  };
  return write_with_lane(waiting, batch, check, sequence);
}

template <typename Check>
Status WritePath::write_with_lane(Waiting waiting, const Batch& batch, Check check,
                                  Sequence* sequence) {
  if (batch.empty()) return Status::ok();
  std::vector<Item> items = in_key_order(batch);
  for (Shortage shortage = Shortage::kNone;;) {
    LaneHold lane(take_lane(waiting));  // 2
    if (!lane) return Status::would_block();
    SKIPLITH_SYNC_POINT(write_lane_held);
    SKIPLITH_RETURN_IF_ERROR(poison_.check());
    const std::shared_ptr<LoggedMemtable>& active = freezer_.active(*lane);
    shortage = reserve(*lane, *active, batch, items, shortage);
    if (shortage == Shortage::kNone) {
      Status written =
          write_batch_on_lane(waiting, *lane, *active, batch, items, check, &shortage, sequence);
      if (shortage == Shortage::kNone) return written;
    }
    if (waiting == Waiting::kNever) return Status::would_block();
    const std::shared_ptr<LoggedMemtable> full = active;
    lane.release();
    SKIPLITH_RETURN_IF_ERROR(make_room(full, shortage, need_for(*full, batch, items)));
  }
}

// The check comes first: where it fails no room is made. What can be checked without the lanes is,
// before; where nobody has written since, nothing need be.
Status WritePath::write_with_all_lanes(Validation& validation, const Batch& batch,
                                       Sequence* sequence) {
  std::vector<Item> items = in_key_order(batch);
  {
    const LaneHold lane(&lanes_.acquire());
    validation.gather_frozen(*freezer_.active(*lane));
  }
  SKIPLITH_RETURN_IF_ERROR(validation.check_frozen());
  for (Shortage shortage = Shortage::kNone;;) {
    std::shared_ptr<LoggedMemtable> full;
    {
      ExclusiveSection section(lanes_);
      SKIPLITH_SYNC_POINT(transaction_exclusive);
      SKIPLITH_RETURN_IF_ERROR(poison_.check());
      Lane& lane = section.first_lane();
      const std::shared_ptr<LoggedMemtable>& active = freezer_.active(lane);
      if (clock_.last() != validation.since()) {
        SKIPLITH_RETURN_IF_ERROR(validation.check_with_all_lanes(*active));
      }
      shortage = reserve(lane, *active, batch, items, shortage);
      if (shortage == Shortage::kNone) {
        const auto checked = [](const LoggedMemtable&) { return Status::ok(); };
        Status written = write_batch_on_lane(Waiting::kAllowed, lane, *active, batch, items,
                                             checked, &shortage, sequence);
        if (shortage == Shortage::kNone) return written;
      }
      full = active;
    }
    SKIPLITH_RETURN_IF_ERROR(make_room(full, shortage, need_for(*full, batch, items)));
  }
}

// The arena's room comes as it is used (prepare): what one key may need, an index seldom takes, and
// a batch that took so much for each of its keys would fill the memtable with nothing.
WritePath::Shortage WritePath::reserve(Lane& lane, LoggedMemtable& active, const Batch& batch,
                                       const std::vector<Item>& items, Shortage before) const {
  const Memtable& table = active.table;
  const uint64_t left = lane.arena.left();
  if (table.over_budget() && left < need_for(active, batch, items).arena_bytes) {
    return Shortage::kArena;
  }
  // Never begun: what is sure to end half way. (A mutation takes more there than in the batch.)
  if (left + table.arena().left() < batch.bytes()) return Shortage::kArena;
  if (before != Shortage::kPace && left < batch.bytes() && pause_ns(active, batch.bytes()) > 0) {
    return Shortage::kPace;
  }
  return reserve_log(lane, active, batch.bytes());
}

// Step 3 for a batch: entries are found or made, their bits taken, versions made. None is linked.
template <typename Held>
Status WritePath::prepare(Waiting waiting, Lane& lane, Memtable& table, ArenaOffset commit_word,
                          std::vector<Item>& items, Held& bits, Shortage* shortage) {
  Index& index = table.index();
  const auto inserter = index.sorted_inserter();
  const Item* before = nullptr;
  for (size_t i = 0; i < items.size(); ++i) {
    index.fetch_ahead_of(items, i);
    Item& item = items[i];
    const auto& [kind, key, value] = item.mutation;
    const uint64_t most = table.mutation_bytes(key.size(), value.size());
    if (!lane.arena.reserve(table.arena(), most, table.chunk_bytes())) {
      *shortage = Shortage::kArena;
      return Status::would_block();
    }
    item.entry = inserter->find_or_insert(key, lane.arena);
    if (!bits.take(waiting, *item.entry)) return Status::would_block();
    const bool again = before != nullptr && before->entry == item.entry;
    item.version = table.make_version(lane.arena, batch_stamp(commit_word, item.index), kind, value,
                                      again ? before->version : item.entry->head());
    before = &item;
  }
  return Status::ok();
}

// Steps 3 to 8 of the write path for a batch; sync is the caller's. A shortage: nothing is written.
template <typename Check>
Status WritePath::write_batch_on_lane(Waiting waiting, Lane& lane, LoggedMemtable& active,
                                      const Batch& batch, std::vector<Item>& items, Check check,
                                      Shortage* shortage, Sequence* sequence) {
  if (waiting == Waiting::kNever && is_io(active)) return Status::would_block();
  Memtable& table = active.table;
  if (!lane.arena.reserve(table.arena(), Memtable::kCommitWordBytes, table.chunk_bytes())) {
    *shortage = Shortage::kArena;
    return Status::would_block();
  }
  const ArenaOffset commit_word = table.make_commit_word(lane.arena);
  EntriesHold bits(items.size());
  SKIPLITH_RETURN_IF_ERROR(prepare(waiting, lane, table, commit_word, items, bits, shortage));  // 3
  SKIPLITH_RETURN_IF_ERROR(check(active));
  // Linked while pending: absent to every reader until the commit word says otherwise.
  for (const Item& item : items) item.entry->link(item.version);
  SKIPLITH_SYNC_POINT(write_entry_locked);
  if (active.segment != nullptr) {  // 4
    SKIPLITH_RETURN_IF_ERROR(log_payload(lane, batch.payload(), {}));
  }
  SKIPLITH_SYNC_POINT(batch_pending);
  Sequence first;
  if (waiting != Waiting::kNever) {  // 5
    first = clock_.take(lane, items.size());
  } else if (!clock_.try_take(lane, items.size(), &first)) {
    unlink(table, items);
    if (active.segment != nullptr) lane.log.abandon();
    return Status::would_block();
  }
  SKIPLITH_SYNC_POINT(write_sequenced);
  Status logged = log_record(lane, active, first, batch.count());  // 6
  if (logged.is_ok()) {
    SKIPLITH_SYNC_POINT(batch_before_commit_word);
    table.commit(commit_word, first);  // 7
    SKIPLITH_SYNC_POINT(write_linked);
    *sequence = first + items.size() - 1;
    count(lane, items);
    work_ahead_if_due(active);
  }
  bits.release();
  clock_.finish(lane);  // 8
  return logged;
}

// Takes back the pending versions of a batch whose bits are held; nobody has seen them, and who
// walks a chain that begins with one goes on from there as before.
void WritePath::unlink(const Memtable& table, const std::vector<Item>& items) {
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    item->entry->link(table.arena().at<Version>(item->entry->head())->older);
  }
}

void WritePath::count(Lane& lane, const std::vector<Item>& items) {
  uint64_t puts = 0, bytes = 0;
  for (const Item& item : items) {
    puts += item.mutation.kind == Kind::kPut ? 1 : 0;
    bytes += item.mutation.key.size() + item.mutation.value.size();
  }
  lane.counts.add(LaneCounts::Name::kBatches);
  lane.counts.add(LaneCounts::Name::kPuts, puts);
  lane.counts.add(LaneCounts::Name::kDeletes, items.size() - puts);
  lane.counts.add(LaneCounts::Name::kBytes, bytes);
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
  // No snapshot comes between the sequence and the view (snapshots.h). Nobody takes a sequence
  // meanwhile, and the gate is open.
  const MutexLock no_snapshots = snapshots_.lock();
  const std::shared_ptr<const View> before = views_.pin();
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
    snapshots_.keep_view(no_snapshots, before);
    views_.install(std::move(emptied));
    *sequence = taken;
    counters_.add(Counter::kFreezes);
  }
  clock_.finish(lane);
  return logged;
}

}  // namespace skiplith
