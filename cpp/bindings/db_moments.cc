// DB: snapshots and transactions.

#include "bindings/arguments.h"
#include "bindings/db_class.h"
#include "bindings/snapshot.h"
#include "bindings/transaction.h"

namespace skiplith::python {
namespace {

constexpr const char* kSnapshotDoc = R"(snapshot($self, /)
--

The database as it is now, for as long as it is needed: a read-only mapping; see Snapshot.

Takes a microsecond, while others write, and holds no lock. Close it, or use `with`: what it alone
can see takes space until then.

Raises ClosedError.

    >>> db[b"lemon"] = b"green"
    >>> with db.snapshot() as snapshot:
    ...     db[b"lemon"] = b"yellow"
    ...     snapshot[b"lemon"]
    b'green'
)";

PyObject* snapshot(Db& db, Arguments) { return make_snapshot(db); }

constexpr const char* kTransactionDoc = R"(transaction($self, *, sync=None)
--

Begins a transaction: reads of one moment, and writes that are applied as one at the end of its
`with` block if what it has read is still so then, else ConflictError; see Transaction. `sync` as in
put(), for the commit.

Raises ClosedError.

    >>> with db.transaction() as transaction:
    ...     if b"lemon" not in transaction:
    ...         transaction[b"lemon"] = b"yellow"
    >>> db[b"lemon"]
    b'yellow'
)";

PyObject* transaction(Db& db, Arguments arguments) {
  return make_transaction(db, sync_argument(arguments[0], db.sync_by_default()));
}

constexpr const char* kRunTransactionDoc = R"(run_transaction($self, function, retries=8)
--

Calls function(transaction), commits and returns what it returned. When the transaction conflicts,
function is called again with a fresh one, up to `retries` times more; so it should do nothing else
that must not be done twice. Any other exception rolls back and comes out.

Raises ConflictError (the last one, when all have conflicted), what commit() raises, and what
function raises.

    >>> db[b"Ann"], db[b"Bob"] = b"30", b"12"
    >>> def pay(transaction, amount=10):
    ...     transaction[b"Ann"] = b"%d" % (int(transaction[b"Ann"]) - amount)
    ...     transaction[b"Bob"] = b"%d" % (int(transaction[b"Bob"]) + amount)
    ...     return amount
    >>> db.run_transaction(pay)
    10
    >>> dict(db.items())
    {b'Ann': b'20', b'Bob': b'22'}
)";

PyObject* run(Db& db, Arguments arguments) {
  return run_transaction(db, arguments[0], size_argument(arguments[1], "retries", 8));
}

}  // namespace

void add_moment_methods(Methods& methods) {
  methods.push_back(method<&snapshot>(kSnapshotDoc));
  methods.push_back(method<&transaction>(kTransactionDoc));
  methods.push_back(method<&run>(kRunTransactionDoc));
}

}  // namespace skiplith::python
