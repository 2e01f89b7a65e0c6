"""Every way to use a database, for tests of databases that cannot be used."""

from collections.abc import Callable
from typing import Any

import pytest
import skiplith

Use = Callable[[skiplith.DB], Any]

READS: dict[str, Use] = {
    "db[k]": lambda db: db[b"k"],
    "k in db": lambda db: b"k" in db,
    "len": len,
    "bool": bool,
    "iter": iter,
    "reversed": reversed,
    "get": lambda db: db.get(b"k"),
    "get_many": lambda db: db.get_many([b"k"]),
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
    "stats": lambda db: db.stats(),
}

WRITES: dict[str, Use] = {
    "db[k] = v": lambda db: db.__setitem__(b"k", b"v"),
    "del db[k]": lambda db: db.__delitem__(b"k"),
    "|=": lambda db: db.__ior__({b"k": b"v"}),
    "put": lambda db: db.put(b"k", b"v"),
    "put and sync": lambda db: db.put(b"k", b"v", sync=True),
    "delete": lambda db: db.delete(b"k"),
    "put_many": lambda db: db.put_many([(b"k", b"v")]),
    "put_many of nothing": lambda db: db.put_many([]),
    "delete_many": lambda db: db.delete_many([b"k"]),
    "write_many": lambda db: db.write_many([(b"k", b"v")]),
    "update": lambda db: db.update({b"k": b"v"}),
    "setdefault": lambda db: db.setdefault(b"k", b"v"),
    "pop": lambda db: db.pop(b"k", None),
    "popitem": lambda db: db.popitem(),
    "clear": lambda db: db.clear(),
    "compare_and_set": lambda db: db.compare_and_set(b"k", None, b"v"),
    "increment": lambda db: db.increment(b"k"),
    "batch": lambda db: db.batch().__enter__().__exit__(None, None, None),
}

# Those that need the engine.
ALL = READS | WRITES | {"sync": lambda db: db.sync()}

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


def assert_useless(db: skiplith.DB) -> None:
    """Whatever needs the engine raises ClosedError."""
    for use in ALL.values():
        with pytest.raises(skiplith.ClosedError) as caught:
            use(db)
        assert isinstance(caught.value, ValueError)
