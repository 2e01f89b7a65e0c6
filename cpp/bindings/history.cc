// History: what was done to a database, and whether some order explains it.

#include "bindings/history.h"
#include "bindings/made.h"

#include "bindings/arguments.h"
#include "bindings/pairs.h"

namespace skiplith::python {
namespace {

// Runs `work`, which looks at all of a history, without the GIL and returns what it returns.
template <typename Work>
auto released(Work work) {
  const GilReleased scope(nullptr);
  return work();
}

Result<lab::Contents> contents_of(Database& database) {
  lab::Contents contents;
  auto cursor = database.cursor();
  if (!cursor.is_ok()) return cursor.take_status();
  Status moved = (*cursor)->first();
  for (; moved.is_ok() && (*cursor)->valid(); moved = (*cursor)->next()) {
    contents.emplace((*cursor)->key(), (*cursor)->value());
  }
  SKIPLITH_RETURN_IF_ERROR(std::move(moved));
  return contents;
}

constexpr uint64_t kDefaultSteps = 10'000'000;

uint64_t milliseconds_argument(PyObject* object) {
  if (object == nullptr || object == Py_None) return 0;
  const double seconds = PyFloat_AsDouble(object);
  if (seconds == -1 && PyErr_Occurred() != nullptr) throw ErrorSet();
  if (!(0 < seconds && seconds <= 1e9)) {
    throw_error(PyExc_ValueError, "seconds must be above 0, and at most 1e9");
  }
  return static_cast<uint64_t>(seconds * 1000) + 1;
}

lab::Budget budget_from(Arguments arguments) {
  return {.steps = size_argument(arguments[0], "steps", kDefaultSteps),
          .milliseconds = milliseconds_argument(arguments[1])};
}

constexpr const char* kWrapDoc = R"(wrap($self, db, /)
--

The database `db` as a RecordedDB: what is called on it is recorded here. Calls on `db` itself are
not, and must not write meanwhile.

The first time, what the database holds is copied, as the beginning of the history: all other
threads must be at rest. A history is of one database, which may be wrapped again, by each thread
for itself or once for all of them.

Raises TypeError (no DB), ValueError (another database), ClosedError, StorageError, CorruptionError.

    >>> h = lab.history()
    >>> with skiplith.open("data") as db:
    ...     t = h.wrap(db)
    ...     t[b"lemon"] = b"yellow"
    >>> h.operations
    1
)";

PyObject* wrap(Self<HeldHistory> history, Arguments arguments) {
  if (!is_db(arguments[0])) {
    throw_error(PyExc_TypeError, "a history wraps a DB, not %.200s",
                Py_TYPE(arguments[0])->tp_name);
  }
  const std::shared_ptr<Db> db = held<Db>(arguments[0]).shared();
  history.value.accept(db);
  const auto shared = py::cast<std::shared_ptr<HeldHistory>>(py::handle(history.object));
  return make_object(std::make_shared<RecordedDb>(shared, db));
}

constexpr const char* kCheckDoc = R"(check($self, *, steps=10000000, seconds=None)
--

Is there one order of all operations in which each gives the answer that it gave, and each comes
after those that had ended before it began? "linearizable", "violation", or "unknown" when the
search ended first: after `steps` states looked at, about 50 bytes of memory each, or `seconds`.

Keys that no operation names together are checked apart, which is quick; popitem() and clear() name
all keys. Operations that failed without saying whether they took effect may have or not. What is
recorded meanwhile is not looked at.

Raises TypeError and ValueError (arguments).

    >>> h = lab.history()
    >>> h.check()
    'linearizable'
)";

PyObject* check(HeldHistory& history, Arguments arguments) {
  switch (history.check(budget_from(arguments)).verdict) {
    case lab::Verdict::kHolds: return PyUnicode_FromString("linearizable");
    case lab::Verdict::kViolation: return PyUnicode_FromString("violation");
    case lab::Verdict::kUnknown: break;
  }
  return PyUnicode_FromString("unknown");
}

constexpr const char* kAssertDoc = R"(assert_linearizable($self, *, steps=10000000, seconds=None)
--

Nothing when check() answers "linearizable"; AssertionError with the explanation otherwise, and for
"unknown" too: what was not shown has not passed.

Raises AssertionError, TypeError and ValueError (arguments).

    >>> h = lab.history()
    >>> h.assert_linearizable()
)";

