// What a Python DB object holds, and what the engine's operations look like from there.
//
// Ranges, iterators, cursors and batches share it: the database stays open until the last of them
// is gone, or close() was called. It refers to no Python object, so there are no cycles for the
// interpreter's collector to find.
#pragma once

#include <memory>
#include <string>

#include "bindings/errors.h"
#include "bindings/gil.h"
#include "db/database.h"
#include "io/files.h"

namespace skiplith::python {

class Db : public std::enable_shared_from_this<Db> {
 public:
  static constexpr const char* kInsteadOfCopies =
      "open its path once more where it is needed, or copy its pairs with dict(db.items())";

  // With the GIL held, which is away meanwhile.
  static std::shared_ptr<Db> open(std::shared_ptr<Files> files, const std::string& path,
                                  OpenMode mode, const Options& options, GilPolicy gil);
  Db(std::shared_ptr<Files> files, std::shared_ptr<Database> database, GilPolicy gil);
  // Warns and closes if nobody has.
  ~Db();

  Database& engine() { return *database_; }
  Gil& gil() { return gil_; }
  bool sync_by_default() const { return database_->options().sync; }

  bool closed() const { return database_->closed(); }
  // ClosedError after close() and in forked children.
  void ensure_open() const {
    if (closed()) [[unlikely]]
      throw_status(Status::closed());
  }
  void close();

  // --- the engine's operations, by the GIL policy; the GIL is held before and after ---
  void get(Bytes key, Value* value);
  void put(Bytes key, Bytes value, bool sync);
  void erase(Bytes key, bool sync);
  void modify(Bytes key, Modification& modification, bool sync);
  void write(const Batch& batch, bool sync);
  ReadPoint read_point();
  std::unique_ptr<DbCursor> cursor();

  // Runs `work`, which may wait, without the GIL and returns what it returns.
  template <typename Work>
  auto released(Work work) {
    const GilReleased scope(gil_);
    return work();
  }
  // Runs `work`, which reads at `point`: without the GIL where that pays, or where files are read.
  template <typename Work>
  auto reading(const ReadPoint& point, bool long_for_certain, Work work) {
    if (!point.may_read_files()) return released_if(long_for_certain, work);
    return released(work);
  }
  // Runs `work`, which waits for nothing, without the GIL where that pays.
  template <typename Work>
  auto released_if(bool long_for_certain, Work work) {
    if (!gil_.lets_go(long_for_certain)) return work();
    return released(work);
  }

  // Appends to a batch; a long value is copied without the GIL.
  Status append_put(Batch& batch, Bytes key, Bytes value) {
    return released_if(value.size() >= kReleaseCopyBytes, [&] { return batch.put(key, value); });
  }

 private:
  const std::shared_ptr<Files> files_;  // the database's, which goes first
  std::shared_ptr<Database> database_;
  Gil gil_;
};

}  // namespace skiplith::python
