"""Bad arguments: a typed error, and every file as it was."""

import mmap
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skiplith

WRONG_BYTES = ["text", 5, 1.5, None, [b"k"], (b"k",), {b"k": b"v"}, object(), True, bytes]
TOO_LONG_KEY = b"k" * 65536


def in_snapshot(db: skiplith.DB, read: Callable[[Any], object]) -> None:
    with db.snapshot() as snapshot:
        read(snapshot)


TAKE_A_KEY: dict[str, Callable[[Any, Any], object]] = {
    "db[k]": lambda db, k: db[k],
    "db[k] = v": lambda db, k: db.__setitem__(k, b"v"),
    "del db[k]": lambda db, k: db.__delitem__(k),
    "k in db": lambda db, k: k in db,
    "get": lambda db, k: db.get(k),
    "get with default": lambda db, k: db.get(k, b"x"),
    "put": lambda db, k: db.put(k, b"v"),
    "put by name": lambda db, k: db.put(key=k, value=b"v"),
    "delete": lambda db, k: db.delete(k),
    "get_many": lambda db, k: db.get_many([b"a", k]),
    "put_many": lambda db, k: db.put_many([(b"a", b"1"), (k, b"v")]),
    "delete_many": lambda db, k: db.delete_many([b"a", k]),
    "write_many": lambda db, k: db.write_many([(b"a", b"1"), (k, b"v")]),
    "load": lambda db, k: db.load([(b"a", b"1"), (k, b"v")]),
    "update": lambda db, k: db.update([(b"a", b"1"), (k, b"v")]),
    "|=": lambda db, k: db.__ior__([(b"a", b"1"), (k, b"v")]),
    "setdefault": lambda db, k: db.setdefault(k, b"v"),
    "pop": lambda db, k: db.pop(k),
    "pop with default": lambda db, k: db.pop(k, None),
    "compare_and_set": lambda db, k: db.compare_and_set(k, None, b"v"),
    "increment": lambda db, k: db.increment(k),
    "snapshot[k]": lambda db, k: in_snapshot(db, lambda snapshot: snapshot[k]),
    "k in snapshot": lambda db, k: in_snapshot(db, lambda snapshot: k in snapshot),
    "snapshot.get": lambda db, k: in_snapshot(db, lambda snapshot: snapshot.get(k)),
    "snapshot.get_many": lambda db, k: in_snapshot(db, lambda snapshot: snapshot.get_many([k])),
    "transaction[k]": lambda db, k: db.run_transaction(lambda t: t[k]),
    "transaction[k] = v": lambda db, k: db.run_transaction(lambda t: t.__setitem__(k, b"v")),
    "del transaction[k]": lambda db, k: db.run_transaction(lambda t: t.__delitem__(k)),
    "k in transaction": lambda db, k: db.run_transaction(lambda t: k in t),
    "transaction.get": lambda db, k: db.run_transaction(lambda t: t.get(k)),
    "transaction.get_many": lambda db, k: db.run_transaction(lambda t: t.get_many([k])),
    "transaction.put": lambda db, k: db.run_transaction(lambda t: t.put(k, b"v")),
    "transaction.delete": lambda db, k: db.run_transaction(lambda t: t.delete(k)),
    "transaction.put_many": lambda db, k: db.run_transaction(lambda t: t.put_many([(k, b"v")])),
    "transaction.delete_many": lambda db, k: db.run_transaction(lambda t: t.delete_many([k])),
    "transaction.setdefault": lambda db, k: db.run_transaction(lambda t: t.setdefault(k)),
    "transaction.pop": lambda db, k: db.run_transaction(lambda t: t.pop(k, None)),
    "transaction.increment": lambda db, k: db.run_transaction(lambda t: t.increment(k)),
}
TAKE_A_VALUE: dict[str, Callable[[Any, Any], object]] = {
    "db[k] = v": lambda db, v: db.__setitem__(b"x", v),
    "put": lambda db, v: db.put(b"x", v),
    "put_many": lambda db, v: db.put_many([(b"a", b"1"), (b"x", v)]),
    "write_many": lambda db, v: db.write_many([(b"a", b"1"), (b"x", v)]),
    "load": lambda db, v: db.load([(b"a", b"1"), (b"x", v)]),
    "update": lambda db, v: db.update([(b"a", b"1"), (b"x", v)]),
    "setdefault": lambda db, v: db.setdefault(b"x", v),
    "compare_and_set to": lambda db, v: db.compare_and_set(b"x", None, v),
    "transaction.put": lambda db, v: db.run_transaction(lambda t: t.put(b"x", v)),
    "transaction.update": lambda db, v: db.run_transaction(lambda t: t.update({b"x": v})),
    "transaction.setdefault": lambda db, v: db.run_transaction(lambda t: t.setdefault(b"x", v)),
}


