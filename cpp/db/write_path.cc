#include "db/write_path.h"

#include "base/clock.h"
#include "base/sync_points.h"
#include "base/threads.h"
#include "db/encoded_head.h"

namespace skiplith {
namespace {

using Decision = Modification::Decision;

// The entry's bit, let go at the end of the scope.
class EntryHold {
 public:
  EntryHold(Entry& entry, Waiting waiting) : entry_(entry), held_(true) {
    if (waiting != Waiting::kNever) {
      entry.lock.lock();
    } else {
      held_ = entry.lock.try_lock_briefly();
    }
  }
  ~EntryHold() {
    if (held_) entry_.lock.unlock();
  }
  EntryHold(const EntryHold&) = delete;
  EntryHold& operator=(const EntryHold&) = delete;
  explicit operator bool() const { return held_; }

 private:
  Entry& entry_;
  bool held_;
};

// A payload in the log that has no sequence yet: un-written where the scope ends before it has one,
// be it by an exception (an index may run out of memory).
class PendingPayload {
 public:
  PendingPayload() = default;
  ~PendingPayload() {
    if (log_ != nullptr) log_->abandon();
  }
  PendingPayload(const PendingPayload&) = delete;
  PendingPayload& operator=(const PendingPayload&) = delete;
  void is_in(LaneLog& log) { log_ = &log; }
  void has_sequence() { log_ = nullptr; }

