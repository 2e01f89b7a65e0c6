// DB: what concerns the database as a whole.

#include "bindings/arguments.h"
#include "bindings/batch.h"
#include "bindings/db_class.h"
#include "bindings/open_arguments.h"

namespace skiplith::python {

PyObject* represent(Self<Db> self) {
  const py::object path = file_name(self.value.engine().directory());
  const auto type =
      py::reinterpret_steal<py::object>(ensure_made(PyType_GetName(Py_TYPE(self.object))));
  return PyUnicode_FromFormat("<%U %R%s>", type.ptr(), path.ptr(),
                              self.value.closed() ? ", closed" : "");
}

namespace {

constexpr const char* kBatchDoc = R"(batch($self, *, sync=None)
--

Collects writes in a `with` block and applies them as one at its end; see Batch. `sync` as in put().

Raises ClosedError.

    >>> with db.batch() as batch:
    ...     batch[b"lemon"] = b"yellow"
    ...     batch[b"plum"] = b"purple"
    >>> db.count()
    2
)";

PyObject* batch(Db& db, Arguments arguments) {
  return make_batch(db.shared_from_this(), sync_argument(arguments[0], db.sync_by_default()));
}

constexpr const char* kSyncDoc = R"(sync($self, /)
--

Waits until every write that was done before the call survives the loss of power (fdatasync).

Raises ClosedError, StorageError, PoisonedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.sync()
)";

PyObject* sync(Db& db, Arguments) {
  ensure(db.released([&] { return db.engine().sync(); }));
  return none();
}

constexpr const char* kCloseDoc = R"(close($self, /)
--

Closes the database: refuses new calls, waits for those that other threads are in, syncs the log
and lets the directory's lock go. Idempotent. Everything made from the database raises ClosedError
from then on. Also done at the end of a `with` block, and at interpreter exit.

Raises StorageError or PoisonedError when the last writes may not have become durable; the database
is closed all the same.

    >>> db.close()
    >>> db.closed
    True
)";

PyObject* close(Db& db, Arguments) {
  db.close();
  return none();
}

constexpr const char* kExitDoc =
    "__exit__($self, type, value, traceback, /)\n--\n\nCloses the database.";

PyObject* exit(Db& db, Arguments) {
  db.close();
  return none();
}

constexpr const char* kStatsDoc = R"(stats($self, /)
--

Counters and sizes, as Stats; never scans.

Raises ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.stats().puts
    1
)";

PyObject* stats(Db& db, Arguments) {
  using namespace py::literals;
  // Not counted as a release: looking must not change what is seen.
  const Stats now = ensured([&] {
    const GilReleased released(nullptr);
    return db.engine().stats();
  }());
  return py::module_::import("skiplith._values")
      .attr("Stats")(
          "memtable_used_bytes"_a = now.memtable_used_bytes,
          "frozen_memtables"_a = now.frozen_memtables, "frozen_bytes"_a = now.frozen_bytes,
          "log_bytes"_a = now.log_bytes, "gets"_a = now.gets, "puts"_a = now.puts,
          "deletes"_a = now.deletes, "batches"_a = now.batches, "freezes"_a = now.freezes,
          "freeze_races_lost"_a = now.freeze_races_lost, "bytes_written"_a = now.bytes_written,
          "bytes_read"_a = now.bytes_read, "syncs"_a = now.syncs,
          "synced_writes"_a = now.synced_writes, "stall_seconds"_a = now.stall_seconds,
          "gil_releases"_a = db.gil().releases(), "gil_wait_seconds"_a = db.gil().wait_seconds(),
          "recovered_records"_a = now.recovered_records,
          "recovery_seconds"_a = now.recovery_seconds)
      .release()
      .ptr();
}

PyObject* path(Db& db) { return file_name(db.engine().directory()).release().ptr(); }
PyObject* closed(Db& db) { return make_bool(db.closed()); }
PyObject* options(Db& db) { return make_options(db); }

}  // namespace

void add_lifecycle_methods(Methods& methods) {
  methods.push_back(method<&batch>(kBatchDoc));
  methods.push_back(method<&sync>(kSyncDoc));
  methods.push_back(method<&close>(kCloseDoc));
  methods.push_back(method<&stats>(kStatsDoc));
  methods.push_back(method<&enter<Db>>(kEnterDoc));
  methods.push_back(method<&exit>(kExitDoc));
  methods.push_back(method<&refuse_copies<Db>>(kReduceDoc));
}

std::vector<PyGetSetDef> lifecycle_attributes() {
  return {attribute<&path>("path", "The database's directory, an absolute path (str)."),
          attribute<&closed>("closed", "Was close() called, or is this a forked child's copy?"),
          attribute<&options>("options", "What the database was opened with, as Options.")};
}

}  // namespace skiplith::python
