// Recorded databases and native load: the proof tools of cpp/lab, as skiplith.lab has them.
#pragma once

#include "bindings/db.h"
#include "bindings/method.h"
#include "bindings/register.h"
#include "lab/linearizability.h"
#include "lab/recorded_database.h"

namespace skiplith::python {

// A History object: what was done to one database, and what was found out about it.
class HeldHistory {
 public:
  static constexpr const char* kInsteadOfCopies = "record another one";

  lab::History& record() { return history_; }
  // Of the first database, what it holds is the history's beginning. ValueError for another one.
  void accept(const std::shared_ptr<Db>& db);
  // All with the GIL held, which is away meanwhile.
  lab::Checked check(const lab::Budget& budget);
  std::vector<lab::Operation> operations();
  // Of the last check.
  std::string explanation();

 private:
  lab::History history_;
  Mutex mutex_;  // protects what follows
  std::weak_ptr<Db> db_;
  bool has_begun_ = false;
  std::string explanation_;
};

// A database in a history's wrapping.
class RecordedDb {
 public:
  static constexpr const char* kInsteadOfCopies = "wrap the database once more";

  RecordedDb(std::shared_ptr<HeldHistory> history, std::shared_ptr<Db> db)
      : history_(std::move(history)),
        db_(std::move(db)),
        recorded_(db_->engine(), &history_->record()) {}
  Db& db() { return *db_; }
  lab::RecordedDatabase& recorded() { return recorded_; }

  // `operation(form)` by the database's GIL policy, in the forms that the policy asks for.
  template <typename Operation>
  Status call(bool is_long, bool sync, Operation operation) {
    return by_policy(
        db_->gil(), is_long || sync,
        [&] { return sync ? Status::would_block() : operation(lab::CallForm{.may_wait = false}); },
        [&] { return operation(lab::CallForm{.may_wait = true, .sync = sync}); });
  }

 private:
  const std::shared_ptr<HeldHistory> history_;
  const std::shared_ptr<Db> db_;
  lab::RecordedDatabase recorded_;
};

// Null unless the object is a RecordedDB.
RecordedDb* recorded_db_in(PyObject* object);

// Bound to the module skiplith._core.lab.
void register_recorded_db(py::module_& lab);
void register_history(py::module_& lab);
void register_workload(py::module_& lab);

}  // namespace skiplith::python
