// DB: reads in key order.

#include "bindings/cursor.h"
#include "bindings/db_class.h"
#include "bindings/ranges.h"

namespace skiplith::python {
namespace {

constexpr const char* kKeysDoc =
    R"(keys($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The keys from `start` up to `stop`, in bytewise order: a light object that reads when it is
iterated, each time at a new point in time.

`start` is part of the range and `stop` is not, unless include_start or include_stop say otherwise;
None is no bound. With `prefix`, only keys that begin with it. reverse=True goes backwards; start
is the lower bound all the same. A range whose bounds cross is empty.

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> list(db.keys(prefix=b"user:"))
    [b'user:1', b'user:2']
    >>> list(db.keys(b"user:2", reverse=True))
    [b'word:1', b'user:2']
)";

constexpr const char* kValuesDoc =
    R"(values($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The values of a range of keys, in the keys' order; arguments as for keys().

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> list(db.values(prefix=b"user:"))
    [b'Ann', b'Bob']
)";

constexpr const char* kItemsDoc =
    R"(items($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The pairs (key, value) of a range of keys, in the keys' order; arguments as for keys().
db[start:stop] is db.items(start, stop).

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    >>> list(db.items(b"a", b"c"))
    [(b'a', b'1'), (b'b', b'2')]
    >>> list(db.items(b"a", b"c", include_start=False, include_stop=True))
    [(b'b', b'2'), (b'c', b'3')]
)";

template <ScanParts kParts>
PyObject* range(Db& db, Arguments arguments) {
  PairRange range;
  range.reverse = bool_argument(arguments[3], "reverse", false);
  range.bounds = bounds_from(arguments[0], arguments[1], arguments[2],
                             bool_argument(arguments[4], "include_start", true),
                             bool_argument(arguments[5], "include_stop", false));
  range.db = db.shared_from_this();
  range.parts = kParts;
  return make_range(std::move(range));
}

constexpr const char* kCountDoc = R"(count($self, start=None, stop=None, *, prefix=None)
--

How many keys a range has at one point in time, by counting them; len(db) counts all. Arguments as
for keys().

Raises TypeError, ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> db.count(prefix=b"user:"), db.count(b"user:2"), db.count()
    (2, 2, 3)
)";

PyObject* count(Db& db, Arguments arguments) {
  Scan scan(db.cursor(), bounds_from(arguments[0], arguments[1], arguments[2]), false);
  return PyLong_FromUnsignedLongLong(count_pairs(db, scan));
}

// The pair at one end.
PyObject* edge(Db& db, const char* name, Status (DbCursor::*to_edge)()) {
  const auto cursor = db.cursor();
  ensure(db.reading(cursor->point(), false, [&] { return ((*cursor).*to_edge)(); }));
  if (!cursor->valid()) throw_error(PyExc_KeyError, "%s(): the database is empty", name);
  return make_pair(make_bytes(db.gil(), cursor->key()), make_bytes(db.gil(), cursor->value()));
}

constexpr const char* kFirstDoc = R"(first($self, /)
--

The first pair (key, value) in key order.

Raises KeyError (the database is empty), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.first()
    (b'lemon', b'yellow')
)";

PyObject* first(Db& db, Arguments) { return edge(db, "first", &DbCursor::first); }

constexpr const char* kLastDoc = R"(last($self, /)
--

The last pair (key, value) in key order.

Raises KeyError (the database is empty), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.last()
    (b'plum', b'purple')
)";

PyObject* last(Db& db, Arguments) { return edge(db, "last", &DbCursor::last); }

constexpr const char* kCursorDoc = R"(cursor($self, /)
--

A cursor over all pairs as they are now, for moving freely; a context manager.

Raises ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.cursor() as cursor:
    ...     cursor.seek(b"m"), cursor.key
    (True, b'plum')
)";

PyObject* cursor(Db& db, Arguments) { return make_cursor(db.shared_from_this()); }

constexpr const char* kReversedDoc =
    "__reversed__($self, /)\n--\n\nAn iterator over all keys, the last one first.";

PyObject* reversed(Db& db, Arguments) {
  return make_iterator({db.shared_from_this(), {}, true, ScanParts::kKeys}, false);
}

}  // namespace

void add_range_methods(Methods& methods) {
  methods.push_back(method<&range<ScanParts::kKeys>>(kKeysDoc));
  methods.push_back(method<&range<ScanParts::kValues>>(kValuesDoc));
  methods.push_back(method<&range<ScanParts::kBoth>>(kItemsDoc));
  methods.push_back(method<&count>(kCountDoc));
  methods.push_back(method<&first>(kFirstDoc));
  methods.push_back(method<&last>(kLastDoc));
  methods.push_back(method<&cursor>(kCursorDoc));
  methods.push_back(method<&reversed>(kReversedDoc));
}

}  // namespace skiplith::python
