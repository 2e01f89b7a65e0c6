// DB: reads.

#include "bindings/db.h"
#include "bindings/db_class.h"
#include "bindings/reads.h"

namespace skiplith::python {
namespace {

constexpr const char* kGetDoc = R"(get($self, key, default=None)
--

The value of `key` as bytes, or `default` when the key is missing.

Keys are bytes or any other C-contiguous buffer, at most 65,535 bytes long. A value is copied
once, into the bytes object that is returned.

Raises TypeError (the key is str, or no buffer), ValueError (too long), ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> db.get(b"lemon")
    b'yellow'
    >>> db.get(b"plum", b"unknown")
    b'unknown'
)";

constexpr const char* kGetManyDoc = R"(get_many($self, keys, default=None)
--

The values of all `keys`, an iterable, as a list in their order, with `default` for those that are
missing. All are read at one point in time.

Raises TypeError, ValueError (a key too long), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.get_many([b"plum", b"kiwi", b"lemon"])
    [b'purple', None, b'yellow']
)";

constexpr const char* kGetViewDoc = R"(get_view($self, key)
--

The value of `key` as a read-only memoryview, or None when the key is missing.

A value of more than 512 bytes is not copied: the view shows it where it lies. It stays what it is
whatever happens to the key, to the database and to its files, after close() too. It keeps in
memory what the value lies in: its block of a table, or, while it has not been flushed, the whole
memtable, and on disk the tables that were there. release(), `with`, or dropping the view and
what was made of it, lets that go.

Raises TypeError, ValueError (key too long), ClosedError.

    >>> db[b"photo"] = b"\x89PNG" + bytes(100_000)
    >>> with db.get_view(b"photo") as view:
    ...     del db[b"photo"]
    ...     bytes(view[:4]), len(view), view.readonly
    (b'\x89PNG', 100004, True)
)";

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

constexpr const char* kCountDoc = R"(count($self, start=None, stop=None, *, prefix=None)
--

How many keys a range has at one point in time, by counting them; len(db) counts all. Arguments as
for keys().

Raises TypeError, ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> db.count(prefix=b"user:"), db.count(b"user:2"), db.count()
    (2, 2, 3)
)";

constexpr const char* kFirstDoc = R"(first($self, /)
--

The first pair (key, value) in key order.

Raises KeyError (the database is empty), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.first()
    (b'lemon', b'yellow')
)";

constexpr const char* kLastDoc = R"(last($self, /)
--

The last pair (key, value) in key order.

Raises KeyError (the database is empty), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> db.last()
    (b'plum', b'purple')
)";

constexpr const char* kCursorDoc = R"(cursor($self, /)
--

A cursor over all pairs as they are now, for moving freely; a context manager.

Raises ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.cursor() as cursor:
    ...     cursor.seek(b"m"), cursor.key
    (True, b'plum')
)";

}  // namespace

void add_reading_methods(Methods& methods) {
  add_read_methods<Db>(methods, {.get = kGetDoc,
                                 .get_many = kGetManyDoc,
                                 .get_view = kGetViewDoc,
                                 .keys = kKeysDoc,
                                 .values = kValuesDoc,
                                 .items = kItemsDoc,
                                 .count = kCountDoc,
                                 .first = kFirstDoc,
                                 .last = kLastDoc,
                                 .cursor = kCursorDoc});
}

}  // namespace skiplith::python
