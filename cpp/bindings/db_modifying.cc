// DB: atomic read-modify-write of one key.

#include "bindings/arguments.h"
#include "bindings/db.h"
#include "bindings/db_class.h"

namespace skiplith::python {
namespace {

constexpr const char* kSetdefaultDoc = R"(setdefault($self, key, default=b'', *, sync=None)
--

The value of `key`; when it is missing, `default` is stored first. Atomic: of several threads that
call it at once for a missing key, one stores its default and all return that one.

`sync` as in put(); it concerns the call only when something was stored.

Raises TypeError, ValueError (too long), ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.setdefault(b"lemon", b"yellow")
    b'yellow'
    >>> db.setdefault(b"lemon", b"green")
    b'yellow'
)";

PyObject* setdefault(Db& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  static PyObject* const empty = PyBytes_FromStringAndSize(nullptr, 0);
  const BytesArgument value = value_argument(arguments[1] == nullptr ? empty : arguments[1]);
  SetDefault modification(value.bytes());
  db.modify(key.bytes(), modification, sync_argument(arguments[2], db.sync_by_default()));
  return make_bytes(db.gil(),
                    modification.inserted() ? value.bytes() : modification.old_value.bytes());
}

constexpr const char* kPopDoc = R"(pop($self, key, default=..., *, sync=None)
--

Removes `key` and returns its value. When it is missing: `default`, or KeyError without one.
Exactly one of several threads that pop the same key at once gets the value.

`sync` as in put().

Raises KeyError, TypeError, ValueError (key too long), ReadOnlyError, ClosedError, StorageError,
PoisonedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.pop(b"lemon")
    b'yellow'
    >>> db.pop(b"lemon", None) is None
    True
)";

PyObject* pop(Db& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  EraseExisting modification(true);
  db.modify(key.bytes(), modification, sync_argument(arguments[2], db.sync_by_default()));
  if (modification.erased()) return make_bytes(db.gil(), modification.old_value.bytes());
  const bool no_default = arguments[1] == nullptr || arguments[1] == Py_Ellipsis;
  return no_default ? missing_key(arguments[0]) : Py_NewRef(arguments[1]);
}

constexpr const char* kCompareAndSetDoc =
    R"(compare_and_set($self, key, expected, new, *, sync=None)
--

Sets `key` to `new` if its value equals `expected`; returns whether it did. Atomic. As `expected`,
None stands for "missing"; as `new`, for "delete it".

`sync` as in put(); it concerns the call only when something was written.

Raises TypeError, ValueError (too long), ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.compare_and_set(b"lock", None, b"mine")
    True
    >>> db.compare_and_set(b"lock", None, b"yours")
    False
    >>> db.compare_and_set(b"lock", b"mine", None)
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

PyObject* compare_and_set(Db& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  const std::optional<BytesArgument> expected = value_or_none(arguments[1]);
  const std::optional<BytesArgument> desired = value_or_none(arguments[2]);
  CompareAndSet modification(bytes_of(expected), bytes_of(desired));
  db.modify(key.bytes(), modification, sync_argument(arguments[3], db.sync_by_default()));
  return make_bool(modification.matched());
}

constexpr const char* kIncrementDoc = R"(increment($self, key, amount=1, *, sync=None)
--

Adds `amount` to the number at `key` and returns the sum. Atomic. The number is stored as eight
bytes, little-endian, signed; a missing key counts as 0.

`sync` as in put().

Raises ValueError (the value is not eight bytes long), OverflowError (past 64 bits), and nothing
is written then; TypeError, ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.increment(b"visits")
    1
    >>> db.increment(b"visits", 10)
    11
    >>> int.from_bytes(db[b"visits"], "little", signed=True)
    11
)";

PyObject* increment(Db& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  Increment modification(int64_argument(arguments[1], "amount", 1));
  db.modify(key.bytes(), modification, sync_argument(arguments[2], db.sync_by_default()));
  ensure(modification.status());
  return PyLong_FromLongLong(modification.result());
}

}  // namespace

void add_modifying_methods(Methods& methods) {
  methods.push_back(method<&setdefault>(kSetdefaultDoc));
  methods.push_back(method<&pop>(kPopDoc));
  methods.push_back(method<&compare_and_set>(kCompareAndSetDoc));
  methods.push_back(method<&increment>(kIncrementDoc));
}

}  // namespace skiplith::python
