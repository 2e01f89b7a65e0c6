// The write path: the one way down for a mutation. cpp/DESIGN.md tells the steps and their
// reasons; the numbers in write_path.cc are those of that list.
#pragma once

#include <algorithm>
#include <functional>

#include "base/counters.h"
#include "db/cursor.h"
#include "db/freezer.h"
#include "db/maintenance.h"
#include "db/modify.h"
#include "db/poison.h"
#include "db/sequence_clock.h"
#include "db/snapshots.h"
#include "db/stats.h"
#include "db/validation.h"
#include "record/batch.h"

namespace skiplith {

// May a write wait? kNever: it answers kWouldBlock, and has left no trace. kForDisk: it may, and
// whoever asked for it will wait for the disk afterwards.
enum class Waiting : uint8_t { kNever, kAllowed, kForDisk };

class WritePath {
 public:
  WritePath(Lanes& lanes, SequenceClock& clock, Snapshots& snapshots, CurrentView& views,
            Freezer& freezer, Supply& supply, Maintenance& maintenance, Poison& poison,
            Counters<Counter>& counters, std::function<void()> wake_ahead,
            std::function<void()> wake_background)
      : lanes_(lanes),
        clock_(clock),
        snapshots_(snapshots),
        views_(views),
        freezer_(freezer),
        supply_(supply),
        maintenance_(maintenance),
        poison_(poison),
        counters_(counters),
        wake_ahead_(std::move(wake_ahead)),
        wake_background_(std::move(wake_background)) {}

  // Each returns the sequence of its (last) mutation in `*sequence`, 0 when nothing was written.
  Status put(Waiting waiting, Bytes key, Bytes value, Sequence* sequence);
  Status erase(Waiting waiting, Bytes key, Sequence* sequence);
  Status modify(Waiting waiting, Bytes key, Modification& modification, Sequence* sequence);
  Status write(Waiting waiting, const Batch& batch, Sequence* sequence);
  Status clear(Sequence* sequence);
  // Makes the tables of a load, finished, part of the database, at one moment and durably
  // (load.cc).
  Status load(TableSeries& loaded);
  // Writes the batch if the validation holds at that moment, else kConflict, and nothing is
  // written. Where only keys were read that the batch writes too, their bits are enough to keep
  // them still; else all lanes are taken, and waited for.
  Status write_if(Waiting waiting, Validation& validation, const Batch& batch, Sequence* sequence);

  // A round of work ahead begins: from here on writers may ask for another.
  void ahead_begins() { ahead_asked_.store(false); }

 private:
  // Why a lane lacks room; kNone: it has it; kPace: it may have it after a pause.
  enum class Shortage : uint8_t { kNone, kPace, kArena, kLog };

  // `decide(table, entry)` says, under the entry's bit, what to write. kWouldBlock also when
  // `expected` is given and no longer the active memtable.
  template <typename Decide>
  Status write_key(Waiting waiting, Bytes key, size_t max_value_bytes,
                   const LoggedMemtable* expected, Decide decide, Sequence* sequence);
  template <typename Decide>
  Status write_on_lane(Waiting waiting, Lane& lane, LoggedMemtable& active, Bytes key,
                       Decide decide, Sequence* sequence);
  // Of a batch, in key order.
  struct Item;
  static std::vector<Item> in_key_order(const Batch& batch);
  static Need need_for(const LoggedMemtable& active, const Batch& batch,
                       const std::vector<Item>& items);
  // `check(active)` says, with all bits held, whether the batch is written.
  template <typename Check>
  Status write_with_lane(Waiting waiting, const Batch& batch, Check check, Sequence* sequence);
  Status write_with_all_lanes(Validation& validation, const Batch& batch, Sequence* sequence);
  template <typename Check>
  Status write_batch_on_lane(Waiting waiting, Lane& lane, LoggedMemtable& active,
                             const Batch& batch, std::vector<Item>& items, Check check,
                             Shortage* shortage, Sequence* sequence);
  template <typename Held>
  static Status prepare(Waiting waiting, Lane& lane, Memtable& table, ArenaOffset commit_word,
                        std::vector<Item>& items, Held& bits, Shortage* shortage);
  static void unlink(const Memtable& table, const std::vector<Item>& items);
  // Whether a record goes out by a system call.
  static bool is_io(const LoggedMemtable& active) {
    return active.segment != nullptr && active.segment->form() == SinkForm::kWrite;
  }
  static void count(Lane& lane, const std::vector<Item>& items);
  Status clear_alone(const ExclusiveSection& section, const std::shared_ptr<LoggedMemtable>& next,
                     Sequence* sequence);

  Status load_alone(const ExclusiveSection& section, const Maintenance::Turn& turn,
                    const std::shared_ptr<LoggedMemtable>& next, TableSeries& loaded,
                    Maintenance::PreparedLoad* load);

  static Lookup read_current(Waiting waiting, const View& view, Bytes key, PinnedBytes* value,
                             Status* failure);

  Lane* take_lane(Waiting waiting);
  // `before`: what the last attempt was short of. After a pause no other is due.
  Shortage reserve(Lane& lane, LoggedMemtable& active, const Need& need, Shortage before) const;
  Shortage reserve(Lane& lane, LoggedMemtable& active, const Batch& batch,
                   const std::vector<Item>& items, Shortage before) const;
  static Shortage reserve_log(Lane& lane, LoggedMemtable& active, uint64_t payload_bytes);
  static Need need_for(const LoggedMemtable& active, Bytes key, size_t value_bytes);
  // Pauses, grows or freezes, so that the next attempt has room. The caller holds nothing.
  Status make_room(const std::shared_ptr<LoggedMemtable>& active, Shortage shortage,
                   const Need& need);
  Status log_mutation(Lane& lane, LoggedMemtable& active, Bytes key,
                      const Modification::Decision& decision);
  // Step 4. Not ok: the lane's log is unusable, and no sequence may be taken for the record.
  Status log_payload(Lane& lane, Bytes head, Bytes tail);
  Status log_record(Lane& lane, LoggedMemtable& active, Sequence first, uint32_t count);
  void work_ahead_if_due(const LoggedMemtable& active);
  // Where flushes and compactions do not keep up: how long to pause before another chunk of the
  // arena is taken for a payload of so many bytes.
  uint64_t pause_ns(const LoggedMemtable& active, uint64_t payload_bytes) const {
    return maintenance_.pause_ns(active, std::max(payload_bytes, active.table.chunk_bytes()));
  }

  Lanes& lanes_;
  SequenceClock& clock_;
  Snapshots& snapshots_;
  CurrentView& views_;
  Freezer& freezer_;
  Supply& supply_;
  Maintenance& maintenance_;
  Poison& poison_;
  Counters<Counter>& counters_;
  const std::function<void()> wake_ahead_, wake_background_;
  std::atomic<bool> ahead_asked_{false};
};

}  // namespace skiplith
