// DB: atomic read-modify-write of one key.

#include "bindings/db.h"
#include "bindings/db_class.h"
#include "bindings/modifying.h"

namespace skiplith::python {
namespace {

// Modifies one key of `db`, with the `sync` that was given.
auto modify_and_sync(Db& db, PyObject* sync) {
  return [&db, sync](Bytes key, Modification& modification) {
    db.modify(key, modification, sync_argument(sync, db.sync_by_default()));
  };
}

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
  return setdefault_by(db.gil(), arguments, modify_and_sync(db, arguments[2]));
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
  return pop_by(db.gil(), arguments, modify_and_sync(db, arguments[2]));
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

PyObject* compare_and_set(Db& db, Arguments arguments) {
  return compare_and_set_by(arguments, modify_and_sync(db, arguments[3]));
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
  return increment_by(arguments, modify_and_sync(db, arguments[2]));
}

}  // namespace

void add_modifying_methods(Methods& methods) {
  methods.push_back(method<&setdefault>(kSetdefaultDoc));
  methods.push_back(method<&pop>(kPopDoc));
  methods.push_back(method<&compare_and_set>(kCompareAndSetDoc));
  methods.push_back(method<&increment>(kIncrementDoc));
}

}  // namespace skiplith::python
