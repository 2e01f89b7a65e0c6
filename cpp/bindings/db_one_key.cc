// DB: put, delete.

#include "bindings/arguments.h"
#include "bindings/db.h"
#include "bindings/db_class.h"

namespace skiplith::python {
namespace {

constexpr const char* kPutDoc = R"(put($self, key, value, *, sync=None)
--

Sets `key` to `value`; what was there before is replaced. The same as db[key] = value.

On return the write survives the death of this process. With sync=True (or when the database was
opened with sync=True and this call does not say otherwise) it waits for fdatasync, shared with
other threads' writes, and survives the loss of power too.

Keys are at most 65,535 bytes long, values 1 GiB; both may be empty.

Raises TypeError (str, or no buffer), ValueError (too long), ReadOnlyError, ClosedError,
StorageError (no space, I/O), PoisonedError (an earlier write failed).

    >>> db.put(b"lemon", b"yellow")
    >>> db.put(b"plum", b"purple", sync=True)
)";

PyObject* put(Db& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  const BytesArgument value = value_argument(arguments[1]);
  db.put(key.bytes(), value.bytes(), sync_argument(arguments[2], db.sync_by_default()));
  return none();
}

constexpr const char* kDeleteDoc = R"(delete($self, key, *, sync=None)
--

Removes `key`; no error when it is missing. `del db[key]` raises KeyError then, and looks first.

`sync` as in put().

Raises TypeError, ValueError (key too long), ReadOnlyError, ClosedError, StorageError,
PoisonedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.delete(b"lemon")
    >>> db.delete(b"lemon")
    >>> b"lemon" in db
    False
)";

PyObject* erase(Db& db, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  db.erase(key.bytes(), sync_argument(arguments[1], db.sync_by_default()));
  return none();
}

}  // namespace

void add_one_key_methods(Methods& methods) {
  methods.push_back(method<&put>(kPutDoc));
  methods.push_back(method<&erase>(kDeleteDoc));
}

}  // namespace skiplith::python
