"""db.run_transaction: once, and again for as long as it conflicts."""

from pathlib import Path
from typing import Any

import pytest
import skiplith


@pytest.fixture
def db(db: skiplith.DB) -> skiplith.DB:
    db[b"b"] = b"1"
    return db


def test_run_transaction_returns_what_the_function_returns(db: skiplith.DB) -> None:
    assert db.run_transaction(lambda t: t.setdefault(b"a", b"1")) == b"1"
    assert db.run_transaction(lambda t: t.rollback()) is None
    assert db.run_transaction(function=lambda t: t.commit(), retries=0) is None
    assert db[b"a"] == b"1"


@pytest.mark.parametrize("retries", [0, 1, 3, 8])
def test_run_transaction_tries_again_with_a_fresh_one(db: skiplith.DB, retries: int) -> None:
    calls: list[skiplith.Transaction] = []

    def conflict(t: skiplith.Transaction, times: int) -> bytes:
        calls.append(t)
        t[b"own"] = t[b"b"]
        if len(calls) <= times:
            db[b"b"] = b"%d" % len(calls)
        return t[b"own"]

    if retries == 8:
        with pytest.raises(skiplith.ConflictError):
            db.run_transaction(lambda t: conflict(t, 100))
    else:
        with pytest.raises(skiplith.ConflictError):
            db.run_transaction(lambda t: conflict(t, 100), retries)
    assert len(calls) == len(set(calls)) == retries + 1
    assert all(t.closed for t in calls)
    assert b"own" not in db
    calls.clear()
    assert db.run_transaction(lambda t: conflict(t, retries), retries=retries) == db[b"own"]
    assert len(calls) == retries + 1


def test_run_transaction_tries_again_when_the_function_conflicts(db: skiplith.DB) -> None:
    calls: list[int] = []

    def work(t: skiplith.Transaction) -> None:
        calls.append(len(calls))
        t[b"own"] = b"%d" % len(calls)
        if len(calls) < 4:
            raise skiplith.ConflictError("as it were")

    db.run_transaction(work)
    assert db[b"own"] == b"4"

    def never(t: skiplith.Transaction) -> None:
        raise skiplith.ConflictError(len(calls))

    with pytest.raises(skiplith.ConflictError):
        db.run_transaction(never, retries=2)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, skiplith.ClosedError])
def test_run_transaction_lets_other_exceptions_out(
    db: skiplith.DB, error: type[BaseException]
) -> None:
    calls: list[skiplith.Transaction] = []

    def fail(t: skiplith.Transaction) -> None:
        calls.append(t)
        t[b"own"] = b"1"
        raise error

    with pytest.raises(error):
        db.run_transaction(fail)
    assert len(calls) == 1
    assert calls[0].closed
    assert b"own" not in db


@pytest.mark.parametrize(
    ("retries", "error"), [(-1, ValueError), (1 << 64, ValueError), (1.5, TypeError)]
)
def test_run_transaction_wants_a_number_of_retries(
    db: Any, retries: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match="retries"):
        db.run_transaction(lambda t: None, retries=retries)
    with pytest.raises(TypeError):
        db.run_transaction(5)


def test_run_transaction_uses_the_sync_of_the_database(path: Path) -> None:
    with skiplith.open(path, sync=True) as db:
        db.run_transaction(lambda t: t.put(b"a", b"1"))
        with db.transaction() as t:
            t[b"b"] = b"2"
        with db.transaction(sync=False) as t:
            t[b"c"] = b"3"
        assert db.stats().synced_writes == 2
