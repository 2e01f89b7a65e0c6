// RecordedDB: a DB's methods, each recorded in a History.

#include "bindings/arguments.h"
#include "bindings/history.h"
#include "bindings/pairs.h"

namespace skiplith::python {
namespace {

bool sync_for(RecordedDb& db, PyObject* argument) {
  return sync_argument(argument, db.db().sync_by_default());
}

PyObject* bytes_of(RecordedDb& db, const Value& value) {
  return make_bytes(db.db().gil(), value.bytes());
}

void look_up(RecordedDb& db, Bytes key, Value* value) {
  ensure(db.call(false, false,
                 [&](lab::CallForm form) { return db.recorded().get(form, key, value); }));
}

constexpr const char* kGetDoc = R"(get($self, key, default=None)
--

DB.get(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).get(b"lemon", b"unknown")
    b'unknown'
)";

PyObject* get(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  Value value;
  look_up(db, key.bytes(), &value);
  if (value.found()) return bytes_of(db, value);
  return arguments[1] == nullptr ? none() : Py_NewRef(arguments[1]);
}

PyObject* get_item(RecordedDb& db, PyObject* key_object) {
  const BytesArgument key = key_argument(key_object);
  Value value;
  look_up(db, key.bytes(), &value);
  return value.found() ? bytes_of(db, value) : missing_key(key_object);
}

int contains(RecordedDb& db, PyObject* key_object) {
  const BytesArgument key = key_argument(key_object);
  Value value;
  look_up(db, key.bytes(), &value);
  return value.found() ? 1 : 0;
}

void set(RecordedDb& db, Bytes key, Bytes value, bool sync) {
  ensure(db.call(is_long_write(key.size() + value.size()), sync,
                 [&](lab::CallForm form) { return db.recorded().put(form, key, value); }));
}

constexpr const char* kPutDoc = R"(put($self, key, value, *, sync=None)
--

DB.put(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).put(b"lemon", b"yellow")
)";

PyObject* put(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  const BytesArgument value = value_argument(arguments[1]);
  set(db, key.bytes(), value.bytes(), sync_for(db, arguments[2]));
  return none();
}

int assign_item(RecordedDb& db, PyObject* key_object, PyObject* value_object) {
  const BytesArgument key = key_argument(key_object);
  const bool sync = db.db().sync_by_default();
  if (value_object != nullptr) {
    const BytesArgument value = value_argument(value_object);
    set(db, key.bytes(), value.bytes(), sync);
    return 0;
  }
  bool erased = false;
  ensure(db.call(false, sync, [&](lab::CallForm form) {
    return db.recorded().erase_existing(form, key.bytes(), &erased);
  }));
  if (erased) return 0;
  missing_key(key_object);
  return -1;
}

constexpr const char* kDeleteDoc = R"(delete($self, key, *, sync=None)
--

DB.delete(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).delete(b"lemon")
)";

PyObject* erase(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  ensure(db.call(false, sync_for(db, arguments[1]),
                 [&](lab::CallForm form) { return db.recorded().erase(form, key.bytes()); }));
  return none();
}

constexpr const char* kSetdefaultDoc = R"(setdefault($self, key, default=b'', *, sync=None)
--

DB.setdefault(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).setdefault(b"lemon", b"yellow")
    b'yellow'
)";

PyObject* setdefault(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  static PyObject* const empty = PyBytes_FromStringAndSize(nullptr, 0);
  const BytesArgument otherwise = value_argument(arguments[1] == nullptr ? empty : arguments[1]);
  Value value;
  ensure(
      db.call(is_long_write(otherwise.size()), sync_for(db, arguments[2]), [&](lab::CallForm form) {
        return db.recorded().setdefault(form, key.bytes(), otherwise.bytes(), &value);
      }));
  return bytes_of(db, value);
}

constexpr const char* kPopDoc = R"(pop($self, key, default=..., *, sync=None)
--

DB.pop(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).pop(b"lemon", b"none left")
    b'none left'
)";

