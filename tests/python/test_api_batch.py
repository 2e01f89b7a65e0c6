"""Batches: collected, then applied as one or not at all."""

from typing import Any

import pytest
import skiplith


def test_a_batch_is_applied_at_the_end_of_its_block(db: skiplith.DB) -> None:
    db.update({b"old": b"1", b"kept": b"2"})
    with db.batch() as batch:
        batch[b"new"] = b"3"
        del batch[b"old"]
        del batch[b"missing"]
        batch[b"kept"] = b"changed"
        assert dict(db.items()) == {b"old": b"1", b"kept": b"2"}
    assert dict(db.items()) == {b"new": b"3", b"kept": b"changed"}


def test_the_last_write_to_a_key_counts(db: skiplith.DB) -> None:
    with db.batch() as batch:
        batch[b"a"] = b"1"
        del batch[b"a"]
        del batch[b"b"]
        batch[b"b"] = b"2"
        batch[b"c"] = b"3"
        batch[b"c"] = b"4"
    assert dict(db.items()) == {b"b": b"2", b"c": b"4"}


def test_an_exception_drops_the_batch(db: skiplith.DB) -> None:
    def fail_in_a_batch() -> None:
        with db.batch() as batch:
            batch[b"a"] = b"1"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_a_batch()
    assert not db


def test_a_refused_write_leaves_the_batch_as_it_was(db: Any) -> None:
    with db.batch() as batch:
        batch[b"a"] = b"1"
        for key, value in [("b", b"2"), (b"b", "2"), (b"k" * 65536, b""), (None, b"2")]:
            with pytest.raises((TypeError, ValueError)):
                batch[key] = value
        with pytest.raises(TypeError):
            del batch["a"]
    assert dict(db.items()) == {b"a": b"1"}


def test_a_batch_is_for_one_block(db: skiplith.DB) -> None:
    batch = db.batch()
    with pytest.raises(skiplith.ClosedError, match="with"):
        batch[b"a"] = b"1"
    with batch:
        pass
    for use in (
        lambda: batch.__setitem__(b"a", b"1"),
        lambda: batch.__delitem__(b"a"),
        batch.__enter__,
        lambda: batch.__exit__(None, None, None),
    ):
        with pytest.raises(skiplith.ClosedError):
            use()
    assert not db


def test_a_batch_that_outlives_its_database_writes_nothing(db: skiplith.DB, path) -> None:
    unused, batch = db.batch(), db.batch()
    batch.__enter__()
    batch[b"a"] = b"1"
    db.close()
    for use in (
        db.batch,
        unused.__enter__,
        lambda: batch.__setitem__(b"b", b"2"),
        lambda: batch.__exit__(None, None, None),
    ):
        with pytest.raises(skiplith.ClosedError):
            use()
    with skiplith.open(path) as again:
        assert not again


def test_a_batch_has_one_sync(db: skiplith.DB) -> None:
    with db.batch(sync=True) as batch:
        batch[b"a"] = b"1"
        batch[b"b"] = b"x" * 100_000
    stats = db.stats()
    assert (stats.batches, stats.synced_writes) == (1, 1)


def test_an_empty_batch_is_no_write(db: skiplith.DB) -> None:
    with db.batch():
        pass
    assert db.stats().batches == 0
