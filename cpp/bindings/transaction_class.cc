// Transaction: the class.

#include "bindings/arguments.h"
#include "bindings/register.h"
#include "bindings/transaction.h"

namespace skiplith::python {
namespace {

constexpr const char* kCommitDoc = R"(commit($self, /)
--

Applies all writes as one, if what the transaction has read is still so, and ends it. Also done at
the end of a `with` block.

A transaction without writes always commits, and so does one that has read nothing. Otherwise it
conflicts when another write, to the same value too, has come to a key that it looked up, found or
not, or to the part of a range or cursor that it has been shown: what a loop left early did not
reach does not count. It also conflicts when what it has read cannot be checked any more: after
clear() of the database, when its first read was more than four memtables ago, or when, others
having written since, that would take a look at more than 100,000 keys in the active memtable.

Whatever it raises, the transaction is over, and nothing of it was written unless the error is a
StorageError or PoisonedError.

Raises ConflictError, ValueError (more than 2 GiB), ClosedError, StorageError, PoisonedError.

    >>> transaction = db.transaction()
    >>> transaction[b"lemon"] = b"yellow"
    >>> b"lemon" in db
    False
    >>> transaction.commit()
    >>> db[b"lemon"]
    b'yellow'
)";

PyObject* commit(OpenTransaction& transaction, Arguments) {
  transaction.commit();
  return none();
}

constexpr const char* kRollbackDoc = R"(rollback($self, /)
--

Drops all writes and ends the transaction. Also done when a `with` block raises, and when the
transaction is dropped.

Raises ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction[b"lemon"] = b"yellow"
    ...     transaction.rollback()
    >>> b"lemon" in db
    False
)";

PyObject* rollback(OpenTransaction& transaction, Arguments) {
  transaction.rollback();
  return none();
}

PyObject* enter_open(Self<OpenTransaction> transaction, Arguments) {
  transaction.value.ensure_open();
  return Py_NewRef(transaction.object);
}

constexpr const char* kExitDoc = R"(__exit__($self, type, value, traceback, /)
--

Commits, or rolls back when the block has raised; nothing when it is over already.)";

PyObject* exit(OpenTransaction& transaction, Arguments arguments) {
  if (transaction.over()) return none();
  if (arguments[0] == Py_None) {
    transaction.commit();
  } else {
    transaction.rollback_if_open();
  }
  return none();
}

PyObject* closed(OpenTransaction& transaction) { return make_bool(!transaction.is_open()); }

constexpr const char* kDoc =
    R"(Reads of one moment, and writes that are applied as one if it still stands; a mutable mapping;
made by DB.transaction().

It sees the pairs as they were at its first read, and its own writes over them, in every method that
a database has for reading. Nobody else sees a write before the commit, which applies all of them or
raises ConflictError, see commit(). So transactions have the effect that they would have one after
the other: serializable, ranges included.

At the end of a `with` block it commits; when the block raises, it rolls back. After that it and
all that was made from it raise ClosedError. Nothing is locked meanwhile: a transaction waits for
nobody, and nobody for it. But it keeps the memtables that were written to since its first read in
memory, so keep it short. Cursors and iterators see the writes made before them. For one thread.

    >>> db[b"Ann"], db[b"Bob"] = b"30", b"12"
    >>> with db.transaction() as transaction:
    ...     transaction[b"Ann"] = b"%d" % (int(transaction[b"Ann"]) - 10)
    ...     transaction[b"Bob"] = b"%d" % (int(transaction[b"Bob"]) + 10)
    >>> dict(db.items())
    {b'Ann': b'20', b'Bob': b'22'}
)";

struct Tables {
  Tables() {
    add_read_methods<OpenTransaction>(methods, kTransactionReadDocs);
    add_transaction_writes(methods);
    methods.push_back(method<&commit>(kCommitDoc));
    methods.push_back(method<&rollback>(kRollbackDoc));
    methods.push_back(method<&enter_open>(kEnterDoc));
    methods.push_back(method<&exit>(kExitDoc));
    methods.push_back(method<&refuse_copies<OpenTransaction>>(kReduceDoc));
    methods.push_back({});
  }
  Methods methods;
};

}  // namespace

void register_transaction(py::module_& module) {
  static Tables tables;
  static PyGetSetDef attributes[] = {
      attribute<&closed>("closed", "Is it over, or its database closed?"), {}};
  register_made_class<OpenTransaction>(module, "Transaction", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = tables.methods.data();
    type->ht_type.tp_getset = attributes;
    set_read_slots<OpenTransaction>(type);
    set_transaction_write_slots(type);
  });
}

}  // namespace skiplith::python
