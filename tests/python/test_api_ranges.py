"""Ranges, slices, and the iterators over them, against a sorted list."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import skiplith

KEYS = [b"", b"a", b"a\0", b"ab", b"b", b"ba", b"c\xff", b"c\xff\xff", b"\xff", b"\xff\xff"]
BOUNDS = [None, b"", b"a", b"aa", b"b", b"c\xff", b"\xff\xff", b"\xff\xff\xff"]
PREFIXES = [None, b"", b"a", b"b", b"c\xff", b"\xff", b"zz"]


@pytest.fixture
def letters(db: skiplith.DB) -> skiplith.DB:
    db.update((key, b"value of " + key) for key in KEYS)
    return db


def expected(
    start: bytes | None,
    stop: bytes | None,
    prefix: bytes | None,
    include_start: bool,
    include_stop: bool,
) -> list[bytes]:
    return [
        key
        for key in KEYS
        if (start is None or key > start or (include_start and key == start))
        and (stop is None or key < stop or (include_stop and key == stop))
        and (prefix is None or key.startswith(prefix))
    ]


def test_every_range_holds_what_it_should_in_both_directions(letters: Any) -> None:
    combinations = itertools.product(BOUNDS, BOUNDS, PREFIXES, [True, False], [True, False])
    for start, stop, prefix, include_start, include_stop in combinations:
        keys = expected(start, stop, prefix, include_start, include_stop)
        how = {"prefix": prefix, "include_start": include_start, "include_stop": include_stop}
        shown = f"{start!r}..{stop!r} {how}"
        ascending = letters.keys(start, stop, **how)
        descending = letters.keys(start, stop, reverse=True, **how)
        assert list(ascending) == list(reversed(descending)) == keys, shown
        assert list(descending) == list(reversed(ascending)) == keys[::-1], shown
        assert [key for key in KEYS if key in descending] == keys, shown
        if include_start and not include_stop:
            assert letters.count(start, stop, prefix=prefix) == len(keys), shown


def test_values_and_items_go_along_with_keys(letters: skiplith.DB) -> None:
    keys = list(letters.keys(b"a", b"c"))
    assert list(letters.values(b"a", b"c")) == [b"value of " + key for key in keys]
    assert list(letters.items(b"a", b"c")) == [(key, b"value of " + key) for key in keys]
    assert list(letters.items(b"a", b"c", reverse=True)) == list(letters.items(b"a", b"c"))[::-1]


def test_slices_are_ranges_of_items(letters: Any) -> None:
    for start, stop in itertools.product(BOUNDS, BOUNDS):
        assert list(letters[start:stop]) == list(letters.items(start, stop))
    assert isinstance(letters[b"a":b"b"], skiplith.ItemsRange)
    for use in (
        lambda: letters[b"a":b"b":b"c"],
        lambda: letters[::1],
        lambda: letters.__setitem__(slice(b"a", b"b"), b"v"),
        lambda: letters.__delitem__(slice(b"a", b"b")),
        lambda: letters["a":"b"],
    ):
        with pytest.raises(TypeError):
            use()


def test_membership_in_values_and_items(letters: skiplith.DB) -> None:
    values = letters.values(b"a", b"b")
    assert b"value of a" in values
    assert b"value of b" not in values
    items = letters.items(b"a", b"b")
    assert (b"a", b"value of a") in items
    assert (bytearray(b"a"), memoryview(b"value of a")) in items
    assert (b"a", b"value of b") not in items
    assert (b"b", b"value of b") not in items
    assert (b"missing", b"") not in items
    for no_pair in (5, b"a", (b"a",), (b"a", b"b", b"c"), [b"a", b"value of a"]):
        assert no_pair not in items


def test_ranges_are_reiterable_and_have_no_length(letters: Any) -> None:
    for made in (letters.keys(), letters.values(), letters.items()):
        assert list(made) == list(made) != []
        with pytest.raises(TypeError):
            len(made)


def test_each_iteration_is_a_new_point_in_time(db: skiplith.DB) -> None:
    db.update({b"a": b"1", b"b": b"2"})
    items = db.items()
    begun = iter(items)
    db[b"a"] = b"changed"
    del db[b"b"]
    db[b"c"] = b"3"
    db.clear()
    db[b"d"] = b"4"
    assert list(begun) == [(b"a", b"1"), (b"b", b"2")]
    assert list(items) == [(b"d", b"4")]


def test_iterating_over_more_than_one_chunk(db: skiplith.DB) -> None:
    pairs = [(b"%06d" % n, b"v" * (n % 300)) for n in range(5000)]
    pairs[77] = (pairs[77][0], b"long" * 50_000)
    db.put_many(pairs)
    assert list(db.items()) == pairs
    assert list(db.items(reverse=True)) == pairs[::-1]
    assert list(db.values()) == [value for _, value in pairs]
    assert list(db) == [key for key, _ in pairs]
    assert list(reversed(db)) == [key for key, _ in reversed(pairs)]
    assert len(db) == db.count() == 5000
    assert pairs[4321][1] in db.values()


def test_changing_the_database_while_iterating(db: skiplith.DB) -> None:
    db.update((b"%04d" % n, b"") for n in range(2000))
    for key in db:
        del db[key]
        db[b"x" + key] = b""
    assert len(db) == 2000
    assert all(key.startswith(b"x") for key in db)


def test_an_iterator_ends_by_close_with_and_exhaustion(letters: skiplith.DB) -> None:
    with iter(letters.items()) as items:
        assert next(items) == (b"", b"value of ")
    assert list(items) == []
    items.close()
    exhausted = iter(letters.keys(b"b", b"c"))
    assert iter(exhausted) is exhausted
    assert [*exhausted] == [b"b", b"ba"]
    assert next(exhausted, None) is None
    letters[b"bb"] = b"too late"
    assert next(exhausted, None) is None


def test_threads_that_share_an_iterator_get_each_item_once(db: skiplith.DB) -> None:
    keys = [b"%06d" % n for n in range(20_000)]
    db.put_many((key, b"v") for key in keys)
    shared: Iterator[bytes] = iter(db)
    start = threading.Barrier(4)

    def take() -> list[bytes]:
        start.wait()
        return list(shared)

    with ThreadPoolExecutor(4) as pool:
        parts = [future.result() for future in [pool.submit(take) for _ in range(4)]]
    assert all(part == sorted(part) for part in parts)
    assert sorted(itertools.chain(*parts)) == keys


def test_first_and_last(db: skiplith.DB) -> None:
    for edge in (db.first, db.last):
        with pytest.raises(KeyError, match="empty"):
            edge()
    db.update({b"b": b"2", b"": b"0", b"c": b"3"})
    assert db.first() == (b"", b"0")
    assert db.last() == (b"c", b"3")


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": "a"},
        {"stop": 5},
        {"prefix": "a"},
        {"reverse": 1},
        {"reverse": None},
        {"include_start": b"a"},
        {"include_stop": "no"},
        {"unknown": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["keys", "values", "items"])
def test_wrong_arguments_are_refused_at_once(db: skiplith.DB, name: str, arguments: dict) -> None:
    with pytest.raises(TypeError):
        getattr(db, name)(**arguments)