PyObject* assert_linearizable(HeldHistory& history, Arguments arguments) {
  const lab::Checked checked = history.check(budget_from(arguments));
  if (checked.verdict == lab::Verdict::kHolds) return none();
  const bool is_unknown = checked.verdict == lab::Verdict::kUnknown;
  throw_error(PyExc_AssertionError, "%s%s", is_unknown ? "unknown: " : "",
              checked.explanation.c_str());
}

constexpr const char* kExplainDoc = R"(explain($self, /)
--

Why the last check found a violation, or nothing out; empty when it found an order, and before the
first check. Keys and values of the operations concerned are in it.

Raises nothing.

    >>> h = lab.history()
    >>> h.check(), h.explain()
    ('linearizable', '')
)";

PyObject* explain(HeldHistory& history, Arguments) {
  return ensure_made(PyUnicode_FromString(history.explanation().c_str()));
}

PyObject* operations(HeldHistory& history) {
  return PyLong_FromSize_t(history.operations().size());
}

PyObject* overlap(HeldHistory& history) {
  const std::vector<lab::Operation> operations = history.operations();
  return PyFloat_FromDouble(lab::overlap(operations));
}

constexpr const char* kOperationsDoc = R"(How many operations were recorded (int).

    >>> lab.history().operations
    0
)";

constexpr const char* kOverlapDoc =
    R"(The share of them that ran beside one of another thread, 0 to 1.

    >>> lab.history().overlap
    0.0
)";

constexpr const char* kDoc = R"(What several threads did to a database, made by lab.history().

Each call on what wrap() returns is recorded: the arguments, the answer, and the moments right
before and right after the engine's work, in the engine's clock, without the interpreter's part of
it. `operations` says how many there are, `overlap` which share of them ran beside one of another
thread: without overlap a check proves nothing. Any thread may call any method at any time.

    >>> h = lab.history()
    >>> with skiplith.open("data", gil="release") as db:
    ...     t = h.wrap(db)
    ...     t.increment(b"visits"), t.increment(b"visits")
    (1, 2)
    >>> h.assert_linearizable()
    >>> h.operations, h.overlap
    (2, 0.0)
)";

constexpr const char* kMakeDoc = "history()\n--\n\nAn empty one; see skiplith.lab.history().";

py::object make_history() {
  py::object made;
  guarded_for_pybind11([&] {
    made = py::reinterpret_steal<py::object>(make_object(std::make_shared<HeldHistory>()));
  });
  return made;
}

}  // namespace

void HeldHistory::accept(const std::shared_ptr<Db>& db) {
  db->ensure_open();
  MutexLock lock = lock_politely(mutex_);
  if (has_begun_) {
    if (db_.lock() == db) return;
    throw_error(PyExc_ValueError, "a history is of one database: record another one");
  }
  ensure(released([&] {
    const MutexLock until_gil_is_taken = std::move(lock);
    auto contents = contents_of(db->engine());
    if (!contents.is_ok()) return contents.take_status();
    history_.begin_with(std::move(*contents));
    db_ = db;
    has_begun_ = true;
    return Status::ok();
  }));
}

lab::Checked HeldHistory::check(const lab::Budget& budget) {
  return released([&] {
    lab::Checked checked =
        lab::check_linearizability(history_.operations(), history_.initial(), budget);
    const MutexLock lock(mutex_);
    explanation_ = checked.explanation;
    return checked;
  });
}

std::vector<lab::Operation> HeldHistory::operations() {
  return released([&] { return history_.operations(); });
}

std::string HeldHistory::explanation() {
  const MutexLock lock = lock_politely(mutex_);
  return explanation_;
}

void register_history(py::module_& lab) {
  static PyMethodDef methods[] = {method<&wrap>(kWrapDoc),
                                  method<&check>(kCheckDoc),
                                  method<&assert_linearizable>(kAssertDoc),
                                  method<&explain>(kExplainDoc),
                                  method<&refuse_copies<HeldHistory>>(kReduceDoc),
                                  {}};
  static PyGetSetDef attributes[] = {attribute<&operations>("operations", kOperationsDoc),
                                     attribute<&overlap>("overlap", kOverlapDoc),
                                     {}};
  register_made_class<HeldHistory>(lab, "History", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = methods;
    type->ht_type.tp_getset = attributes;
  });
  lab.attr("History").attr("__module__") = "skiplith.lab";
  py::options as_written;
  as_written.disable_function_signatures();
  lab.def("history", &make_history, kMakeDoc);
}

}  // namespace skiplith::python