@pytest.fixture
def filled(db: skiplith.DB) -> skiplith.DB:
    db[b"a"] = b"1"
    return db


@pytest.mark.parametrize("take", TAKE_A_KEY)
def test_wrong_keys(filled: skiplith.DB, unchanged: Any, take: str) -> None:
    with unchanged():
        for wrong in WRONG_BYTES:
            with pytest.raises(TypeError, match="encode" if wrong == "text" else "bytes"):
                TAKE_A_KEY[take](filled, wrong)
        with pytest.raises(TypeError, match="contiguous"):
            TAKE_A_KEY[take](filled, memoryview(b"abcdef")[::2])
    assert dict(filled.items()) == {b"a": b"1"}


@pytest.mark.parametrize("take", TAKE_A_VALUE)
def test_wrong_values(filled: skiplith.DB, unchanged: Any, take: str) -> None:
    with unchanged():
        for wrong in WRONG_BYTES:
            if wrong is None and take == "compare_and_set to":
                continue  # None is "delete" there
            with pytest.raises(TypeError, match="encode" if wrong == "text" else "bytes"):
                TAKE_A_VALUE[take](filled, wrong)
    assert dict(filled.items()) == {b"a": b"1"}


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("take", TAKE_A_KEY)
def test_keys_over_the_limit(
    filled: skiplith.DB, unchanged: Any, take: str, form: Callable[[bytes], Any]
) -> None:
    with unchanged(), pytest.raises(ValueError, match=r"65,?535"):
        TAKE_A_KEY[take](filled, form(TOO_LONG_KEY))
    assert dict(filled.items()) == {b"a": b"1"}


@pytest.mark.parametrize("take", TAKE_A_VALUE)
def test_values_over_the_limit_are_refused_without_a_copy(
    filled: skiplith.DB, unchanged: Any, take: str
) -> None:
    with mmap.mmap(-1, (1 << 30) + 1) as value:  # touched by nobody, so it takes no memory
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with unchanged(), pytest.raises(ValueError, match=r"1,?073,?741,?824"):
            TAKE_A_VALUE[take](filled, value)
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 256 << 10
    assert dict(filled.items()) == {b"a": b"1"}


