// What a Python Snapshot object holds.
#pragma once

#include <atomic>

#include "bindings/db.h"
#include "bindings/reads.h"
#include "db/snapshots.h"

namespace skiplith::python {

// Threads share it. Whoever reads refers to the engine's snapshot meanwhile, so close() waits for
// nobody.
class OpenSnapshot final : public Reader {
 public:
  static constexpr const char* kInsteadOfCopies = "any number of threads may share it";

  explicit OpenSnapshot(std::shared_ptr<Db> db);
  // Warns if nobody has closed it.
  ~OpenSnapshot() override;

  bool is_open() const override { return !closed_.load() && db_->is_open(); }
  void close();

  void get(Bytes key, Value* value) override;
  Lookup at_one_point() override { return db_->at(read_point()); }
  std::unique_ptr<DbCursor> cursor() override;
  std::unique_ptr<Scan> scan(Range range, bool reverse) override;

 private:
  [[noreturn]] void refuse() const override;
  std::shared_ptr<Snapshot> held() const;
  ReadPoint read_point() const;

  const std::shared_ptr<Db> db_;
  std::atomic<bool> closed_{false};
  std::atomic<std::shared_ptr<Snapshot>> held_;  // none once closed
};

PyObject* make_snapshot(Db& db);
// Those of its class.
extern const ReadDocs kSnapshotReadDocs;

}  // namespace skiplith::python
