"""Transactions: how they end, and what can be done after that."""

import gc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import every_use
import pytest
import skiplith

PAIRS = {b"b": b"1", b"d": b"2", b"f": b"3", b"h": b"4"}


@pytest.fixture
def db(db: skiplith.DB) -> skiplith.DB:
    db.update(PAIRS)
    return db


@pytest.mark.parametrize("writes", [0, 1, 50])
def test_commit_applies_all_at_once(db: Any, path: Path, writes: int) -> None:
    t = db.transaction(sync=True)
    for n in range(writes):
        t[b"%03d" % n] = b"v"
    assert len(db) == 4
    assert not t.closed
    assert t.commit() is None
    assert t.closed
    assert len(db) == 4 + writes
    stats = db.stats()
    assert (stats.transactions, stats.synced_writes) == (writes > 0, writes > 0)
    db.close()
    with skiplith.open(path) as again:
        assert len(again) == 4 + writes


def test_rollback_drops_everything(db: skiplith.DB) -> None:
    t = db.transaction()
    t.update({b"a": b"1", b"b": b"2"})
    del t[b"d"]
    t.rollback()
    assert t.closed
    with db.transaction() as t:
        t[b"a"] = b"1"
        t.rollback()
    assert dict(db.items()) == PAIRS
    assert db.stats().transactions == 0


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, KeyboardInterrupt, SystemExit])
def test_an_exception_rolls_back(db: skiplith.DB, error: type[BaseException]) -> None:
    def fail() -> None:
        with db.transaction() as t:
            used.append(t)
            t[b"a"] = b"1"
            raise error

    used: list[skiplith.Transaction] = []
    with pytest.raises(error):
        fail()
    assert used[0].closed
    assert dict(db.items()) == PAIRS


def test_it_may_end_inside_its_block(db: skiplith.DB) -> None:
    with db.transaction() as t:
        t[b"a"] = b"1"
        t.commit()
        assert db[b"a"] == b"1"

    def fail_afterwards() -> None:
        with db.transaction() as t:
            t[b"z"] = b"1"
            t.commit()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_afterwards()
    assert db[b"z"] == b"1"


USES: dict[str, Callable[[Any], Any]] = {
    **every_use.READS,
    **every_use.WRITES,
    "commit": lambda t: t.commit(),
    "rollback": lambda t: t.rollback(),
    "with": lambda t: t.__enter__(),
}


ENDS: dict[str, Callable[[skiplith.DB, skiplith.Transaction], Any]] = {
    "commit": lambda db, t: t.commit(),
    "rollback": lambda db, t: t.rollback(),
    "exit": lambda db, t: t.__exit__(None, None, None),
    "conflict": lambda db, t: conflict(db, t),
    "close": lambda db, t: db.close(),
}


def conflict(db: skiplith.DB, t: skiplith.Transaction) -> None:
    t[b"x"] = db[b"b"] = t[b"b"]
    with pytest.raises(skiplith.ConflictError):
        t.commit()


@pytest.mark.parametrize("end", ENDS)
def test_after_its_end_everything_says_that_it_is_over(db: skiplith.DB, end: str) -> None:
    t = db.transaction()
    begun, cursor, keys = iter(t.items()), t.cursor(), t.keys()
    next(begun)
    cursor.first()
    ENDS[end](db, t)
    message = "the database is closed" if end == "close" else "the transaction is over"
    made: dict[str, Callable[[Any], Any]] = {
        "next": lambda _: next(begun),
        "cursor.next": lambda _: cursor.next(),
        "cursor.key": lambda _: cursor.key,
        "list": lambda _: list(keys),
        "in": lambda _: b"b" in keys,
    }
    every_use.assert_useless(t, USES | made, message)
    assert t.closed
    begun.close()
    cursor.close()


def test_leaving_its_block_after_the_database_was_closed(path: Path) -> None:
    def close_inside(error: type[Exception] | None) -> None:
        with skiplith.open(path) as db, db.transaction() as t:
            t[b"a"] = b"1"
            db.close()
            if error is not None:
                raise error

    with pytest.raises(skiplith.ClosedError, match="the database"):
        close_inside(None)
    with pytest.raises(ZeroDivisionError):
        close_inside(ZeroDivisionError)
    with skiplith.open(path) as db:
        assert not db
    for begin in (db.transaction, lambda: db.run_transaction(lambda t: None)):
        with pytest.raises(skiplith.ClosedError):
            begin()


def test_a_dropped_one_writes_nothing_and_says_nothing(db: skiplith.DB) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        t = db.transaction()
        t[b"a"] = t[b"b"]
        kept = iter(t)
        del t
        gc.collect()
        assert next(kept) == b"a"
        del kept
        gc.collect()
    assert dict(db.items()) == PAIRS


def test_a_read_only_database_refuses_its_writes_at_once(path: Path) -> None:
    with skiplith.open(path) as db:
        db.update(PAIRS | {b"k": b"v"})
    with skiplith.open(path, "r") as db:
        for use in every_use.WRITES.values():
            with pytest.raises(skiplith.ReadOnlyError):
                use(db.transaction())
        with db.transaction() as t:
            for use in every_use.READS.values():
                use(t)
        assert db.run_transaction(dict) == PAIRS | {b"k": b"v"}
