// Transaction: what its reads say of themselves.

#include "bindings/transaction.h"

namespace skiplith::python {
namespace {

constexpr const char* kGet = R"(get($self, key, default=None)
--

The value of `key` as bytes, or `default` when the key is missing. See DB.get().

Raises TypeError (the key is str, or no buffer), ValueError (too long), ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction[b"lemon"] = b"yellow"
    ...     transaction.get(b"lemon"), transaction.get(b"plum", b"unknown"), db.get(b"lemon")
    (b'yellow', b'unknown', None)
)";

constexpr const char* kGetMany = R"(get_many($self, keys, default=None)
--

The values of all `keys`, an iterable, as a list in their order, with `default` for those that are
missing.

Raises TypeError, ValueError (a key too long), ClosedError.

    >>> db[b"lemon"] = b"yellow"
    >>> with db.transaction() as transaction:
    ...     transaction[b"plum"] = b"purple"
    ...     transaction.get_many([b"plum", b"kiwi", b"lemon"])
    [b'purple', None, b'yellow']
)";

constexpr const char* kGetView = R"(get_view($self, key)
--

The value of `key` as a read-only memoryview, or None when the key is missing. See DB.get_view().

Raises TypeError, ValueError (key too long), ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction[b"lemon"] = b"yellow"
    ...     bytes(transaction.get_view(b"lemon"))
    b'yellow'
)";

constexpr const char* kKeys =
    R"(keys($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The keys from `start` up to `stop`, in bytewise order; arguments as for DB.keys(). The transaction
has read what its iterations hand out, and the gaps between; the rest of the range once they have
come to the end.

Raises TypeError; iterating raises ClosedError.

    >>> db[b"user:1"] = b"Ann"
    >>> with db.transaction() as transaction:
    ...     transaction[b"user:2"] = b"Bob"
    ...     list(transaction.keys(prefix=b"user:", reverse=True))
    [b'user:2', b'user:1']
)";

constexpr const char* kValues =
    R"(values($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The values of a range of keys, in the keys' order; see keys().

Raises TypeError; iterating raises ClosedError.

    >>> db[b"user:1"] = b"Ann"
    >>> with db.transaction() as transaction:
    ...     transaction[b"user:2"] = b"Bob"
    ...     list(transaction.values(prefix=b"user:"))
    [b'Ann', b'Bob']
)";

constexpr const char* kItems =
    R"(items($self, start=None, stop=None, *, prefix=None, reverse=False, include_start=True, include_stop=False)
--

The pairs (key, value) of a range of keys, in the keys' order; see keys().
transaction[start:stop] is transaction.items(start, stop).

Raises TypeError; iterating raises ClosedError.

    >>> db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    >>> with db.transaction() as transaction:
    ...     del transaction[b"a"]
    ...     list(transaction.items(b"a", b"c"))
    [(b'b', b'2')]
)";

constexpr const char* kCount = R"(count($self, start=None, stop=None, *, prefix=None)
--

How many keys a range has, by counting them; len(transaction) counts all. Arguments as for
DB.keys(). The transaction has read the whole range.

Raises TypeError, ClosedError.

    >>> db.update({b"user:1": b"Ann", b"user:2": b"Bob", b"word:1": b"lemon"})
    >>> with db.transaction() as transaction:
    ...     del transaction[b"user:1"]
    ...     transaction.count(prefix=b"user:"), len(transaction)
    (1, 2)
)";

constexpr const char* kFirst = R"(first($self, /)
--

The first pair (key, value) in key order.

Raises KeyError (there is none), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.transaction() as transaction:
    ...     del transaction[b"lemon"]
    ...     transaction.first()
    (b'plum', b'purple')
)";

constexpr const char* kLast = R"(last($self, /)
--

The last pair (key, value) in key order.

Raises KeyError (there is none), ClosedError.

    >>> db.update({b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.transaction() as transaction:
    ...     del transaction[b"plum"]
    ...     transaction.last()
    (b'lemon', b'yellow')
)";

constexpr const char* kCursor = R"(cursor($self, /)
--

A cursor over all pairs, the transaction's writes so far among them; see DB.cursor(). The
transaction has read where it was put, and the gaps that it has passed over.

Raises ClosedError.

    >>> with db.transaction() as transaction:
    ...     transaction.update({b"lemon": b"yellow", b"plum": b"purple"})
    ...     with transaction.cursor() as cursor:
    ...         cursor.seek(b"m"), cursor.key
    (True, b'plum')
)";

}  // namespace

const ReadDocs kTransactionReadDocs{.get = kGet,
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
