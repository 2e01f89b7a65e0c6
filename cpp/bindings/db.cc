#include "bindings/db.h"

#include "bindings/open_databases.h"

namespace skiplith::python {

void warn_unclosed(const char* what, const std::string& path) {
  const py::object name = file_name(path);
  PyErr_ResourceWarning(nullptr, 1, "%s %R was dropped without close()", what, name.ptr());
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(name.ptr());
}

std::shared_ptr<Db> Db::open(std::shared_ptr<Files> files, const std::string& path, OpenMode mode,
                             const Options& options, GilPolicy gil) {
  auto opened = [&] {
    const GilReleased released(nullptr);
    return Database::open(*files, path, mode, options);
  }();
  auto db = std::make_shared<Db>(std::move(files), ensured(std::move(opened)), gil);
  OpenDatabases::add(db);
  return db;
}

Db::Db(std::shared_ptr<Files> files, std::shared_ptr<Database> database, GilPolicy gil)
    : Reader(gil_), files_(std::move(files)), database_(std::move(database)), gil_(gil) {}

Db::~Db() {
  const py::error_scope exception_in_flight;
  const bool unclosed = is_open();
  if (unclosed) warn_unclosed("database", database_->directory());
  const Status status = [&] {
    const GilReleased released(nullptr);
    Status closed = unclosed ? database_->close() : Status::ok();
    database_.reset();  // gives memory back, perhaps much
    return closed;
  }();
  if (!status.is_ok()) {
    set_error(status);
    PyErr_WriteUnraisable(nullptr);
  }
}

void Db::close() {
  const Status status = [this] {
    const GilReleased released(gil_);
    return database_->close();
  }();
  // A forked child has nothing to close.
  if (status.code() != StatusCode::kClosed) ensure(status);
}

// A write with sync waits by nature: it has no form that does not.

void Db::put(Bytes key, Bytes value, bool sync) {
  const bool is_long = sync || is_long_write(key.size() + value.size());
  ensure(by_policy(
      gil_, is_long, [&] { return sync ? Status::would_block() : database_->try_put(key, value); },
      [&] { return database_->put(key, value, sync); }));
}

void Db::erase(Bytes key, bool sync) {
  ensure(by_policy(
      gil_, sync, [&] { return sync ? Status::would_block() : database_->try_erase(key); },
      [&] { return database_->erase(key, sync); }));
}

void Db::modify(Bytes key, Modification& modification, bool sync) {
  const bool is_long = sync || is_long_write(modification.max_value_bytes());
  ensure(by_policy(
      gil_, is_long,
      [&] { return sync ? Status::would_block() : database_->try_modify(key, modification); },
      [&] { return database_->modify(key, modification, sync); }));
}

void Db::write(const Batch& batch, bool sync) {
  const bool is_long = sync || is_long_write(batch.bytes(), batch.count());
  ensure(by_policy(
      gil_, is_long, [&] { return sync ? Status::would_block() : database_->try_write(batch); },
      [&] { return database_->write(batch, sync); }));
}

void Db::get(Bytes key, Value* value) {
  ensure(by_policy(
      gil_, false, [&] { return database_->try_get(key, value); },
      [&] { return database_->get(key, value); }));
}

ReadPoint Db::read_point() {
  ReadPoint point;
  ensure(by_policy(
      gil_, false, [&] { return database_->try_read_point(&point); },
      [&] {
        auto waited = database_->read_point();
        if (!waited.is_ok()) return waited.take_status();
        point = std::move(*waited);
        return Status::ok();
      }));
  return point;
}

std::unique_ptr<DbCursor> Db::cursor(ReadPoint point) {
  return std::make_unique<DbCursor>(database_, std::move(point));
}

std::unique_ptr<Scan> Db::scan(Range range, bool reverse) {
  return std::make_unique<Scan>(cursor(), std::move(range), reverse);
}

Reader::Lookup Db::at(ReadPoint point) {
  const auto get = [this, point](bool may_wait, std::span<WantedKey> wanted) {
    return may_wait ? database_->get_many(point, wanted) : database_->try_get_many(point, wanted);
  };
  return {point, get};
}

}  // namespace skiplith::python