@pytest.mark.parametrize("sync", [1, 0, "yes", b"", 1.0, [], object()])
@pytest.mark.parametrize(
    "write",
    [
        lambda db, sync: db.put(b"x", b"v", sync=sync),
        lambda db, sync: db.delete(b"a", sync=sync),
        lambda db, sync: db.put_many([(b"x", b"v")], sync=sync),
        lambda db, sync: db.update({b"x": b"v"}, sync=sync),
        lambda db, sync: db.clear(sync=sync),
        lambda db, sync: db.popitem(sync=sync),
        lambda db, sync: db.batch(sync=sync),
        lambda db, sync: db.transaction(sync=sync),
    ],
)
def test_sync_is_true_false_or_none(
    filled: skiplith.DB, unchanged: Any, write: Callable[[Any, object], object], sync: object
) -> None:
    with unchanged(), pytest.raises(TypeError, match="sync"):
        write(filled, sync)
    assert dict(filled.items()) == {b"a": b"1"}


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.put(),
        lambda db: db.put(b"k"),
        lambda db: db.put(b"k", b"v", True),
        lambda db: db.put(b"k", b"v", key=b"k"),
        lambda db: db.put(b"k", b"v", value=b"v"),
        lambda db: db.put(b"k", b"v", unknown=1),
        lambda db: db.put(b"k", sync=True),
        lambda db: db.get(),
        lambda db: db.get(b"k", None, None),
        lambda db: db.get(default=None),
        lambda db: db.close(1),
        lambda db: db.cursor().seek(key=b"k"),
        lambda db: db.update({}, {}),
        lambda db: db.update(other={}),
        lambda db: db.popitem(False, True),
        lambda db: db.popitem(last=None),
        lambda db: db.count(b"a", b"b", b"c"),
        lambda db: db.keys(b"a", b"b", b"c"),
        lambda db: db.get_many(5),
        lambda db: db.put_many(5),
        lambda db: db.put_many(b"ab"),
        lambda db: db.put_many([b"ab"]),
        lambda db: db.put_many(["ab"]),
        lambda db: db.put_many({"a": b"1"}),
        lambda db: db.put_many([5]),
        lambda db: db.delete_many(b"ab"),
        lambda db: db.delete_many("ab"),
        lambda db: db | {b"k": b"v"},
        lambda db: db.snapshot(b"k"),
        lambda db: db.transaction(True),
        lambda db: db.run_transaction(),
        lambda db: db.run_transaction(5),
        lambda db: db.run_transaction(len, 8, 9),
        lambda db: db.run_transaction(len, retries=None),
        lambda db: db.run_transaction(lambda: None),
        lambda db: db.transaction().put(b"k", b"v", sync=True),
        lambda db: db.transaction().commit(sync=True),
        lambda db: db.transaction().update(a=b"1"),
    ],
)
def test_wrong_calls(filled: skiplith.DB, unchanged: Any, call: Callable[[Any], object]) -> None:
    with unchanged(), pytest.raises(TypeError):
        call(filled)
    assert dict(filled.items()) == {b"a": b"1"}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"unknown": 1}, TypeError),
        ({"cache_size": 1 << 20}, TypeError),
        ({"sync": 1}, TypeError),
        ({"sync": None}, TypeError),
        ({"wal": "no"}, TypeError),
        ({"wal": False, "sync": True}, ValueError),
        ({"wal_sink": "direct"}, ValueError),
        ({"wal_sink": None}, TypeError),
        ({"memtable": "btree"}, ValueError),
        ({"memtable": b"skiplist"}, TypeError),
        ({"memtable_bytes": 0}, ValueError),
        ({"memtable_bytes": 65535}, ValueError),
        ({"memtable_bytes": (8 << 30) + 1}, ValueError),
        ({"memtable_bytes": -1}, ValueError),
        ({"memtable_bytes": 1 << 64}, ValueError),
        ({"memtable_bytes": 1e6}, TypeError),
        ({"memtable_bytes": "64 MiB"}, TypeError),
        ({"memtable_bytes": True}, TypeError),
        ({"sync_interval_ms": -1}, ValueError),
        ({"sync_interval_ms": 0.5}, TypeError),
        ({"gil": "never"}, ValueError),
        ({"gil": True}, TypeError),
        ({"flag": "x"}, ValueError),
        ({"flag": "rw"}, ValueError),
        ({"flag": ""}, ValueError),
        ({"flag": None}, TypeError),
        ({"flag": b"c"}, TypeError),
    ],
    ids=str,
)
@pytest.mark.parametrize("opener", [skiplith.open, skiplith.DB], ids=["open", "DB"])
def test_wrong_options(path: Path, options: dict, error: type[Exception], opener: Any) -> None:
    with pytest.raises(error, match=next(iter(options))):
        opener(path, **options)
    assert not path.exists()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (5, TypeError),
        (None, TypeError),
        (bytearray(b"db"), TypeError),
        ("", ValueError),
        (b"", ValueError),
        ("a\0b", ValueError),
        ("d/" * 3000, skiplith.StorageError),
        ("n" * 300, skiplith.StorageError),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_wrong_paths(
    path: Any, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        skiplith.open(path)
    assert list(tmp_path.iterdir()) == []
