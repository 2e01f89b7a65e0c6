// DB: what concerns the database as a whole.

#include "bindings/arguments.h"
#include "bindings/batch.h"
#include "bindings/db_class.h"
#include "bindings/open_arguments.h"
#include "bindings/ranges.h"

namespace skiplith::python {

PyObject* represent(Self<Db> self) {
  const py::object path = file_name(self.value.engine().directory());
  const auto type =
      py::reinterpret_steal<py::object>(ensure_made(PyType_GetName(Py_TYPE(self.object))));
  return PyUnicode_FromFormat("<%U %R%s>", type.ptr(), path.ptr(),
                              self.value.is_open() ? "" : ", closed");
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
  return make_batch(db.shared(), sync_argument(arguments[0], db.sync_by_default()));
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

constexpr const char* kFlushDoc = R"(flush($self, wait=True)
--

Writes what memtables hold to tables and ends their log. Happens by itself when a memtable is full.

wait=False: returns at once; a failure is then seen in stats().background_error.

Raises ReadOnlyError, ClosedError, StorageError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.flush()
    >>> db.stats().levels[0].tables
    1
)";

PyObject* flush(Db& db, Arguments arguments) {
  const bool wait = bool_argument(arguments[0], "wait", true);
  ensure(db.released([&] { return db.engine().flush(wait); }));
  return none();
}

constexpr const char* kCompactDoc = R"(compact($self, start=None, stop=None)
--

Brings all keys from `start` up to `stop`, which is not included, down to the deepest level of
tables, where one version of each is left and no deleted one. Data is found without: it saves
space, and time when much is read afterwards. Ctrl-C ends it; what has been done stays.

Raises TypeError, ReadOnlyError, ClosedError, StorageError, CorruptionError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.compact()
    >>> [level.tables for level in db.stats().levels]
    [0, 0, 0, 0, 0, 0, 1]
)";

PyObject* compact(Db& db, Arguments arguments) {
  Range range = bounds_from(arguments[0], arguments[1], nullptr);
  bool interrupted = false;
  const auto go_on = [&] {
    PyGILState_STATE state = PyGILState_Ensure();
    interrupted = PyErr_CheckSignals() != 0;
    PyGILState_Release(state);
    return !interrupted;
  };
  const Status done = db.released(
      [&] { return db.engine().compact(std::move(range.start), std::move(range.stop), go_on); });
  if (interrupted) throw py::error_already_set();
  ensure(done);
  return none();
}

constexpr const char* kVerifyDoc = R"(verify($self, /)
--

Reads every table from its file and checks all that reading relies on: checksums, order, counts,
filters, and what the manifest says of it. Beside other threads' reads and writes.

Raises CorruptionError for the first thing that is wrong, StorageError, ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.flush()
    >>> db.verify()
)";

PyObject* verify(Db& db, Arguments) {
  ensure(db.released([&] { return db.engine().verify(); }));
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
  const py::module_ values = py::module_::import("skiplith._values");
  py::list levels;
  for (const LevelStats& level : now.levels) {
    levels.append(values.attr("Level")("tables"_a = level.tables, "bytes"_a = level.bytes));
  }
  return values
      .attr("Stats")(
          "memtable_used_bytes"_a = now.memtable_used_bytes,
          "frozen_memtables"_a = now.frozen_memtables, "frozen_bytes"_a = now.frozen_bytes,
          "log_bytes"_a = now.log_bytes, "gets"_a = now.gets, "puts"_a = now.puts,
          "deletes"_a = now.deletes, "batches"_a = now.batches, "transactions"_a = now.transactions,
          "conflicts"_a = now.conflicts, "snapshots"_a = now.snapshots, "freezes"_a = now.freezes,
          "freeze_races_lost"_a = now.freeze_races_lost, "flushes"_a = now.flushes,
          "compactions"_a = now.compactions, "bytes_flushed"_a = now.bytes_flushed,
          "bytes_compacted"_a = now.bytes_compacted, "levels"_a = py::tuple(levels),
          "obsolete_entries"_a = now.obsolete_entries,
          "compaction_debt_bytes"_a = now.compaction_debt_bytes,
          "write_amplification"_a = now.write_amplification,
          "read_amplification"_a = now.read_amplification,
          "space_amplification"_a = now.space_amplification, "block_hits"_a = now.block_hits,
          "block_misses"_a = now.block_misses, "filter_hits"_a = now.filter_hits,
          "filter_misses"_a = now.filter_misses, "cache_used_bytes"_a = now.cache_used_bytes,
          "background_error"_a = now.background_error.empty()
                                     ? py::object(py::none())
                                     : py::object(py::str(now.background_error)),
          "bytes_written"_a = now.bytes_written, "bytes_read"_a = now.bytes_read,
          "syncs"_a = now.syncs, "synced_writes"_a = now.synced_writes,
          "stall_seconds"_a = now.stall_seconds, "gil_releases"_a = db.gil().releases(),
          "gil_wait_seconds"_a = db.gil().wait_seconds(),
          "recovered_records"_a = now.recovered_records,
          "recovery_seconds"_a = now.recovery_seconds)
      .release()
      .ptr();
}

PyObject* path(Db& db) { return file_name(db.engine().directory()).release().ptr(); }
PyObject* closed(Db& db) { return make_bool(!db.is_open()); }
PyObject* options(Db& db) { return make_options(db); }

}  // namespace

void add_lifecycle_methods(Methods& methods) {
  methods.push_back(method<&batch>(kBatchDoc));
  methods.push_back(method<&sync>(kSyncDoc));
  methods.push_back(method<&flush>(kFlushDoc));
  methods.push_back(method<&compact>(kCompactDoc));
  methods.push_back(method<&verify>(kVerifyDoc));
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
