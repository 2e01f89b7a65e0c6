#include "bindings/transaction.h"
#include "bindings/made.h"

namespace skiplith::python {

void OpenTransaction::refuse() const {
  if (over()) throw_closed("the transaction is over");
  throw_status(Status::closed());
}

template <typename Work>
void OpenTransaction::operate(bool long_for_certain, Work work) {
  operate(long_for_certain, work, work);
}

namespace {

template <typename T>
Status move_to(T* place, Result<T> result) {
  if (!result.is_ok()) return result.take_status();
  *place = std::move(*result);
  return Status::ok();
}

}  // namespace

void OpenTransaction::get(Bytes key, Value* value) {
  operate(
      false, [&] { return transaction_->try_get(key, value); },
      [&] { return transaction_->get(key, value); });
}

Reader::Lookup OpenTransaction::at_one_point() {
  ReadPoint point;
  const auto get_point = [&](Status begun) {
    if (begun.is_ok()) point = transaction_->point();
    return begun;
  };
  operate(
      false, [&] { return get_point(transaction_->try_begin()); },
      [&] { return get_point(transaction_->begin()); });
  std::shared_ptr<const OwnWrites::Map> own;
  const auto get = [this, own](bool may_wait, std::span<WantedKey> wanted) mutable {
    return may_wait ? transaction_->get_many(wanted, &own)
                    : transaction_->try_get_many(wanted, &own);
  };
  return {point, get};
}

std::unique_ptr<DbCursor> OpenTransaction::cursor() {
  std::unique_ptr<DbCursor> made;
  const auto make = [&] { return move_to(&made, transaction_->cursor()); };
  operate(
      false,
      [&] {
        SKIPLITH_RETURN_IF_ERROR(transaction_->try_begin());
        return make();
      },
      make);
  return made;
}

std::unique_ptr<Scan> OpenTransaction::scan(Range range, bool reverse) {
  std::unique_ptr<Scan> made;
  const auto make = [&] { return move_to(&made, transaction_->scan(range, reverse)); };
  operate(
      false,
      [&] {
        SKIPLITH_RETURN_IF_ERROR(transaction_->try_begin());
        return make();
      },
      make);
  return made;
}

void OpenTransaction::put(Bytes key, Bytes value) {
  operate(value.size() >= kReleaseCopyBytes, [&] { return transaction_->put(key, value); });
}

void OpenTransaction::erase(Bytes key) {
  operate(false, [&] { return transaction_->erase(key); });
}

void OpenTransaction::modify(Bytes key, Modification& modification) {
  operate(
      modification.max_value_bytes() >= kReleaseCopyBytes,
      [&] { return transaction_->try_modify(key, modification); },
      [&] { return transaction_->modify(key, modification); });
}

void OpenTransaction::write(const Batch& batch) {
  operate(is_long_write(batch.bytes(), batch.count()), [&] {
    SKIPLITH_RETURN_IF_ERROR(db_->engine().check_writable());
    MutationReader reader(batch.payload());
    Mutation mutation;
    while (reader.next(&mutation)) {
      SKIPLITH_RETURN_IF_ERROR(mutation.kind == Kind::kPut
                                   ? transaction_->put(mutation.key, mutation.value)
                                   : transaction_->erase(mutation.key));
    }
    return Status::ok();
  });
}

void OpenTransaction::pop_edge(bool last, Value* key, Value* value) {
  const Borrowed<DbCursor> cursor(*this, this->cursor());
  step(cursor->point(), false, [&]() -> Status {
    SKIPLITH_RETURN_IF_ERROR(db_->engine().check_writable());
    SKIPLITH_RETURN_IF_ERROR(last ? cursor->last() : cursor->first());
    if (!cursor->valid()) return Status::ok();
    key->copy(cursor->key());
    value->copy(cursor->value());
    return transaction_->erase(cursor->key());
  });
}

void OpenTransaction::clear() {
  constexpr size_t kPairs = 1024, kBytes = 256 << 10;
  const Borrowed<Scan> scan(*this, this->scan({}, false));
  ScanChunk chunk;
  do {
    step(scan->point(), true, [&]() -> Status {
      SKIPLITH_RETURN_IF_ERROR(db_->engine().check_writable());
      SKIPLITH_RETURN_IF_ERROR(scan->next_chunk(&chunk, ScanParts::kKeys, kPairs, kBytes));
      for (size_t i = 0; i < chunk.size(); ++i) {
        scan->record()->handed_out(chunk.key(i));
        SKIPLITH_RETURN_IF_ERROR(transaction_->erase(chunk.key(i)));
      }
      if (chunk.size() == 0) scan->record()->ended();
      return Status::ok();
    });
    check_signals();
  } while (chunk.size() > 0);
}

void OpenTransaction::end_locked() {
  transaction_.reset();
  over_.store(true);
}

void OpenTransaction::commit() {
  const auto try_commit = [&] {
    Status status = transaction_->try_commit(sync_);
    if (!status.is_would_block()) end_locked();
    return status;
  };
  const auto commit = [&] {
    Status status = transaction_->commit(sync_);
    end_locked();
    return status;
  };
  try {
    operate(false, try_commit, commit);
  } catch (const std::bad_alloc&) {
    rollback_if_open();
    throw;
  }
}

void OpenTransaction::rollback() {
  operate(false, [&] {
    end_locked();
    return Status::ok();
  });
}

void OpenTransaction::rollback_if_open() {
  if (is_open()) rollback();
}

PyObject* make_transaction(Db& db, bool sync) {
  db.ensure_open();
  return make_object(std::make_shared<OpenTransaction>(db.shared(), sync));
}

PyObject* run_transaction(Db& db, PyObject* function, uint64_t retries) {
  for (uint64_t left = retries;; --left) {
    db.ensure_open();
    const auto transaction = std::make_shared<OpenTransaction>(db.shared(), db.sync_by_default());
    PyObject* const result = guarded([&] {
      const auto object = py::reinterpret_steal<py::object>(make_object(transaction));
      auto returned = py::reinterpret_steal<py::object>(
          ensure_made(PyObject_CallOneArg(function, object.ptr())));
      if (!transaction->over()) transaction->commit();
      return returned.release().ptr();
    });
    if (result != nullptr) return result;
    transaction->rollback_if_open();
    if (left == 0 || !is_conflict_set()) throw ErrorSet();
    PyErr_Clear();
    check_signals();
  }
}

}  // namespace skiplith::python
