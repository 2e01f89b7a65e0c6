"""Operations on many keys: atomic ones, and streams."""

from collections.abc import Callable
from typing import Any

import pytest
import skiplith


def test_get_many_keeps_the_order_of_its_keys(db: skiplith.DB) -> None:
    keys = [b"%05d" % n for n in range(300)]  # more than are read together
    db.put_many((key, key * 3) for key in keys[::2])
    wanted = [keys[4], b"missing", keys[0], keys[4], *keys]
    expected = [key * 3 if key in keys[::2] else None for key in wanted]
    assert db.get_many(wanted) == expected
    assert db.get_many(iter(wanted)) == expected
    assert db.get_many(dict.fromkeys(wanted), b"") == [
        key * 3 if key in keys[::2] else b"" for key in dict.fromkeys(wanted)
    ]
    assert db.get_many([]) == []


def test_get_many_returns_the_default_itself(db: skiplith.DB) -> None:
    default = object()
    assert db.get_many([b"a", b"b"], default) == [default, default]
    assert db.get_many([b"a"], default=default) == [default]


def test_delete_many_ignores_what_is_missing(db: Any) -> None:
    db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    assert db.delete_many(iter([b"a", b"x", b"c", b"c"])) is None
    assert list(db) == [b"b"]
    db.delete_many([])
    assert list(db) == [b"b"]


def test_in_a_batch_the_last_one_counts(db: skiplith.DB) -> None:
    db.put_many([(b"k", b"first"), (b"other", b"v"), (b"k", b"last")])
    assert dict(db.items()) == {b"k": b"last", b"other": b"v"}


@pytest.mark.parametrize(
    "refused",
    [
        lambda db, pairs: db.put_many(pairs),
        lambda db, pairs: db.update(pairs),
        lambda db, pairs: db.__ior__(pairs),
        lambda db, pairs: db.delete_many(key for key, _ in pairs),
    ],
)
def test_one_key_too_long_refuses_the_whole_batch(
    db: skiplith.DB, refused: Callable[[skiplith.DB, list], object]
) -> None:
    db[b"a"] = b"before"
    with pytest.raises(ValueError, match=r"65,?535"):
        refused(db, [(b"a", b"after"), (b"k" * 65536, b"v")])
    assert dict(db.items()) == {b"a": b"before"}


def test_write_many_writes_in_batches_of_the_given_size(db: skiplith.DB) -> None:
    pairs = [(b"%04d" % n, b"v" * 96) for n in range(1000)]
    before = db.stats().batches
    assert db.write_many(iter(pairs), batch_bytes=10_000) == 1000
    # 100 pairs of 100 bytes, less what encoding adds.
    assert 10 <= db.stats().batches - before <= 12
    assert list(db.items()) == pairs


def test_write_many_counts_all_pairs_given(db: skiplith.DB) -> None:
    assert db.write_many([]) == 0
    assert db.write_many([(b"k", b"1"), (b"k", b"2")]) == 2
    assert dict(db.items()) == {b"k": b"2"}
    # A pair beyond batch_bytes makes a batch of its own.
    assert db.write_many({b"big": b"x" * 5000, b"k": b"3"}, batch_bytes=100) == 2
    assert db[b"big"] == b"x" * 5000


def test_write_many_keeps_the_batches_before_a_failure(db: skiplith.DB) -> None:
    def stream():
        for n in range(95):
            yield b"%03d" % n, b"v" * 97
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.write_many(stream(), batch_bytes=1000)
    kept = list(db)
    assert 80 <= len(kept) < 95
    assert kept == [b"%03d" % n for n in range(len(kept))]


@pytest.mark.parametrize("batch_bytes", [0, -1, 1.5, None, "1", True])
def test_write_many_refuses_meaningless_sizes(db: Any, batch_bytes: object) -> None:
    with pytest.raises((TypeError, ValueError), match="batch_bytes"):
        db.write_many([(b"k", b"v")], batch_bytes=batch_bytes)
    assert not db


def test_iterables_may_use_the_database_meanwhile(db: skiplith.DB) -> None:
    db.update({b"a": b"1", b"b": b"2"})
    db.put_many((key + b"'", db[key]) for key in db)
    assert db.get_many(key for key in db if db[key] == b"2") == [b"2", b"2"]
    db.delete_many(key for key in db if key.endswith(b"'"))
    assert dict(db.items()) == {b"a": b"1", b"b": b"2"}
