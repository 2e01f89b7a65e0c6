// The engine, as its users see it: one object per open directory.
//
// Any thread may call anything at any time, close() included. A call that comes after close(),
// or in a forked child, answers kClosed and touches nothing. The try_ forms never wait, never do
// I/O and never allocate more than a few bytes: they may run with an interpreter lock held;
// kWouldBlock asks for the form without try_, which may wait and must not.
//
// Limits are checked here, before anything is touched: kInvalidArgument.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/calls.h"
#include "db/cursor.h"
#include "db/modify.h"
#include "db/options.h"
#include "db/stats.h"
#include "db/value.h"
#include "io/files.h"
#include "record/batch.h"
#include "table/wanted_key.h"

namespace skiplith {

class Engine;  // the parts, private to cpp/db
class Loader;
class Snapshot;
class Validation;
enum class Waiting : uint8_t;

class Database : public std::enable_shared_from_this<Database> {
 public:
  // Recovers what a crash left. kNotFound, kLocked, kFormat, kCorruption, kStorage; on failure
  // the directory is as it was.
  static Result<std::shared_ptr<Database>> open(Files& files, const std::string& directory,
                                                OpenMode mode, const Options& options);
  // Closes without a word if nobody has (the caller warns).
  ~Database();

  // --- one key ---
  Status try_get(Bytes key, Value* value);
  Status get(Bytes key, Value* value);

  // Unsynced; a write with sync is always the blocking form.
  Status try_put(Bytes key, Bytes value);
  Status try_erase(Bytes key);
  Status put(Bytes key, Bytes value, bool sync);
  Status erase(Bytes key, bool sync);  // no error when missing

  // Atomic read-modify-write of one key (see modify.h).
  Status try_modify(Bytes key, Modification& modification);
  Status modify(Bytes key, Modification& modification, bool sync);

  // --- many keys ---
  // All or nothing, visible at one moment, durable as one.
  Status write(const Batch& batch, bool sync);
  Status try_write(const Batch& batch);  // unsynced; meant for small ones
  // Removes every key: exclusive, atomic.
  Status clear(bool sync);
  // Removes the first or last pair and hands it out; key->found() is false when empty.
  Status pop_edge(bool last, Value* key, Value* value, bool sync);

  // Ascending pairs straight into tables, all of them or none (loader.h).
  Result<std::unique_ptr<Loader>> loader();

  // --- one point in time ---
  // Cheap; holds memory, no lock. Everything read through it sees the same moment.
  Result<ReadPoint> read_point();
  Status try_read_point(ReadPoint* point);
  Status get_at(const ReadPoint& point, Bytes key, Value* value);
  Status try_get_at(const ReadPoint& point, Bytes key, Value* value);
  // Many keys: all that are still open (wanted_key.h), best in key order (get_many.h). Values lie
  // where they are, kept by `point` or by themselves.
  Status get_many(const ReadPoint& point, std::span<WantedKey> wanted);
  Status try_get_many(const ReadPoint& point, std::span<WantedKey> wanted);
  Result<std::unique_ptr<DbCursor>> cursor();

  // The same for as long as one likes: holds no memory but what differs from the present, which
  // flush and compaction keep for it (snapshots.h).
  Result<std::unique_ptr<Snapshot>> snapshot();
  Status try_snapshot(std::unique_ptr<Snapshot>* snapshot);
  Status get(const Snapshot& snapshot, Bytes key, Value* value);
  Status try_get(const Snapshot& snapshot, Bytes key, Value* value);
  Result<ReadPoint> read_point(const Snapshot& snapshot);

  // --- transactions (transaction.h has them; this is what they are made of) ---
  // Writes the batch if the validation holds at that moment, else kConflict. `*sequence`: of the
  // last write.
  Status write_if(Validation& validation, const Batch& batch, bool sync, Sequence* sequence);
  Status try_write_if(Validation& validation, const Batch& batch, Sequence* sequence);
  // The same for one key, where nothing was read. No value: a delete.
  Status write_one(Bytes key, const std::optional<std::string>& value, bool sync,
                   Sequence* sequence);
  Status try_write_one(Bytes key, const std::optional<std::string>& value, Sequence* sequence);
  // What a write would be refused for before it is looked at.
  Status check_writable() const;
  // How many have begun and are not over (freezer.h).
  std::atomic<uint64_t>& open_transactions();

  // --- durability ---
  // Everything acknowledged before the call is durable when it returns ok. Without a log this,
  // and every write with sync, is kInvalidArgument.
  Status sync();
  // Everything written before the call is in tables when it returns ok; without `wait`, soon. The
  // failure of the background thread, when there is one.
  Status flush(bool wait);
  // Brings every key from `start` up to `stop`, which is not included, down to the deepest level,
  // where one version of it is left. `go_on` is asked now and then: on false, kClosed, and what has
  // been done stays.
  Status compact(std::optional<std::string> start, std::optional<std::string> stop,
                 const std::function<bool()>& go_on);
  // Reads every table and checks all that reads rely on: ok, or the first thing that is wrong.
  Status verify();
  // Refuses new calls, waits for those inside, syncs and closes the log, lets the lock go.
  // Idempotent: later calls wait for the first and return ok. The first returns what failed;
  // the database is closed all the same.
  Status close();

  bool closed() const;
  bool read_only() const;
  const std::string& directory() const;
  const Options& options() const;
  Result<Stats> stats() const;  // never scans

 private:
  friend class DbCursor;
  friend class Loader;
  explicit Database(std::unique_ptr<Engine> engine);
  // Refuses calls after close and in forked children.
  Status admit(const CountedCall& call) const;
  Status admit_write(const CountedCall& call, bool sync) const;
  Status refuse_sync_without_log() const;
  Status get(Waiting waiting, Bytes key, Value* value);
  Status get(Waiting waiting, const Snapshot& snapshot, Bytes key, Value* value);
  Status get_at(Waiting waiting, const ReadPoint& point, Bytes key, Value* value);
  Status get_many(Waiting waiting, const ReadPoint& point, std::span<WantedKey> wanted);
  Status write(Waiting waiting, const Batch& batch, bool sync);
  Status write_if(Waiting waiting, Validation& validation, const Batch& batch, bool sync,
                  Sequence* sequence);
  Status write_one(Waiting waiting, Bytes key, const std::optional<std::string>& value, bool sync,
                   Sequence* sequence);

  std::unique_ptr<Engine> engine_;
  mutable Calls calls_;
  Mutex close_mutex_;
  bool close_done_ = false;
  const uint32_t born_;
};

}  // namespace skiplith