PyObject* pop(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  Value value;
  ensure(db.call(false, sync_for(db, arguments[2]),
                 [&](lab::CallForm form) { return db.recorded().pop(form, key.bytes(), &value); }));
  if (value.found()) return bytes_of(db, value);
  const bool no_default = arguments[1] == nullptr || arguments[1] == Py_Ellipsis;
  return no_default ? missing_key(arguments[0]) : Py_NewRef(arguments[1]);
}

constexpr const char* kCompareAndSetDoc =
    R"(compare_and_set($self, key, expected, new, *, sync=None)
--

DB.compare_and_set(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).compare_and_set(b"lock", None, b"mine")
    True
)";

std::optional<BytesArgument> value_or_none(PyObject* object) {
  if (object == Py_None) return std::nullopt;
  return value_argument(object);
}

std::optional<Bytes> bytes_of(const std::optional<BytesArgument>& argument) {
  if (!argument) return std::nullopt;
  return argument->bytes();
}

PyObject* compare_and_set(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  const std::optional<BytesArgument> expected = value_or_none(arguments[1]);
  const std::optional<BytesArgument> desired = value_or_none(arguments[2]);
  bool matched = false;
  ensure(db.call(desired && is_long_write(desired->size()), sync_for(db, arguments[3]),
                 [&](lab::CallForm form) {
                   return db.recorded().compare_and_set(form, key.bytes(), bytes_of(expected),
                                                        bytes_of(desired), &matched);
                 }));
  return make_bool(matched);
}

constexpr const char* kIncrementDoc = R"(increment($self, key, amount=1, *, sync=None)
--

DB.increment(), recorded. One that is refused for the value that is there is recorded too.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).increment(b"visits", 10)
    10
)";

PyObject* increment(RecordedDb& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  const int64_t amount = int64_argument(arguments[1], "amount", 1);
  int64_t sum = 0;
  ensure(db.call(false, sync_for(db, arguments[2]), [&](lab::CallForm form) {
    return db.recorded().increment(form, key.bytes(), amount, &sum);
  }));
  return PyLong_FromLongLong(sum);
}

constexpr const char* kGetManyDoc = R"(get_many($self, keys, default=None)
--

DB.get_many(), recorded as one operation.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).get_many([b"lemon", b"plum"])
    [None, None]
)";

PyObject* get_many(RecordedDb& db, Arguments arguments) {
  const auto keys = py::reinterpret_steal<py::object>(ensure_made(PySequence_Tuple(arguments[0])));
  const auto count = static_cast<size_t>(PyTuple_GET_SIZE(keys.ptr()));
  std::vector<BytesArgument> wanted;
  std::vector<Bytes> wanted_bytes;
  wanted.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    wanted.push_back(key_argument(PyTuple_GET_ITEM(keys.ptr(), static_cast<Py_ssize_t>(i))));
    wanted_bytes.push_back(wanted.back().bytes());
  }
  const auto values = std::make_unique<Value[]>(count);
  ensure(db.call(count >= kReleaseOperations, false, [&](lab::CallForm form) {
    return db.recorded().read(form, wanted_bytes, values.get());
  }));
  PyObject* otherwise = arguments[1] == nullptr ? Py_None : arguments[1];
  py::list result(count);
  for (size_t i = 0; i < count; ++i) {
    PyList_SET_ITEM(
        result.ptr(), static_cast<Py_ssize_t>(i),
        values[i].found() ? ensure_made(bytes_of(db, values[i])) : Py_NewRef(otherwise));
  }
  return result.release().ptr();
}

void write(RecordedDb& db, const Batch& batch, bool sync) {
  ensure(db.db().released([&] { return db.recorded().write(batch, sync); }));
}

void put_all(RecordedDb& db, PyObject* pairs, bool sync) {
  write(db, puts_of(db.db().gil(), pairs), sync);
}

constexpr const char* kPutManyDoc = R"(put_many($self, pairs_or_mapping, *, sync=None)
--

DB.put_many(), recorded as one operation.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).put_many({b"lemon": b"yellow", b"plum": b"purple"})
)";

PyObject* put_many(RecordedDb& db, Arguments arguments) {
  put_all(db, arguments[0], sync_for(db, arguments[1]));
  return none();
}

