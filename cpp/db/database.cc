#include "db/database.h"

#include "base/sync_points.h"
#include "db/engine.h"
#include "db/open.h"
#include "db/transaction.h"

namespace skiplith {

Result<std::shared_ptr<Database>> Database::open(Files& files, const std::string& directory,
                                                 OpenMode mode, const Options& options) {
  SKIPLITH_RETURN_IF_ERROR(check_options(options));
  auto recovered = recover(files, directory, mode, options);
  if (!recovered.is_ok()) return recovered.take_status();
  auto engine = Engine::start(files, std::move(*recovered), options, mode == OpenMode::kRead);
  if (!engine.is_ok()) return engine.take_status();
  return std::shared_ptr<Database>(new Database(std::move(*engine)));
}

Database::Database(std::unique_ptr<Engine> engine)
    : engine_(std::move(engine)), born_(fork_generation()) {}

Database::~Database() {
  if (born_ == fork_generation()) {
    static_cast<void>(close());
  } else {
    // The thread does not exist here and the files are the parent's: touch nothing.
    static_cast<void>(engine_.release());
  }
}

Status Database::admit(const CountedCall& call) const {
  if (!call.admitted() || born_ != fork_generation()) [[unlikely]]
    return Status::closed();
  return Status::ok();
}

Status Database::admit_write(const CountedCall& call, bool sync) const {
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  if (engine_->read_only()) [[unlikely]] {
    return Status::at_path(StatusCode::kReadOnly, engine_->directory(), "opened read-only");
  }
  return sync ? refuse_sync_without_log() : Status::ok();
}

Status Database::refuse_sync_without_log() const {
  if (engine_->options().wal) [[likely]]
    return Status::ok();
  return Status::error(StatusCode::kInvalidArgument,
                       "opened with wal=False: there is no log to sync");
}

Status Database::try_get(Bytes key, Value* value) { return get(Waiting::kNever, key, value); }
Status Database::get(Bytes key, Value* value) { return get(Waiting::kAllowed, key, value); }

Status Database::get(Waiting waiting, Bytes key, Value* value) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  return engine_->get(waiting, key, value);
}

Status Database::try_put(Bytes key, Bytes value) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, false));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  SKIPLITH_RETURN_IF_ERROR(check_value_size(value.size()));
  return engine_->put(Waiting::kNever, key, value, false);
}

Status Database::put(Bytes key, Bytes value, bool sync) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  SKIPLITH_RETURN_IF_ERROR(check_value_size(value.size()));
  return engine_->put(Waiting::kAllowed, key, value, sync);
}

Status Database::try_erase(Bytes key) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, false));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  return engine_->erase(Waiting::kNever, key, false);
}

Status Database::erase(Bytes key, bool sync) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  return engine_->erase(Waiting::kAllowed, key, sync);
}

Status Database::try_modify(Bytes key, Modification& modification) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, false));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  SKIPLITH_RETURN_IF_ERROR(check_value_size(modification.max_value_bytes()));
  return engine_->modify(Waiting::kNever, key, modification, false);
}

Status Database::modify(Bytes key, Modification& modification, bool sync) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  SKIPLITH_RETURN_IF_ERROR(check_value_size(modification.max_value_bytes()));
  return engine_->modify(Waiting::kAllowed, key, modification, sync);
}

Status Database::write(const Batch& batch, bool sync) {
  return write(Waiting::kAllowed, batch, sync);
}
Status Database::try_write(const Batch& batch) { return write(Waiting::kNever, batch, false); }

Status Database::write(Waiting waiting, const Batch& batch, bool sync) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  return engine_->write(waiting, batch, sync);
}

Status Database::clear(bool sync) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  return engine_->clear(sync);
}

// A conflict means that some other write has succeeded.
Status Database::pop_edge(bool last, Value* key, Value* value, bool sync) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  for (;;) {
    Transaction transaction(shared_from_this());
    auto found = transaction.cursor();
    if (!found.is_ok()) return found.take_status();
    DbCursor& cursor = **found;
    SKIPLITH_RETURN_IF_ERROR(last ? cursor.last() : cursor.first());
    if (!cursor.valid()) {
      key->set_absent();
      return Status::ok();
    }
    key->copy(cursor.key());
    value->copy(cursor.value());
    SKIPLITH_RETURN_IF_ERROR(transaction.erase(cursor.key()));
    Status committed = transaction.commit_without_limit(sync);
    if (committed.code() != StatusCode::kConflict) return committed;
  }
}

Status Database::write_if(Validation& validation, const Batch& batch, bool sync,
                          Sequence* sequence) {
  return write_if(Waiting::kAllowed, validation, batch, sync, sequence);
}
Status Database::try_write_if(Validation& validation, const Batch& batch, Sequence* sequence) {
  return write_if(Waiting::kNever, validation, batch, false, sequence);
}
Status Database::write_if(Waiting waiting, Validation& validation, const Batch& batch, bool sync,
                          Sequence* sequence) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  return engine_->write_if(waiting, validation, batch, sync, sequence);
}

