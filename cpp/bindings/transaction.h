// What a Python Transaction object holds.
#pragma once

#include <atomic>
#include <optional>

#include "bindings/db.h"
#include "bindings/reads.h"
#include "db/transaction.h"

namespace skiplith::python {

// Meant for one thread; its mutex keeps others from harm. Every operation, and every move of what
// was made from it, runs under it.
class OpenTransaction final : public Reader {
 public:
  static constexpr const char* kInsteadOfCopies = "begin another one";

  OpenTransaction(std::shared_ptr<Db> db, bool sync)
      : Reader(db->gil(), &mutex_),
        db_(std::move(db)),
        sync_(sync),
        transaction_(std::in_place, db_->engine().shared_from_this()) {}

  bool is_open() const override { return !over() && db_->is_open(); }
  // Committed, or rolled back.
  bool over() const { return over_.load(); }

  void get(Bytes key, Value* value) override;
  Lookup at_one_point() override;
  std::unique_ptr<DbCursor> cursor() override;
  std::unique_ptr<Scan> scan(Range range, bool reverse) override;

  void put(Bytes key, Bytes value);
  void erase(Bytes key);
  void modify(Bytes key, Modification& modification);
  // All mutations of it.
  void write(const Batch& batch);
  // Removes the first or last pair that it sees; key->found() is false where there is none.
  void pop_edge(bool last, Value* key, Value* value);
  // Removes every pair that it sees.
  void clear();

  // Both end it, whatever comes of it.
  void commit();
  void rollback();
  void rollback_if_open();

 private:
  [[noreturn]] void refuse() const override;
  using Reader::operate;
  // An operation that never waits.
  template <typename Work>
  void operate(bool long_for_certain, Work work);
  void end_locked();

  Mutex mutex_;
  const std::shared_ptr<Db> db_;
  const bool sync_;
  std::atomic<bool> over_{false};
  std::optional<Transaction> transaction_;  // until it is over
};

PyObject* make_transaction(Db& db, bool sync);
// Calls `function(transaction)` and commits: once, and again while there are retries left and it
// conflicts. Returns what the function returned.
PyObject* run_transaction(Db& db, PyObject* function, uint64_t retries);

// Those of its class.
extern const ReadDocs kTransactionReadDocs;
void add_transaction_writes(Methods& methods);
void set_transaction_write_slots(PyHeapTypeObject* type);

}  // namespace skiplith::python
