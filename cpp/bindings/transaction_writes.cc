// Transaction: its writes. They stay in memory, seen by nobody else, until it commits.

#include "bindings/modifying.h"
#include "bindings/pairs.h"
#include "bindings/transaction.h"

namespace skiplith::python {
namespace {

// Both `transaction[key] = value` and `del transaction[key]`, as the interpreter has it.
int assign_item(OpenTransaction& transaction, PyObject* key_object, PyObject* value_object) {
  if (PySlice_Check(key_object)) [[unlikely]] {
    throw_error(PyExc_TypeError, "slices can be read, and neither assigned nor deleted");
  }
  const BytesArgument key = key_argument(key_object);
  if (value_object != nullptr) {
    const BytesArgument value = value_argument(value_object);
    transaction.put(key.bytes(), value.bytes());
    return 0;
  }
  EraseExisting modification(false);
  transaction.modify(key.bytes(), modification);
  if (modification.erased()) return 0;
  missing_key(key_object);
  return -1;
}

PyObject* merge_in_place(Self<OpenTransaction> transaction, PyObject* other) {
  transaction.value.write(puts_of(transaction.value.gil(), other));
  return Py_NewRef(transaction.object);
}

auto modify(OpenTransaction& transaction) {
  return [&transaction](Bytes key, Modification& modification) {
    transaction.modify(key, modification);
  };
}

constexpr const char* kPutDoc = R"(put($self, key, value)
--

Sets `key` to `value`; the same as transaction[key] = value. Not a read: it conflicts with nothing.

Raises TypeError (str, or no buffer), ValueError (too long), ReadOnlyError, ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction.put(b"lemon", b"yellow")
    >>> db[b"lemon"]
    b'yellow'
)";

PyObject* put(OpenTransaction& transaction, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  const BytesArgument value = value_argument(arguments[1]);
  transaction.put(key.bytes(), value.bytes());
  return none();
}

constexpr const char* kDeleteDoc = R"(delete($self, key)
--

Removes `key`; no error when it is missing, and not a read. `del transaction[key]` looks, and raises
KeyError.

Raises TypeError, ValueError (key too long), ReadOnlyError, ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> with db.transaction() as transaction:
    ...     transaction.delete(b"lemon")
    ...     b"lemon" in transaction, b"lemon" in db
    (False, True)
)";

PyObject* erase(OpenTransaction& transaction, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  transaction.erase(key.bytes());
  return none();
}

constexpr const char* kPutManyDoc = R"(put_many($self, pairs_or_mapping)
--

Sets all pairs of a mapping or of an iterable of pairs, or none when it raises.

Raises TypeError, ValueError (a key, a value or all together too long), ReadOnlyError, ClosedError,
and whatever the iterable raises.

    >>> with db.transaction() as transaction:
    ...     transaction.put_many([(b"lemon", b"yellow"), (b"plum", b"purple")])
    >>> list(db)
    [b'lemon', b'plum']
)";

PyObject* put_many(OpenTransaction& transaction, Arguments arguments) {
  transaction.write(puts_of(transaction.gil(), arguments[0]));
  return none();
}

constexpr const char* kDeleteManyDoc = R"(delete_many($self, keys)
--

Removes all `keys`, an iterable, or none when it raises; no error for those that are missing.

Raises TypeError, ValueError (a key too long), ReadOnlyError, ClosedError, and whatever the iterable
raises.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.transaction() as transaction:
    ...     transaction.delete_many([b"lemon", b"kiwi"])
    >>> list(db)
    [b'plum']
)";

PyObject* delete_many(OpenTransaction& transaction, Arguments arguments) {
  transaction.write(deletes_of(arguments[0]));
  return none();
}

constexpr const char* kUpdateDoc = R"(update($self, other=(), /, **kw)
--

Sets all pairs of a mapping or of an iterable of pairs, as dict.update() does; see put_many().
Keywords are refused: they are str, and keys are bytes.

Raises TypeError, ValueError (a key, a value or all together too long), ReadOnlyError, ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction.update({b"lemon": b"yellow"})
    ...     transaction |= [(b"plum", b"purple")]
    >>> dict(db.items())
    {b'lemon': b'yellow', b'plum': b'purple'}
)";

PyObject* update(OpenTransaction& transaction, Arguments arguments) {
  const py::tuple nothing;
  transaction.write(
      puts_of(transaction.gil(), arguments[0] == nullptr ? nothing.ptr() : arguments[0]));
  return none();
}

constexpr const char* kSetdefaultDoc = R"(setdefault($self, key, default=b'')
--

