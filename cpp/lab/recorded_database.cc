#include "lab/recorded_database.h"

#include "base/clock.h"

namespace skiplith::lab {
namespace {

MaybeValue text_of(const Value& value) {
  if (!value.found()) return std::nullopt;
  return std::string(value.bytes());
}

MaybeValue text_of(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(*bytes);
}

Pair pair_of(Bytes key, MaybeValue value = std::nullopt) {
  return {std::string(key), std::move(value)};
}

// Statuses that are answered before anything is touched.
bool nothing_was_done(const Status& status) {
  switch (status.code()) {
    case StatusCode::kWouldBlock:
    case StatusCode::kClosed:
    case StatusCode::kReadOnly:
    case StatusCode::kInvalidArgument: return true;
    default: return false;
  }
}

}  // namespace

// `fill` adds to the operation what it was and, unless it is pending, what it answered.
template <typename Call, typename Fill>
Status RecordedDatabase::record(OperationKind kind, Call call, Fill fill) {
  if (history_ == nullptr) return call();
  Operation operation;
  operation.kind = kind;
  operation.begin_ns = monotonic_ns();
  Status status = call();
  operation.end_ns = monotonic_ns();
  operation.pending = !status.is_ok();
  if (operation.pending && (operation.only_reads() || nothing_was_done(status))) return status;
  fill(operation);
  history_->append(std::move(operation));
  return status;
}

Status RecordedDatabase::get(CallForm form, Bytes key, Value* value) {
  return record(
      OperationKind::kGet,
      [&] { return form.may_wait ? database_.get(key, value) : database_.try_get(key, value); },
      [&](Operation& operation) { operation.pairs = {pair_of(key, text_of(*value))}; });
}

Status RecordedDatabase::put(CallForm form, Bytes key, Bytes value) {
  return record(
      OperationKind::kPut,
      [&] {
        return form.may_wait ? database_.put(key, value, form.sync) : database_.try_put(key, value);
      },
      [&](Operation& operation) { operation.pairs = {pair_of(key, std::string(value))}; });
}

Status RecordedDatabase::erase(CallForm form, Bytes key) {
  return record(
      OperationKind::kDelete,
      [&] { return form.may_wait ? database_.erase(key, form.sync) : database_.try_erase(key); },
      [&](Operation& operation) { operation.pairs = {pair_of(key)}; });
}

namespace {

Status modify(Database& database, CallForm form, Bytes key, Modification& modification) {
  return form.may_wait ? database.modify(key, modification, form.sync)
                       : database.try_modify(key, modification);
}

}  // namespace

Status RecordedDatabase::erase_existing(CallForm form, Bytes key, bool* erased) {
  EraseExisting modification(false);
  return record(
      OperationKind::kErase,
      [&] {
        Status status = modify(database_, form, key, modification);
        *erased = modification.erased();
        return status;
      },
      [&](Operation& operation) {
        operation.pairs = {pair_of(key)};
        operation.succeeded = *erased;
      });
}

Status RecordedDatabase::compare_and_set(CallForm form, Bytes key, std::optional<Bytes> expected,
                                         std::optional<Bytes> desired, bool* matched) {
  CompareAndSet modification(expected, desired);
  return record(
      OperationKind::kCompareAndSet,
      [&] {
        Status status = modify(database_, form, key, modification);
        *matched = modification.matched();
        return status;
      },
      [&](Operation& operation) {
        operation.pairs = {pair_of(key, text_of(desired))};
        operation.expected = text_of(expected);
        operation.succeeded = *matched;
      });
}

Status RecordedDatabase::increment(CallForm form, Bytes key, int64_t amount, int64_t* sum) {
  Increment modification(amount);
  Status status = record(
      OperationKind::kIncrement, [&] { return modify(database_, form, key, modification); },
      [&](Operation& operation) {
        operation.pairs = {pair_of(key)};
        operation.amount = amount;
        operation.succeeded = modification.status().is_ok();
        operation.sum = operation.succeeded ? modification.result() : 0;
      });
  SKIPLITH_RETURN_IF_ERROR(std::move(status));
  *sum = modification.result();
  return modification.status();
}

Status RecordedDatabase::setdefault(CallForm form, Bytes key, Bytes otherwise, Value* value) {
  SetDefault modification(otherwise);
  Status status = record(
      OperationKind::kSetDefault, [&] { return modify(database_, form, key, modification); },
      [&](Operation& operation) {
        operation.pairs = {pair_of(key, std::string(otherwise))};
        operation.answer =
            modification.inserted() ? std::string(otherwise) : text_of(modification.old_value);
      });
  if (status.is_ok()) {
    value->copy(modification.inserted() ? otherwise : modification.old_value.bytes());
  }
  return status;
}

Status RecordedDatabase::pop(CallForm form, Bytes key, Value* value) {
  EraseExisting modification(true);
  Status status = record(
      OperationKind::kPop, [&] { return modify(database_, form, key, modification); },
      [&](Operation& operation) {
        operation.pairs = {pair_of(key, text_of(modification.old_value))};
      });
  if (status.is_ok()) {
    if (modification.erased()) {
      value->copy(modification.old_value.bytes());
    } else {
      value->set_absent();
    }
  }
  return status;
}

Status RecordedDatabase::pop_edge(bool last, Value* key, Value* value, bool sync) {
  return record(
      OperationKind::kPopItem, [&] { return database_.pop_edge(last, key, value, sync); },
      [&](Operation& operation) {
        operation.last = last;
        if (!operation.pending && key->found()) {
          operation.pairs = {pair_of(key->bytes(), text_of(*value))};
        }
      });
}

Status RecordedDatabase::write(const Batch& batch, bool sync) {
  return record(
      OperationKind::kUpdate, [&] { return database_.write(batch, sync); },
      [&](Operation& operation) {
        MutationReader reader(batch.payload());
        Mutation mutation;
        while (reader.next(&mutation)) {
          const bool is_put = mutation.kind == Kind::kPut;
          operation.pairs.push_back(
              pair_of(mutation.key, is_put ? MaybeValue(mutation.value) : std::nullopt));
        }
      });
}

Status RecordedDatabase::clear(bool sync) {
  return record(OperationKind::kClear, [&] { return database_.clear(sync); }, [](Operation&) {});
}

Status RecordedDatabase::read(CallForm form, const std::vector<Bytes>& keys, Value* values) {
  const auto read_all = [&]() -> Status {
    ReadPoint point;
    if (form.may_wait) {
      auto made = database_.read_point();
      if (!made.is_ok()) return made.take_status();
      point = std::move(*made);
    } else {
      SKIPLITH_RETURN_IF_ERROR(database_.try_read_point(&point));
      if (point.may_read_files()) return Status::would_block();
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      SKIPLITH_RETURN_IF_ERROR(database_.get_at(point, keys[i], &values[i]));
    }
    return Status::ok();
  };
  return record(OperationKind::kRead, read_all, [&](Operation& operation) {
    for (size_t i = 0; i < keys.size(); ++i) {
      operation.pairs.push_back(pair_of(keys[i], text_of(values[i])));
    }
  });
}

}  // namespace skiplith::lab