 private:
  LaneLog* log_ = nullptr;
};

Kind kind_of(const Decision& decision) {
  return decision.what == Decision::What::kPut ? Kind::kPut : Kind::kDelete;
}

// What puts and deletes do, whatever the key is: decided before its entry is seen.
struct Decided {
  Decision decision;
  Decision operator()(const Memtable&, const Entry&) const { return decision; }
};

// Lets the modification decide, and keeps for the caller what it decided upon. No `current`: the
// key is absent.
Decision judge(Modification& modification, const PinnedBytes* current, const View& view) {
  if (modification.wants_old_value()) {
    if (current == nullptr) {
      modification.old_value.set_absent();
    } else {
      modification.old_value.set(current->share(), view);
    }
  }
  return modification.decide(current == nullptr ? std::nullopt
                                                : std::optional<Bytes>(current->bytes()));
}

}  // namespace

Need WritePath::need_for(const LoggedMemtable& active, Bytes key, size_t value_bytes) {
  return {.arena_bytes = active.table.mutation_bytes(key.size(), value_bytes),
          .log_bytes = max_head_bytes(key) + value_bytes};
}

// Steps 1 to 8 of the write path for one key; sync is the caller's.
template <typename Decide>
Status WritePath::write_key(Waiting waiting, Bytes key, size_t max_value_bytes,
                            const LoggedMemtable* expected, Decide decide, Sequence* sequence) {
  for (Shortage shortage = Shortage::kNone;;) {
    LaneHold lane(take_lane(waiting));  // 2
    if (!lane) return Status::would_block();
    SKIPLITH_SYNC_POINT(write_lane_held);
    // Before all else: a poisoned store neither tries again nor makes room.
    SKIPLITH_RETURN_IF_ERROR(poison_.check());
    const std::shared_ptr<LoggedMemtable>& active = freezer_.active(*lane);
    if (expected != nullptr && active.get() != expected) return Status::would_block();
    const Need need = need_for(*active, key, max_value_bytes);
    shortage = reserve(*lane, *active, need, shortage);
    if (shortage == Shortage::kNone) {
      return write_on_lane(waiting, *lane, *active, key, decide, sequence);
    }
    if (waiting == Waiting::kNever) return Status::would_block();
    const std::shared_ptr<LoggedMemtable> full = active;
    lane.release();
    SKIPLITH_RETURN_IF_ERROR(make_room(full, shortage, need));
  }
}

template <typename Decide>
Status WritePath::write_on_lane(Waiting waiting, Lane& lane, LoggedMemtable& active, Bytes key,
                                Decide decide, Sequence* sequence) {
  if (waiting == Waiting::kNever && is_io(active)) return Status::would_block();
  Memtable& table = active.table;
  // A search mostly waits for one node. Until that has come there is something else to do.
  constexpr bool kDecided = std::is_same_v<Decide, Decided>;
  PendingPayload payload;
  if constexpr (kDecided) {
    table.index().fetch_ahead(key, 1);
    SKIPLITH_RETURN_IF_ERROR(log_mutation(lane, active, key, decide.decision));  // 4
    if (active.segment != nullptr) payload.is_in(lane.log);
  }
  Entry& entry = *table.index().find_or_insert(key, lane.arena);  // 3
  EntryHold bit(entry, waiting);
  if (!bit) return Status::would_block();
  SKIPLITH_SYNC_POINT(write_entry_locked);
  const Decision decision = decide(table, entry);
  if (decision.what == Decision::What::kKeep) return Status::ok();
  const Kind kind = kind_of(decision);
  const ArenaOffset version = table.make_version(lane.arena, 0, kind, decision.value, entry.head());
  if constexpr (!kDecided) {
    SKIPLITH_RETURN_IF_ERROR(log_mutation(lane, active, key, decision));  // 4
    if (active.segment != nullptr) payload.is_in(lane.log);
  }
  SKIPLITH_SYNC_POINT(write_payload_logged);
  Sequence taken;
  if (waiting != Waiting::kNever) {  // 5
    taken = clock_.take(lane, 1);
  } else if (!clock_.try_take(lane, 1, &taken)) {
    return Status::would_block();
  }
  payload.has_sequence();
  SKIPLITH_SYNC_POINT(write_sequenced);
  Status logged = log_record(lane, active, taken, 1);  // 6
  if (logged.is_ok()) {
    table.set_stamp(version, taken);
    entry.link(version);  // 7
    SKIPLITH_SYNC_POINT(write_linked);
    *sequence = taken;
    lane.counts.add(kind == Kind::kPut ? LaneCounts::Name::kPuts : LaneCounts::Name::kDeletes);
    lane.counts.add(LaneCounts::Name::kBytes, key.size() + decision.value.size());
    work_ahead_if_due(active);
  }
  clock_.finish(lane);  // 8
  return logged;
}

Status WritePath::put(Waiting waiting, Bytes key, Bytes value, Sequence* sequence) {
  return write_key(waiting, key, value.size(), nullptr, Decided{Decision::put(value)}, sequence);
}

Status WritePath::erase(Waiting waiting, Bytes key, Sequence* sequence) {
  return write_key(waiting, key, 0, nullptr, Decided{Decision::erase()}, sequence);
}

// What is in memory is read under a guard; what was found in a block is kept.
Lookup WritePath::read_current(Waiting waiting, const View& view, Bytes key, PinnedBytes* value,
                               Status* failure) {
  {
    EpochGuard guard;
    const Lookup found = view.get(key, kLatest, Table::Io::kResidentOnly, value, nullptr);
    if (found == Lookup::kFound) value->keep();
    if (found != Lookup::kNeedsIo || waiting == Waiting::kNever) return found;
  }
  return view.get(key, kLatest, Table::Io::kMayRead, value, failure);
}

// Reads with nothing held; what was read from below the active memtable holds as long as that
// memtable is active and has no version of the key. "No change" needs no lane at all.
Status WritePath::modify(Waiting waiting, Bytes key, Modification& modification,
                         Sequence* sequence) {
  for (;;) {
    const std::shared_ptr<const View> view = views_.pin();
    PinnedBytes value;
    Status failure;
    const Lookup found = read_current(waiting, *view, key, &value, &failure);
    if (found == Lookup::kNeedsIo) return Status::would_block();
    if (found == Lookup::kFailed) return failure;
    const PinnedBytes* const read = found == Lookup::kFound ? &value : nullptr;
    SKIPLITH_SYNC_POINT(read_modify_write_read);
    if (judge(modification, read, *view).what == Decision::What::kKeep) return Status::ok();
    Status written = write_key(
        waiting, key, modification.max_value_bytes(), view->active().get(),
        [&](const Memtable& table, const Entry& entry) {
          const Version* head = table.visible(entry, kLatest);
          if (head == nullptr) return judge(modification, read, *view);
          PinnedBytes newer;
          newer.borrow(head->value(), nullptr);
          return judge(modification, head->kind == Kind::kPut ? &newer : nullptr, *view);
        },
        sequence);
    const bool memtable_changed = written.is_would_block() && waiting != Waiting::kNever;
    if (!memtable_changed) return written;
  }
}

Lane* WritePath::take_lane(Waiting waiting) {
  if (waiting == Waiting::kNever) return lanes_.try_acquire();
  return waiting == Waiting::kForDisk ? &lanes_.acquire_for_sync() : &lanes_.acquire();
}

WritePath::Shortage WritePath::reserve(Lane& lane, LoggedMemtable& active, const Need& need,
                                       Shortage before) const {
  if (lane.arena.left() < need.arena_bytes) {
    Memtable& table = active.table;
    if (table.over_budget()) return Shortage::kArena;
    if (before != Shortage::kPace && pause_ns(active, need.log_bytes) > 0) return Shortage::kPace;
    if (!lane.arena.reserve(table.arena(), need.arena_bytes, table.chunk_bytes())) {
      return Shortage::kArena;
    }
  }
  return reserve_log(lane, active, need.log_bytes);
}

WritePath::Shortage WritePath::reserve_log(Lane& lane, LoggedMemtable& active,
                                           uint64_t payload_bytes) {
  const bool short_of_log =
      active.segment != nullptr && !lane.log.try_reserve(*active.segment, payload_bytes);
  return short_of_log ? Shortage::kLog : Shortage::kNone;
}

Status WritePath::make_room(const std::shared_ptr<LoggedMemtable>& active, Shortage shortage,
                            const Need& need) {
  if (!supply_.can_ever_fit(need)) {
    return Status::error(StatusCode::kInvalidArgument,
                         "the batch has too many mutations for a memtable's 32 GiB");
  }
  const uint64_t begun = monotonic_ns();
  const auto make = [&]() -> Status {
    if (shortage == Shortage::kPace) {
      pause(pause_ns(*active, need.log_bytes));
      return Status::ok();
    }
    if (shortage == Shortage::kLog) {
      auto grown = supply_.grow(*active, need.log_bytes);
      if (!grown.is_ok()) return grown.take_status();
      if (*grown) return Status::ok();
    }
    SKIPLITH_RETURN_IF_ERROR(maintenance_.wait_for_room());
    Status frozen = freezer_.freeze(active, need);
    wake_background_();
    wake_ahead_();
    return frozen;
  };
  Status made = make();
  counters_.add(Counter::kStallNs, monotonic_ns() - begun);
  return made;
}

Status WritePath::log_mutation(Lane& lane, LoggedMemtable& active, Bytes key,
                               const Decision& decision) {
  if (active.segment == nullptr) return Status::ok();
  const EncodedHead head(kind_of(decision), key, decision.value.size());
  return log_payload(lane, head.bytes(), decision.value);
}

Status WritePath::log_payload(Lane& lane, Bytes head, Bytes tail) {
  lane.log.write_payload(head, tail);
  if (lane.log.failure().is_ok()) [[likely]]
    return Status::ok();
  // A sequence taken now would be missing from a log in which this lane does not appear.
  lane.log.abandon();
  poison_.set(lane.log.failure());
  return lane.log.failure();
}

Status WritePath::log_record(Lane& lane, LoggedMemtable& active, Sequence first, uint32_t count) {
  if (active.segment == nullptr) return Status::ok();
  Status logged = lane.log.commit(first, count);
  if (logged.is_ok()) {
    SKIPLITH_SYNC_POINT(write_logged);
  } else {
    poison_.set(logged);
  }
  return logged;
}

void WritePath::work_ahead_if_due(const LoggedMemtable& active) {
  if (!supply_.should_work_ahead(active)) [[likely]]
    return;
  if (!ahead_asked_.exchange(true)) wake_ahead_();
}

}  // namespace skiplith
