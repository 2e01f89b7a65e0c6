// What a Python DB object holds, and what the engine's operations look like from there.
//
// Whatever was made from it shares it: the database stays open until the last of that is gone, or
// close() was called. It refers to no Python object, so there are no cycles for the interpreter's
// collector to find.
#pragma once

#include <memory>
#include <string>

#include "bindings/reader.h"
#include "io/files.h"

namespace skiplith::python {

class Db final : public Reader {
 public:
  static constexpr const char* kInsteadOfCopies =
      "open its path once more where it is needed, or copy its pairs with dict(db.items())";

  // With the GIL held, which is away meanwhile.
  static std::shared_ptr<Db> open(std::shared_ptr<Files> files, const std::string& path,
                                  OpenMode mode, const Options& options, GilPolicy gil);
  Db(std::shared_ptr<Files> files, std::shared_ptr<Database> database, GilPolicy gil);
  // Warns and closes if nobody has.
  ~Db() override;

  std::shared_ptr<Db> shared() { return std::static_pointer_cast<Db>(shared_from_this()); }

  Database& engine() { return *database_; }
  bool sync_by_default() const { return database_->options().sync; }

  bool is_open() const override { return !database_->closed(); }
  void close();

  // --- the engine's operations, by the GIL policy; the GIL is held before and after ---
  void get(Bytes key, Value* value) override;
  void put(Bytes key, Bytes value, bool sync);
  void erase(Bytes key, bool sync);
  void modify(Bytes key, Modification& modification, bool sync);
  void write(const Batch& batch, bool sync);
  ReadPoint read_point();
  Lookup at_one_point() override { return at(read_point()); }
  std::unique_ptr<DbCursor> cursor() override { return cursor(read_point()); }
  std::unique_ptr<Scan> scan(Range range, bool reverse) override;

  Lookup at(ReadPoint point);
  std::unique_ptr<DbCursor> cursor(ReadPoint point);

 private:
  [[noreturn]] void refuse() const override { throw_status(Status::closed()); }

  const std::shared_ptr<Files> files_;  // the database's, which goes first
  std::shared_ptr<Database> database_;
  Gil gil_;  // what the base class refers to
};

// Is it a DB, or of a class derived from it?
inline bool is_db(PyObject* object) { return py::isinstance<Db>(object); }

// ResourceWarning: `what` in the directory `path` was dropped without close().
void warn_unclosed(const char* what, const std::string& path);

}  // namespace skiplith::python
