// DB: writes of many keys.

#include "bindings/db.h"
#include "bindings/db_class.h"
#include "bindings/pairs.h"
#include "db/loader.h"
#include "record/limits.h"

namespace skiplith::python {
namespace {

// Every pair or nothing, at one moment.
void put_all(Db& db, PyObject* pairs, bool sync) { db.write(puts_of(db.gil(), pairs), sync); }

constexpr const char* kPutManyDoc = R"(put_many($self, pairs_or_mapping, *, sync=None)
--

Sets all pairs of a mapping or of an iterable of pairs as one batch: all of them become visible at
one moment, and all or none survive a crash. Of several pairs with one key the last counts.

A batch takes up to 2 GiB, encoded. `sync` as in put().

Raises TypeError, ValueError (a key, a value or the batch too long), and nothing is written then;
ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.put_many([(b"lemon", b"yellow"), (b"plum", b"purple")])
    >>> db.put_many({b"kiwi": b"green"}, sync=True)
    >>> db.count()
    3
)";

PyObject* put_many(Db& db, Arguments arguments) {
  put_all(db, arguments[0], sync_argument(arguments[1], db.sync_by_default()));
  return none();
}

constexpr const char* kDeleteManyDoc = R"(delete_many($self, keys, *, sync=None)
--

Removes all `keys`, an iterable, as one batch; no error for those that are missing.

`sync` as in put().

Raises TypeError, ValueError (a key or the batch too long), and nothing is written then;
ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.delete_many([b"lemon", b"kiwi"])
    >>> list(db)
    [b'plum']
)";

PyObject* delete_many(Db& db, Arguments arguments) {
  db.write(deletes_of(arguments[0]), sync_argument(arguments[1], db.sync_by_default()));
  return none();
}

constexpr const char* kWriteManyDoc = R"(write_many($self, pairs, *, batch_bytes=1048576, sync=None)
--

Sets all pairs of an iterable of any length in bounded memory: a batch is written whenever about
`batch_bytes` have come together (1 MiB unless said otherwise; larger ones take more memory, and
are less often synced). Returns the number of pairs.

Atomic batch by batch, not as a whole: when the iterable raises, or a pair is refused, the batches
before it are there to stay and its own is not. `sync` as in put(), for each batch.

Raises TypeError, ValueError (a key or value too long, batch_bytes 0), ReadOnlyError, ClosedError,
StorageError, PoisonedError, and whatever the iterable raises.

    >>> db.write_many((b"%03d" % n, b"x" * n) for n in range(500))
    500
)";

constexpr uint64_t kDefaultBatchBytes = 1 << 20;
// A batch of fewer bytes has room for any further pair.
constexpr uint64_t kMostBatchBytes = kMaxBatchBytes - kMaxValueBytes - 2 * kMaxKeyBytes;

PyObject* write_many(Db& db, Arguments arguments) {
  const uint64_t asked = size_argument(arguments[1], "batch_bytes", kDefaultBatchBytes);
  if (asked == 0) throw_error(PyExc_ValueError, "batch_bytes must be at least 1");
  const uint64_t batch_bytes = std::min(asked, kMostBatchBytes);
  const bool sync = sync_argument(arguments[2], db.sync_by_default());
  Batch batch;
  uint64_t pairs = 0;
  const auto write_out = [&] {
    db.write(batch, sync);
    pairs += batch.count();
    batch.reset();
    check_signals();
  };
  for_each_pair(arguments[0], [&](PyObject* key, PyObject* value) {
    append_put(db.gil(), batch, key, value);
    if (batch.bytes() >= batch_bytes) write_out();
  });
  write_out();
  return PyLong_FromUnsignedLongLong(pairs);
}

constexpr const char* kLoadDoc = R"(load($self, sorted_pairs)
--

Sets all pairs of a mapping or of an iterable of pairs that come in ascending order of their keys,
each key once. They go straight into tables, without log and memtable, in bounded memory (about
1 MiB, and the index and filter of one table), however many there are.

All or nothing: all become visible at one moment, at the end, and are durable then; after an error,
a kill or a loss of power before it there is none. They are newer than all that was written before
that moment. Others read and write meanwhile; at the end writes wait, for some milliseconds, until
what memtables hold is in tables. Transactions that have read before it conflict.

