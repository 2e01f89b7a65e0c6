// The parts of an open database and how they hang together. Private to cpp/db.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "db/background.h"
#include "db/freezer.h"
#include "db/group_sync.h"
#include "db/lanes.h"
#include "db/log_set.h"
#include "db/maintenance.h"
#include "db/options.h"
#include "db/poison.h"
#include "db/recovery.h"
#include "db/sequence_clock.h"
#include "db/snapshots.h"
#include "db/stats.h"
#include "db/supply.h"
#include "db/validation.h"
#include "db/view.h"
#include "db/write_path.h"

namespace skiplith {

class Engine {
 public:
  // Takes over what recovery found and starts the background thread. A read-only engine has an
  // empty memtable without a segment, and nothing ever writes to it.
  static Result<std::unique_ptr<Engine>> start(Files& files, Recovered recovered,
                                               const Options& options, bool read_only);

  Status put(Waiting waiting, Bytes key, Bytes value, bool sync);
  Status erase(Waiting waiting, Bytes key, bool sync);
  Status modify(Waiting waiting, Bytes key, Modification& modification, bool sync);
  Status write(Waiting waiting, const Batch& batch, bool sync);
  Status clear(bool sync);
  // A transaction's writes; `validation` of what it has read. Of one key, where that is nothing.
  Status write_if(Waiting waiting, Validation& validation, const Batch& batch, bool sync,
                  Sequence* sequence);
  Status write_one(Waiting waiting, Bytes key, const std::optional<std::string>& value, bool sync,
                   Sequence* sequence);
  std::atomic<uint64_t>& open_transactions() { return freezer_.open_transactions(); }

  Status get(Waiting waiting, Bytes key, Value* value);
  Status get(Waiting waiting, const HeldSequence& snapshot, Bytes key, Value* value);
  Status get_at(Waiting waiting, const ReadPoint& point, Bytes key, Value* value);
  // Each key that is still open (wanted_key.h); best in key order. Values lie where they are, kept
  // by the point or by themselves. kWouldBlock: those found so far are no longer open.
  Status get_many(Waiting waiting, const ReadPoint& point, std::span<WantedKey> wanted);
  ReadPoint read_point();
  ReadPoint read_point(const HeldSequence& snapshot);
  bool try_read_point(ReadPoint* point);
  Snapshots& snapshots() { return snapshots_; }

  Status sync_all() { return sync_.sync_through(clock_.last()); }

  // Everything written before the call is in tables when it returns ok; without `wait`, soon.
  Status flush(bool wait);

  // As Maintenance has them; everything written before the call is meant.
  using CompactionRequest = Maintenance::CompactionRequest;
  Result<std::shared_ptr<CompactionRequest>> ask_to_compact(std::optional<std::string> start,
                                                            std::optional<std::string> stop);
  Result<bool> wait_compacted(const CompactionRequest& request, uint64_t limit_ns) {
    return maintenance_.wait_compacted(request, limit_ns);
  }
  // Reads and checks every table.
  Status verify();

  // Where a load writes its tables; and once they are finished, all that is left (loader.h).
  std::unique_ptr<TableSeries> begin_load() const;
  Status load(TableSeries& loaded);

  // No call is inside any more. Everything is released, whatever fails.
  Status close();

  Stats stats() const;
  const std::string& directory() const { return recovered_.directory; }
  const Options& options() const { return options_; }
  bool read_only() const { return read_only_; }

 private:
  Engine(Files& files, Recovered recovered, const Options& options, bool read_only);
  Status begin_writing();
  uint64_t ahead_round();
  uint64_t background_round();
  Status wait_if_synced(Status written, Sequence sequence, bool sync);
  Status close_files();
  Status close_log();
  Status flush_all();
  template <typename ViewOf>
  Lookup get_resident(ViewOf view_of, Sequence at, Bytes key, Value* value);
  Status read_at(const ReadPoint& point, Bytes key, Value* value);
  void answer(Lookup found, PinnedBytes&& bytes, const View& view, Value* value);

  Files& files_;
  const Options options_;
  const bool read_only_;
  Recovered recovered_;
  Counters<Counter> counters_;
  Poison poison_;
  Lanes lanes_;
  SequenceClock clock_{lanes_};
  Snapshots snapshots_{clock_};
  Background ahead_{[this] { return ahead_round(); }};
  Background background_{[this] { return background_round(); }};
  CurrentView views_{[this] { background_.wake(); }};
  LogSet log_;
  GroupSync sync_{clock_, log_, poison_, counters_};
  Supply supply_;
  Maintenance maintenance_;
  Freezer freezer_{lanes_, clock_, views_, log_, supply_, counters_};
  WritePath writes_{lanes_,
                    clock_,
                    snapshots_,
                    views_,
                    freezer_,
                    supply_,
                    maintenance_,
                    poison_,
                    counters_,
                    [this] { ahead_.wake(); },
                    [this] { background_.wake(); }};
  uint64_t interval_sync_due_ns_ = 0;  // the background thread's own
};

}  // namespace skiplith
