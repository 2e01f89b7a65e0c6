"""Every way to use a database, for tests of databases that cannot be used."""

from collections.abc import Callable
from typing import Any

import pytest
import skiplith

Use = Callable[[Any], Any]

# Those of whatever can be read: a database, a snapshot, a transaction.
READS: dict[str, Use] = {
    "db[k]": lambda db: db[b"k"],
    "k in db": lambda db: b"k" in db,
    "len": len,
    "bool": bool,
    "iter": iter,
    "reversed": reversed,
    "get": lambda db: db.get(b"k"),
    "get_many": lambda db: db.get_many([b"k"]),
    "get_view": lambda db: db.get_view(b"k"),
    "get_many of nothing": lambda db: db.get_many([]),
    "list of keys": lambda db: list(db.keys()),
    "list of values": lambda db: list(db.values()),
    "list of items": lambda db: list(db.items()),
    "list of a slice": lambda db: list(db[b"a":b"z"]),
    "k in keys": lambda db: b"k" in db.keys(),  # noqa: SIM118
    "k in keys beyond": lambda db: b"k" in db.keys(b"x"),
    "v in values": lambda db: b"v" in db.values(),
    "pair in items": lambda db: (b"k", b"v") in db.items(),
    "count": lambda db: db.count(prefix=b"k"),
    "first": lambda db: db.first(),
    "last": lambda db: db.last(),
    "cursor": lambda db: db.cursor(),
}

# Those of a database and of a transaction.
WRITES: dict[str, Use] = {
    "db[k] = v": lambda db: db.__setitem__(b"k", b"v"),
    "del db[k]": lambda db: db.__delitem__(b"k"),
    "|=": lambda db: db.__ior__({b"k": b"v"}),
    "put": lambda db: db.put(b"k", b"v"),
    "delete": lambda db: db.delete(b"k"),
    "put_many": lambda db: db.put_many([(b"k", b"v")]),
    "put_many of nothing": lambda db: db.put_many([]),
    "delete_many": lambda db: db.delete_many([b"k"]),
    "update": lambda db: db.update({b"k": b"v"}),
    "setdefault": lambda db: db.setdefault(b"k", b"v"),
    "pop": lambda db: db.pop(b"k", None),
    "popitem": lambda db: db.popitem(),
    "clear": lambda db: db.clear(),
    "compare_and_set": lambda db: db.compare_and_set(b"k", None, b"v"),
    "increment": lambda db: db.increment(b"k"),
}

# Those of a database alone.
DB_READS: dict[str, Use] = {
    "stats": lambda db: db.stats(),
    "snapshot": lambda db: db.snapshot(),
    "transaction": lambda db: db.transaction(),
    "run_transaction": lambda db: db.run_transaction(len),
    "sync": lambda db: db.sync(),
}
DB_WRITES: dict[str, Use] = {
    "put and sync": lambda db: db.put(b"k", b"v", sync=True),
    "write_many": lambda db: db.write_many([(b"k", b"v")]),
    "load": lambda db: db.load([(b"k", b"v")]),
    "load of nothing": lambda db: db.load([]),
    "batch": lambda db: db.batch().__enter__().__exit__(None, None, None),
    "run_transaction that writes": lambda db: db.run_transaction(lambda t: t.put(b"k", b"v")),
}

# Those that need the engine.
ALL = READS | WRITES | DB_READS | DB_WRITES

# Those that say something about any object, once it was opened.
ABOUT: dict[str, Use] = {
    "repr": repr,
    "path": lambda db: db.path,
    "closed": lambda db: db.closed,
    "options": lambda db: db.options,
    "close": lambda db: db.close(),
    "__exit__": lambda db: db.__exit__(None, None, None),
    "__enter__": lambda db: db.__enter__(),
    "keys": lambda db: db.keys(),
    "slice": lambda db: db[b"a":b"b"],
}


def assert_useless(used: Any, uses: dict[str, Use] = ALL, match: str | None = None) -> None:
    """Whatever needs the engine raises ClosedError."""
    for use in uses.values():
        with pytest.raises(skiplith.ClosedError, match=match) as caught:
            use(used)
        assert isinstance(caught.value, ValueError)