Raises ValueError (not ascending, a key twice, a key or a value too long), TypeError, and whatever
the iterable raises; ReadOnlyError, ClosedError, StorageError, PoisonedError. When writing the
last step failed, the database refuses further writes, and the next opening finds all pairs or none.

    >>> db.load((b"%04d" % n, b"x" * n) for n in range(500))
    >>> db.count()
    500
)";

// The loader's files are removed without the GIL, and what it raised goes on.
class LoadHold {
 public:
  explicit LoadHold(Db& db) : db_(db), loader_(ensured(db.engine().loader())) {}
  ~LoadHold() {
    const GilReleased released(db_.gil());
    loader_.reset();
  }
  LoadHold(const LoadHold&) = delete;
  LoadHold& operator=(const LoadHold&) = delete;
  Loader* operator->() const { return loader_.get(); }

 private:
  Db& db_;
  std::unique_ptr<Loader> loader_;
};

PyObject* load(Db& db, Arguments arguments) {
  LoadHold loader(db);
  Batch batch;
  const auto write_out = [&] {
    ensure(db.released([&] { return loader->add(batch); }));
    batch.reset();
    check_signals();
  };
  for_each_pair(arguments[0], [&](PyObject* key, PyObject* value) {
    append_put(db.gil(), batch, key, value);
    if (batch.bytes() >= kDefaultBatchBytes) write_out();
  });
  write_out();
  ensure(db.released([&] { return loader->finish(); }));
  return none();
}

constexpr const char* kUpdateDoc = R"(update($self, other=(), /, *, sync=None, **kw)
--

Sets all pairs of a mapping or of an iterable of pairs, as dict.update() does, as one batch: see
put_many(). Keywords other than `sync` are refused: they are str, and keys are bytes.

Raises TypeError, ValueError (a key, a value or the batch too long), and nothing is written then;
ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.update({b"lemon": b"yellow"})
    >>> db |= [(b"plum", b"purple")]
    >>> dict(db.items())
    {b'lemon': b'yellow', b'plum': b'purple'}
)";

PyObject* update(Db& db, Arguments arguments) {
  const bool sync = sync_argument(arguments[1], db.sync_by_default());
  const py::tuple nothing;
  put_all(db, arguments[0] == nullptr ? nothing.ptr() : arguments[0], sync);
  return none();
}

constexpr const char* kPopitemDoc = R"(popitem($self, last=True, *, sync=None)
--

Removes the last pair in key order, or the first with last=False, and returns it. Atomic: several
threads get different pairs.

`sync` as in put().

Raises KeyError (nothing left), ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.popitem()
    (b'plum', b'purple')
    >>> db.popitem(last=False)
    (b'lemon', b'yellow')
)";

PyObject* popitem(Db& db, Arguments arguments) {
  const bool last = bool_argument(arguments[0], "last", true);
  const bool sync = sync_argument(arguments[1], db.sync_by_default());
  Value key, value;
  ensure(db.released([&] { return db.engine().pop_edge(last, &key, &value, sync); }));
  if (!key.found()) throw_error(PyExc_KeyError, "popitem(): the database is empty");
  return make_pair(make_bytes(db.gil(), key.bytes()), make_bytes(db.gil(), value.bytes()));
}

constexpr const char* kClearDoc = R"(clear($self, *, sync=None)
--

Removes every pair at one moment, in a time that does not depend on their number.

`sync` as in put().

Raises ReadOnlyError, ClosedError, StorageError, PoisonedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.clear()
    >>> bool(db)
    False
)";

PyObject* clear(Db& db, Arguments arguments) {
  const bool sync = sync_argument(arguments[0], db.sync_by_default());
  ensure(db.released([&] { return db.engine().clear(sync); }));
  return none();
}

}  // namespace

PyObject* merge_in_place(Self<Db> db, PyObject* other) {
  put_all(db.value, other, db.value.sync_by_default());
  return Py_NewRef(db.object);
}

void add_many_keys_methods(Methods& methods) {
  methods.push_back(method<&put_many>(kPutManyDoc));
  methods.push_back(method<&delete_many>(kDeleteManyDoc));
  methods.push_back(method<&write_many>(kWriteManyDoc));
  methods.push_back(method<&load>(kLoadDoc));
  methods.push_back(method<&update>(kUpdateDoc));
  methods.push_back(method<&popitem>(kPopitemDoc));
  methods.push_back(method<&clear>(kClearDoc));
}

}  // namespace skiplith::python
