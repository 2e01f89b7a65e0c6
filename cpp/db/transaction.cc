#include "db/transaction.h"

#include "db/validation.h"

namespace skiplith {
namespace {

// What a form that does not wait copies, and looks at, at most.
constexpr size_t kShortBytes = 4 << 10;
constexpr size_t kFew = 15;

}  // namespace

class Transaction::Ending {
 public:
  explicit Ending(Transaction& transaction) : transaction_(transaction) {}
  ~Ending() { transaction_.rollback(); }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

 private:
  Transaction& transaction_;
};

Status Transaction::try_begin() { return begin(false); }
Status Transaction::begin() { return begin(true); }

Status Transaction::begin(bool may_wait) {
  if (over_ || database_->closed()) return Status::closed();
  if (point_.view != nullptr) return Status::ok();
  if (!counted_) {
    database_->open_transactions().fetch_add(1);
    counted_ = true;
  }
  if (!may_wait) {
    ReadPoint point;
    SKIPLITH_RETURN_IF_ERROR(database_->try_read_point(&point));
    point_ = std::move(point);
    return Status::ok();
  }
  auto point = database_->read_point();
  if (!point.is_ok()) return point.take_status();
  point_ = std::move(*point);
  return Status::ok();
}

void Transaction::rollback() {
  over_ = true;
  point_.view.reset();
  if (counted_) database_->open_transactions().fetch_sub(1);
  counted_ = false;
}

Status Transaction::try_get(Bytes key, Value* value) { return get(false, key, value); }
Status Transaction::get(Bytes key, Value* value) { return get(true, key, value); }

Status Transaction::get(bool may_wait, Bytes key, Value* value) {
  if (over_) return Status::closed();
  if (const std::optional<std::string>* own = writes_.find(key)) {
    if (database_->closed()) return Status::closed();
    if (!may_wait && *own && (*own)->size() > kShortBytes) return Status::would_block();
    *own ? value->copy(**own) : value->set_absent();
    return Status::ok();
  }
  SKIPLITH_RETURN_IF_ERROR(begin(may_wait));
  SKIPLITH_RETURN_IF_ERROR(may_wait ? database_->get_at(point_, key, value)
                                    : database_->try_get_at(point_, key, value));
  reads_.add_key(key);
  return Status::ok();
}

Status Transaction::try_get_many(std::span<WantedKey> wanted,
                                 std::shared_ptr<const OwnWrites::Map>* own) {
  return get_many(false, wanted, own);
}
Status Transaction::get_many(std::span<WantedKey> wanted,
                             std::shared_ptr<const OwnWrites::Map>* own) {
  return get_many(true, wanted, own);
}

Status Transaction::get_many(bool may_wait, std::span<WantedKey> wanted,
                             std::shared_ptr<const OwnWrites::Map>* own) {
  if (over_) return Status::closed();
  *own = writes_.share();
  for (WantedKey& key : wanted) {
    const std::optional<std::string>* written = writes_.find(key.bytes);
    if (written == nullptr) continue;
    key.found = *written ? Lookup::kFound : Lookup::kDeleted;
    if (*written) key.value.borrow(**written, nullptr);
  }
  SKIPLITH_RETURN_IF_ERROR(begin(may_wait));
  SKIPLITH_RETURN_IF_ERROR(may_wait ? database_->get_many(point_, wanted)
                                    : database_->try_get_many(point_, wanted));
  for (const WantedKey& key : wanted) {
    if (writes_.find(key.bytes) == nullptr) reads_.add_key(key.bytes);
  }
  return Status::ok();
}

Status Transaction::check_writable() const {
  return over_ ? Status::closed() : database_->check_writable();
}

Status Transaction::put(Bytes key, Bytes value) {
  SKIPLITH_RETURN_IF_ERROR(check_writable());
  return writes_.put(key, value);
}

Status Transaction::erase(Bytes key) {
  SKIPLITH_RETURN_IF_ERROR(check_writable());
  return writes_.erase(key);
}

Status Transaction::try_modify(Bytes key, Modification& modification) {
  return modify(false, key, modification);
}
Status Transaction::modify(Bytes key, Modification& modification) {
  return modify(true, key, modification);
}

Status Transaction::modify(bool may_wait, Bytes key, Modification& modification) {
  SKIPLITH_RETURN_IF_ERROR(check_writable());
  Value current;
  SKIPLITH_RETURN_IF_ERROR(get(may_wait, key, &current));
  if (modification.wants_old_value()) {
    if (current.found()) {
      modification.old_value.copy(current.bytes());
    } else {
      modification.old_value.set_absent();
    }
  }
  const auto decision =
      modification.decide(current.found() ? std::optional<Bytes>(current.bytes()) : std::nullopt);
  using What = Modification::Decision::What;
  if (decision.what == What::kPut) return writes_.put(key, decision.value);
  return decision.what == What::kErase ? writes_.erase(key) : Status::ok();
}

Result<std::unique_ptr<DbCursor>> Transaction::cursor() {
  SKIPLITH_RETURN_IF_ERROR(begin(true));
  return std::make_unique<DbCursor>(database_, point_, writes_.cursor(), reads_.add_cursor());
}

Result<std::unique_ptr<Scan>> Transaction::scan(Range range, bool reverse) {
  SKIPLITH_RETURN_IF_ERROR(begin(true));
  auto cursor = std::make_unique<DbCursor>(database_, point_, writes_.cursor(), nullptr);
  auto record = reads_.add_scan(range, reverse);
  return std::make_unique<Scan>(std::move(cursor), std::move(range), reverse, std::move(record));
}

const OwnWrites::Map::value_type* Transaction::only_blind_write() const {
  return point_.view == nullptr ? writes_.only() : nullptr;
}

Status Transaction::commit(bool sync) { return commit(sync, Validation::kMaxEntries); }
Status Transaction::commit_without_limit(bool sync) { return commit(sync, UINT64_MAX); }

Status Transaction::commit(bool sync, uint64_t max_entries) {
  if (over_) return Status::closed();
  const Ending ending(*this);  // an exception is an end too
  if (writes_.empty()) return Status::ok();
  if (const auto* only = only_blind_write()) {
    return database_->write_one(only->first, only->second, sync, &commit_sequence_);
  }
  Batch batch;
  SKIPLITH_RETURN_IF_ERROR(writes_.append_to(&batch));
  Validation validation(point_, reads_, max_entries);
  return database_->write_if(validation, batch, sync, &commit_sequence_);
}

Status Transaction::try_commit(bool sync) {
  if (over_) return Status::closed();
  if (writes_.empty()) {
    rollback();
    return Status::ok();
  }
  if (sync || !writes_.is_small(kFew, kShortBytes) || reads_.keys().size() > kFew) {
    return Status::would_block();
  }
  const Status written = [&] {
    if (const auto* only = only_blind_write()) {
      return database_->try_write_one(only->first, only->second, &commit_sequence_);
    }
    Batch batch;
    SKIPLITH_RETURN_IF_ERROR(writes_.append_to(&batch));
    Validation validation(point_, reads_);
    return database_->try_write_if(validation, batch, &commit_sequence_);
  }();
  if (!written.is_would_block()) rollback();
  return written;
}

}  // namespace skiplith
