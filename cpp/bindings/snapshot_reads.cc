// Snapshot: what its reads say of themselves.

#include "bindings/snapshot.h"

namespace skiplith::python {
namespace {

constexpr const char* kGet = R"(get($self, key, default=None)
--

The value that `key` had, as bytes, or `default` when it was missing. See DB.get().

Raises TypeError (the key is str, or no buffer), ValueError (too long), ClosedError.

    >>> db[b"lemon"] = b"green"
    >>> with db.snapshot() as snapshot:
    ...     db[b"lemon"] = b"yellow"
    ...     snapshot.get(b"lemon"), snapshot.get(b"plum", b"unknown")
    (b'green', b'unknown')
)";

constexpr const char* kGetMany = R"(get_many($self, keys, default=None)
--

The values of all `keys`, an iterable, as a list in their order, with `default` for those that were
missing.

Raises TypeError, ValueError (a key too long), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.snapshot() as snapshot:
    ...     db.clear()
    ...     snapshot.get_many([b"plum", b"kiwi", b"lemon"])
    [b'purple', None, b'yellow']
)";

constexpr const char* kGetView = R"(get_view($self, key)
--

The value of `key` as a read-only memoryview, or None when the key was missing. See DB.get_view().

Raises TypeError, ValueError (key too long), ClosedError.

    >>> db[b"lemon"] = b"green"
    >>> with db.snapshot() as snapshot:
    ...     db[b"lemon"] = b"yellow"
    ...     bytes(snapshot.get_view(b"lemon"))
    b'green'
)";

constexpr const char* kKeys =
    R"(keys($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The keys from `start` up to `stop`, in bytewise order; arguments as for DB.keys().

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> with db.snapshot() as snapshot:
    ...     db.clear()
    ...     list(snapshot.keys(prefix=b"user:", reverse=True))
    [b'user:2', b'user:1']
)";

constexpr const char* kValues =
    R"(values($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The values of a range of keys, in the keys' order; arguments as for DB.keys().

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> with db.snapshot() as snapshot:
    ...     db.clear()
    ...     list(snapshot.values(prefix=b"user:"))
    [b'Ann', b'Bob']
)";

constexpr const char* kItems =
    R"(items($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The pairs (key, value) of a range of keys, in the keys' order; arguments as for DB.keys().
snapshot[start:stop] is snapshot.items(start, stop).

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    >>> with db.snapshot() as snapshot:
    ...     db.clear()
    ...     list(snapshot.items(b"a", b"c"))
    [(b'a', b'1'), (b'b', b'2')]
)";

constexpr const char* kCount = R"(count($self, start=None, stop=None, *, prefix=None)
--

How many keys a range has, by counting them; len(snapshot) counts all. Arguments as for DB.keys().

Raises TypeError, ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> with db.snapshot() as snapshot:
    ...     db.clear()
    ...     snapshot.count(prefix=b"user:"), len(snapshot)
    (2, 3)
)";

constexpr const char* kFirst = R"(first($self, /)
--

The first pair (key, value) in key order.

Raises KeyError (there is none), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.snapshot() as snapshot:
    ...     db[b"apple"] = b"red"
    ...     snapshot.first()
    (b'lemon', b'yellow')
)";

constexpr const char* kLast = R"(last($self, /)
--

The last pair (key, value) in key order.

Raises KeyError (there is none), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.snapshot() as snapshot:
    ...     del db[b"plum"]
    ...     snapshot.last()
    (b'plum', b'purple')
)";

constexpr const char* kCursor = R"(cursor($self, /)
--

A cursor over all pairs of the snapshot; see DB.cursor().

Raises ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.snapshot() as snapshot, snapshot.cursor() as cursor:
    ...     db.clear()
    ...     cursor.seek(b"m"), cursor.key
    (True, b'plum')
)";

}  // namespace

const ReadDocs kSnapshotReadDocs{.get = kGet,
                                 .get_many = kGetMany,
                                 .get_view = kGetView,
                                 .keys = kKeys,
                                 .values = kValues,
                                 .items = kItems,
                                 .count = kCount,
                                 .first = kFirst,
                                 .last = kLast,
                                 .cursor = kCursor};

}  // namespace skiplith::python