The value of `key`; when it is missing, `default` is set first. A read of `key`.

Raises TypeError, ValueError (too long), ReadOnlyError, ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction.setdefault(b"lemon", b"yellow")
    ...     transaction.setdefault(b"lemon", b"green")
    b'yellow'
    b'yellow'
)";

PyObject* setdefault(OpenTransaction& transaction, Arguments arguments) {
  return setdefault_by(transaction.gil(), arguments, modify(transaction));
}

constexpr const char* kPopDoc = R"(pop($self, key, default=...)
--

Removes `key` and returns its value. When it is missing: `default`, or KeyError without one. A read
of `key`.

Raises KeyError, TypeError, ValueError (key too long), ReadOnlyError, ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> with db.transaction() as transaction:
    ...     transaction.pop(b"lemon")
    ...     transaction.pop(b"lemon", b"gone")
    b'yellow'
    b'gone'
)";

PyObject* pop(OpenTransaction& transaction, Arguments arguments) {
  return pop_by(transaction.gil(), arguments, modify(transaction));
}

constexpr const char* kPopitemDoc = R"(popitem($self, last=True)
--

Removes the last pair in key order, or the first with last=False, and returns it. A read of all keys
from there on, or up to there.

Raises KeyError (nothing left), ReadOnlyError, ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.transaction() as transaction:
    ...     transaction.popitem()
    (b'plum', b'purple')
)";

PyObject* popitem(OpenTransaction& transaction, Arguments arguments) {
  Value key, value;
  transaction.pop_edge(bool_argument(arguments[0], "last", true), &key, &value);
  if (!key.found()) throw_error(PyExc_KeyError, "popitem(): the transaction sees no pair");
  return make_pair(make_bytes(transaction.gil(), key.bytes()),
                   make_bytes(transaction.gil(), value.bytes()));
}

constexpr const char* kClearDoc = R"(clear($self, /)
--

Removes every pair that the transaction sees, one by one, after reading all keys: what is inserted
meanwhile conflicts. DB.clear() takes no time for it.

Raises ReadOnlyError, ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> with db.transaction() as transaction:
    ...     transaction.clear()
    >>> bool(db)
    False
)";

PyObject* clear(OpenTransaction& transaction, Arguments) {
  transaction.clear();
  return none();
}

constexpr const char* kCompareAndSetDoc = R"(compare_and_set($self, key, expected, new)
--

Sets `key` to `new` if its value equals `expected`; returns whether it did. As `expected`, None
stands for "missing"; as `new`, for "delete it". A read of `key`.

Raises TypeError, ValueError (too long), ReadOnlyError, ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction.compare_and_set(b"lock", None, b"mine")
    ...     transaction.compare_and_set(b"lock", None, b"yours")
    True
    False
)";

PyObject* compare_and_set(OpenTransaction& transaction, Arguments arguments) {
  return compare_and_set_by(arguments, modify(transaction));
}

constexpr const char* kIncrementDoc = R"(increment($self, key, amount=1)
--

Adds `amount` to the number at `key` and returns the sum; numbers as for DB.increment(). A read of
`key`.

Raises ValueError (the value is not eight bytes long), OverflowError (past 64 bits), TypeError,
ReadOnlyError, ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction.increment(b"visits")
    ...     transaction.increment(b"visits", 10)
    1
    11
)";

PyObject* increment(OpenTransaction& transaction, Arguments arguments) {
  return increment_by(arguments, modify(transaction));
}

}  // namespace

void add_transaction_writes(Methods& methods) {
  methods.push_back(method<&put>(kPutDoc));
  methods.push_back(method<&erase>(kDeleteDoc));
  methods.push_back(method<&put_many>(kPutManyDoc));
  methods.push_back(method<&delete_many>(kDeleteManyDoc));
  methods.push_back(method<&update>(kUpdateDoc));
  methods.push_back(method<&setdefault>(kSetdefaultDoc));
  methods.push_back(method<&pop>(kPopDoc));
  methods.push_back(method<&popitem>(kPopitemDoc));
  methods.push_back(method<&clear>(kClearDoc));
  methods.push_back(method<&compare_and_set>(kCompareAndSetDoc));
  methods.push_back(method<&increment>(kIncrementDoc));
}

void set_transaction_write_slots(PyHeapTypeObject* type) {
  type->as_mapping.mp_ass_subscript = slot<&assign_item>;
  type->as_number.nb_inplace_or = slot<&merge_in_place>;
}

}  // namespace skiplith::python