Status Database::write_one(Bytes key, const std::optional<std::string>& value, bool sync,
                           Sequence* sequence) {
  return write_one(Waiting::kAllowed, key, value, sync, sequence);
}
Status Database::try_write_one(Bytes key, const std::optional<std::string>& value,
                               Sequence* sequence) {
  return write_one(Waiting::kNever, key, value, false, sequence);
}
Status Database::write_one(Waiting waiting, Bytes key, const std::optional<std::string>& value,
                           bool sync, Sequence* sequence) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, sync));
  return engine_->write_one(waiting, key, value, sync, sequence);
}

Status Database::check_writable() const {
  const CountedCall call(calls_);
  return admit_write(call, false);
}

std::atomic<uint64_t>& Database::open_transactions() { return engine_->open_transactions(); }

Result<ReadPoint> Database::read_point() {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  return engine_->read_point();
}

Status Database::try_read_point(ReadPoint* point) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  return engine_->try_read_point(point) ? Status::ok() : Status::would_block();
}

Status Database::get_at(const ReadPoint& point, Bytes key, Value* value) {
  return get_at(Waiting::kAllowed, point, key, value);
}
Status Database::try_get_at(const ReadPoint& point, Bytes key, Value* value) {
  return get_at(Waiting::kNever, point, key, value);
}
Status Database::get_at(Waiting waiting, const ReadPoint& point, Bytes key, Value* value) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  return engine_->get_at(waiting, point, key, value);
}

Status Database::get_many(const ReadPoint& point, std::span<WantedKey> wanted) {
  return get_many(Waiting::kAllowed, point, wanted);
}
Status Database::try_get_many(const ReadPoint& point, std::span<WantedKey> wanted) {
  return get_many(Waiting::kNever, point, wanted);
}
Status Database::get_many(Waiting waiting, const ReadPoint& point, std::span<WantedKey> wanted) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  for (const WantedKey& key : wanted) SKIPLITH_RETURN_IF_ERROR(check_key_size(key.bytes.size()));
  return engine_->get_many(waiting, point, wanted);
}

Result<std::unique_ptr<Snapshot>> Database::snapshot() {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  return Snapshot::make(shared_from_this(), engine_->snapshots());
}

Status Database::try_snapshot(std::unique_ptr<Snapshot>* snapshot) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  *snapshot = Snapshot::try_make(shared_from_this(), engine_->snapshots());
  return *snapshot != nullptr ? Status::ok() : Status::would_block();
}

Status Database::get(const Snapshot& snapshot, Bytes key, Value* value) {
  return get(Waiting::kAllowed, snapshot, key, value);
}
Status Database::try_get(const Snapshot& snapshot, Bytes key, Value* value) {
  return get(Waiting::kNever, snapshot, key, value);
}
Status Database::get(Waiting waiting, const Snapshot& snapshot, Bytes key, Value* value) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  return engine_->get(waiting, snapshot.held(), key, value);
}

Result<ReadPoint> Database::read_point(const Snapshot& snapshot) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  return engine_->read_point(snapshot.held());
}

Result<std::unique_ptr<DbCursor>> Database::cursor() {
  auto point = read_point();
  if (!point.is_ok()) return point.take_status();
  return std::make_unique<DbCursor>(shared_from_this(), std::move(*point));
}

Status Database::sync() {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  if (engine_->read_only()) return Status::ok();
  SKIPLITH_RETURN_IF_ERROR(refuse_sync_without_log());
  return engine_->sync_all();
}

Status Database::flush(bool wait) {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, false));
  return engine_->flush(wait);
}

// Waits in slices, each a call of its own: close() waits for one of them, not for the compaction.
Status Database::compact(std::optional<std::string> start, std::optional<std::string> stop,
                         const std::function<bool()>& go_on) {
  constexpr uint64_t kSliceNs = 50'000'000;
  std::shared_ptr<Engine::CompactionRequest> request;
  {
    const CountedCall call(calls_);
    SKIPLITH_RETURN_IF_ERROR(admit_write(call, false));
    auto asked = engine_->ask_to_compact(std::move(start), std::move(stop));
    if (!asked.is_ok()) return asked.take_status();
    request = std::move(*asked);
  }
  for (;;) {
    {
      const CountedCall call(calls_);
      SKIPLITH_RETURN_IF_ERROR(admit(call));
      auto done = engine_->wait_compacted(*request, kSliceNs);
      if (!done.is_ok()) return done.take_status();
      if (*done) return Status::ok();
    }
    if (!go_on()) return Status::closed();
  }
}

Status Database::verify() {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  return engine_->verify();
}

Status Database::close() {
  if (born_ != fork_generation()) return Status::closed();
  // The second caller waits here for the first.
  MutexLock lock(close_mutex_);
  if (close_done_) return Status::ok();
  calls_.refuse_new();
  SKIPLITH_SYNC_POINT(close_begin);
  calls_.wait_until_none_inside();
  close_done_ = true;
  return engine_->close();
}

bool Database::closed() const { return calls_.closing() || born_ != fork_generation(); }
bool Database::read_only() const { return engine_->read_only(); }
const std::string& Database::directory() const { return engine_->directory(); }
const Options& Database::options() const { return engine_->options(); }

Result<Stats> Database::stats() const {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit(call));
  return engine_->stats();
}

}  // namespace skiplith
