// Snapshot: the database as it was at one moment, for as long as one likes.

#include "bindings/snapshot.h"

#include "bindings/register.h"

namespace skiplith::python {
namespace {

std::shared_ptr<Snapshot> take(Db& db) {
  std::unique_ptr<Snapshot> taken;
  ensure(by_policy(
      db.gil(), false, [&] { return db.engine().try_snapshot(&taken); },
      [&] {
        auto waited = db.engine().snapshot();
        if (!waited.is_ok()) return waited.take_status();
        taken = std::move(*waited);
        return Status::ok();
      }));
  // Whoever lets go of it last, close() or a read, holds the GIL then.
  const auto give_back = [&gil = db.gil()](Snapshot* last) {
    if (last->try_release()) {
      delete last;
    } else {
      const GilReleased released(gil);
      delete last;
    }
  };
  return {taken.release(), give_back};
}

}  // namespace

OpenSnapshot::OpenSnapshot(std::shared_ptr<Db> db)
    : Reader(db->gil()), db_(std::move(db)), held_(take(*db_)) {}

OpenSnapshot::~OpenSnapshot() {
  const py::error_scope exception_in_flight;
  if (is_open()) warn_unclosed("a snapshot of database", db_->engine().directory());
}

void OpenSnapshot::close() {
  closed_.store(true);
  held_.exchange(nullptr);
}

void OpenSnapshot::refuse() const {
  if (closed_.load()) throw_closed("the snapshot is closed");
  throw_status(Status::closed());
}

std::shared_ptr<Snapshot> OpenSnapshot::held() const {
  std::shared_ptr<Snapshot> held = held_.load();
  if (held == nullptr) refuse();
  return held;
}

void OpenSnapshot::get(Bytes key, Value* value) {
  const std::shared_ptr<Snapshot> at = held();
  ensure(by_policy(
      gil(), false, [&] { return db_->engine().try_get(*at, key, value); },
      [&] { return db_->engine().get(*at, key, value); }));
}

ReadPoint OpenSnapshot::read_point() const { return ensured(db_->engine().read_point(*held())); }

std::unique_ptr<DbCursor> OpenSnapshot::cursor() { return db_->cursor(read_point()); }

std::unique_ptr<Scan> OpenSnapshot::scan(Range range, bool reverse) {
  return std::make_unique<Scan>(cursor(), std::move(range), reverse);
}

PyObject* make_snapshot(Db& db) { return make_object(std::make_shared<OpenSnapshot>(db.shared())); }

namespace {

constexpr const char* kCloseDoc = R"(close($self, /)
--

Lets go of the moment, so that what was kept for it can be given up; idempotent. Everything made
from the snapshot raises ClosedError from then on. Also done at the end of a `with` block.

    >>> snapshot = db.snapshot()
    >>> snapshot.close()
    >>> snapshot.closed, db.stats().snapshots
    (True, 0)
)";

PyObject* close(OpenSnapshot& snapshot, Arguments) {
  snapshot.close();
  return none();
}

constexpr const char* kExitDoc =
    "__exit__($self, type, value, traceback, /)\n--\n\nCloses the snapshot.";

PyObject* exit(OpenSnapshot& snapshot, Arguments) {
  snapshot.close();
  return none();
}

PyObject* closed(OpenSnapshot& snapshot) { return make_bool(!snapshot.is_open()); }

constexpr const char* kDoc =
    R"(A database as it was at one moment: a read-only mapping; made by DB.snapshot().

It has every read that a database has, and each of them, now or later, finds the pairs of that
moment, whatever is written, flushed or compacted meanwhile. It takes a microsecond to make and
holds no lock. What it alone can still see stays on disk until it is closed: stats() counts
`snapshots` and `obsolete_entries`. Threads may share it. Two snapshots are equal when they are the
same object.

A context manager. One that is dropped without close() is closed then, with a ResourceWarning.

    >>> db[b"lemon"] = b"green"
    >>> with db.snapshot() as snapshot:
    ...     db[b"lemon"] = b"yellow"
    ...     snapshot[b"lemon"], db[b"lemon"], len(snapshot)
    (b'green', b'yellow', 1)
)";

struct Tables {
  Tables() {
    add_read_methods<OpenSnapshot>(methods, kSnapshotReadDocs);
    methods.push_back(method<&close>(kCloseDoc));
    methods.push_back(method<&enter<OpenSnapshot>>(kEnterDoc));
    methods.push_back(method<&exit>(kExitDoc));
    methods.push_back(method<&refuse_copies<OpenSnapshot>>(kReduceDoc));
    methods.push_back({});
  }
  Methods methods;
};

}  // namespace

void register_snapshot(py::module_& module) {
  static Tables tables;
  static PyGetSetDef attributes[] = {
      attribute<&closed>("closed", "Can it no longer be read? Its database may be closed."), {}};
  register_made_class<OpenSnapshot>(module, "Snapshot", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = tables.methods.data();
    type->ht_type.tp_getset = attributes;
    set_read_slots<OpenSnapshot>(type);
  });
}

}  // namespace skiplith::python