constexpr const char* kUpdateDoc = R"(update($self, other=(), /, *, sync=None, **kw)
--

DB.update(), recorded as one operation.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).update({b"lemon": b"yellow"})
)";

PyObject* update(RecordedDb& db, Arguments arguments) {
  const py::tuple nothing;
  put_all(db, arguments[0] == nullptr ? nothing.ptr() : arguments[0], sync_for(db, arguments[1]));
  return none();
}

constexpr const char* kDeleteManyDoc = R"(delete_many($self, keys, *, sync=None)
--

DB.delete_many(), recorded as one operation.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).delete_many([b"lemon", b"plum"])
)";

PyObject* delete_many(RecordedDb& db, Arguments arguments) {
  Batch batch;
  for_each(arguments[0], [&](PyObject* key) { ensure(batch.erase(key_argument(key).bytes())); });
  write(db, batch, sync_for(db, arguments[1]));
  return none();
}

constexpr const char* kPopitemDoc = R"(popitem($self, last=True, *, sync=None)
--

DB.popitem(), recorded, also when nothing is left.

    >>> with skiplith.open("data") as db:
    ...     db[b"lemon"] = b"yellow"
    ...     lab.history().wrap(db).popitem()
    (b'lemon', b'yellow')
)";

PyObject* popitem(RecordedDb& db, Arguments arguments) {
  const bool last = bool_argument(arguments[0], "last", true);
  const bool sync = sync_for(db, arguments[1]);
  Value key, value;
  ensure(db.db().released([&] { return db.recorded().pop_edge(last, &key, &value, sync); }));
  if (!key.found()) throw_error(PyExc_KeyError, "popitem(): the database is empty");
  return make_pair(bytes_of(db, key), bytes_of(db, value));
}

constexpr const char* kClearDoc = R"(clear($self, *, sync=None)
--

DB.clear(), recorded.

    >>> with skiplith.open("data") as db:
    ...     lab.history().wrap(db).clear()
)";

PyObject* clear(RecordedDb& db, Arguments arguments) {
  const bool sync = sync_for(db, arguments[0]);
  ensure(db.db().released([&] { return db.recorded().clear(sync); }));
  return none();
}

constexpr const char* kDoc = R"(A DB whose calls a History records, made by History.wrap().

Its methods, and [] and `in`, do what the DB's do and raise what they raise; a call that is refused
with nothing done, as one with a bad argument is, is not recorded.

    >>> h = lab.history()
    >>> with skiplith.open("data") as db:
    ...     t = h.wrap(db)
    ...     t[b"lemon"] = b"yellow"
    ...     t[b"lemon"], b"plum" in t
    ...     del t[b"lemon"]
    (b'yellow', False)
    >>> h.operations
    4
)";

}  // namespace

RecordedDb* recorded_db_in(PyObject* object) {
  return py::isinstance<RecordedDb>(object) ? &held<RecordedDb>(object) : nullptr;
}

void register_recorded_db(py::module_& lab) {
  static PyMethodDef methods[] = {method<&get>(kGetDoc),
                                  method<&put>(kPutDoc),
                                  method<&erase>(kDeleteDoc),
                                  method<&setdefault>(kSetdefaultDoc),
                                  method<&pop>(kPopDoc),
                                  method<&compare_and_set>(kCompareAndSetDoc),
                                  method<&increment>(kIncrementDoc),
                                  method<&get_many>(kGetManyDoc),
                                  method<&put_many>(kPutManyDoc),
                                  method<&update>(kUpdateDoc),
                                  method<&delete_many>(kDeleteManyDoc),
                                  method<&popitem>(kPopitemDoc),
                                  method<&clear>(kClearDoc),
                                  method<&refuse_copies<RecordedDb>>(kReduceDoc),
                                  {}};
  register_made_class<RecordedDb>(lab, "RecordedDB", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = methods;
    type->as_mapping.mp_subscript = slot<&get_item>;
    type->as_mapping.mp_ass_subscript = slot<&assign_item>;
    type->as_sequence.sq_contains = slot<&contains>;
  });
  lab.attr("RecordedDB").attr("__module__") = "skiplith.lab";
}

}  // namespace skiplith::python
