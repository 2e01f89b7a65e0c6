"""Transactions: what they read and write."""

import copy
import pickle
import struct
import threading
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
import skiplith

PAIRS = {b"b": b"1", b"d": b"2", b"f": b"3", b"h": b"4"}


@pytest.fixture
def db(db: skiplith.DB) -> skiplith.DB:
    db.update(PAIRS)
    return db


def read_in_every_way(t: Any) -> dict[bytes, bytes]:
    """What `t` has, after all ways of reading it agreed."""
    pairs = list(t.items())
    keys = [key for key, _ in pairs]
    assert keys == sorted(keys)
    assert list(t) == list(t.keys()) == keys
    assert list(reversed(t)) == list(t.keys(reverse=True)) == keys[::-1]
    assert list(t.values()) == [value for _, value in pairs]
    assert list(t.items(reverse=True)) == list(reversed(t.items())) == pairs[::-1]
    assert len(t) == t.count() == len(pairs)
    assert bool(t) == bool(pairs)
    for key in [b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"]:
        value = dict(pairs).get(key)
        assert t.get(key) == value
        assert (key in t) == (key in t.keys(key)) == (value is not None)
        assert t.get_many([key, key], b"x") == [value or b"x"] * 2
        assert ((key, value or b"") in t.items()) == (value is not None)
        assert list(t.items(prefix=key)) == [pair for pair in pairs if pair[0] == key]
        assert list(t[key:b"f"]) == [pair for pair in pairs if key <= pair[0] < b"f"]
        assert t.count(key) == sum(other >= key for other in keys)
        with t.cursor() as cursor:
            above = [other for other in keys if other >= key]
            assert cursor.seek(key) == bool(above)
            assert not above or cursor.key == above[0]
            below = [other for other in keys if other <= key]
            assert cursor.seek_for_prev(key) == bool(below)
            assert not below or (cursor.key, cursor.prev()) == (below[-1], len(below) > 1)
    if pairs:
        assert (t.first(), t.last()) == (pairs[0], pairs[-1])
    else:
        for edge in (t.first, t.last, t.popitem):
            with pytest.raises(KeyError):
                edge()
    return dict(pairs)


def write_in_every_way(t: Any, model: dict[bytes, bytes]) -> None:
    """The same to a database, or a transaction, and to `model`; the answers are compared."""
    t[b"a"] = model[b"a"] = b"item"
    t.put(b"c", b"put")
    model[b"c"] = b"put"
    del t[b"b"], model[b"b"]
    with pytest.raises(KeyError):
        del t[b"b"]
    t.delete(b"d")
    t.delete(b"missing")
    del model[b"d"]
    t.put_many({b"m1": b"1", b"m2": b"2"})
    t.update([(b"m3", b"3")])
    t |= {b"m4": b"4"}
    model |= {b"m1": b"1", b"m2": b"2", b"m3": b"3", b"m4": b"4"}
    t.delete_many([b"m1", b"missing"])
    del model[b"m1"]
    assert t.setdefault(b"c", b"x") == model.setdefault(b"c", b"x")
    assert t.setdefault(b"e", b"x") == model.setdefault(b"e", b"x")
    assert t.pop(b"f") == model.pop(b"f")
    assert t.pop(b"f", b"gone") == b"gone"
    with pytest.raises(KeyError):
        t.pop(b"f")
    assert t.popitem() == (b"m4", model.pop(b"m4"))
    assert t.popitem(last=False) == (b"a", model.pop(b"a"))
    assert t.compare_and_set(b"c", b"put", b"set")
    assert not t.compare_and_set(b"c", b"put", b"other")
    assert t.compare_and_set(b"g", None, b"new")
    assert t.compare_and_set(b"m3", b"3", None)
    model[b"c"], model[b"g"] = b"set", b"new"
    del model[b"m3"]
    assert [t.increment(b"n"), t.increment(b"n", -5)] == [1, -4]
    model[b"n"] = struct.pack("<q", -4)
    with pytest.raises(ValueError, match="8"):
        t.increment(b"c")
    with pytest.raises(OverflowError):
        t.increment(b"n", -(1 << 63))


@pytest.mark.parametrize("flushed", [False, True])
def test_it_reads_its_own_writes_and_nobody_else_does(db: skiplith.DB, flushed: bool) -> None:
    if flushed:
        db.flush()
    model = dict(PAIRS)
    with db.transaction() as t:
        assert read_in_every_way(t) == PAIRS
        write_in_every_way(t, model)
        assert read_in_every_way(t) == model
        assert read_in_every_way(db) == PAIRS
    assert t.closed
    assert read_in_every_way(db) == model
    assert db.stats().transactions == 1


def test_it_does_to_pairs_what_a_database_does(db: skiplith.DB) -> None:
    model = dict(PAIRS)
    write_in_every_way(db, model)
    assert read_in_every_way(db) == model


def test_its_reads_are_of_the_moment_of_the_first(db: skiplith.DB) -> None:
    with db.transaction() as t:
        db[b"before"] = b"1"
        assert t[b"before"] == b"1"
        db[b"after"] = b"2"
        del db[b"b"]
        db.flush()
        db.compact()
        t[b"own"] = b"3"
        assert dict(t.items()) == PAIRS | {b"before": b"1", b"own": b"3"}
        t.rollback()
    assert b"own" not in db


def test_own_deletions_hide_what_is_at_the_ends(db: skiplith.DB) -> None:
    with db.transaction() as t:
        del t[b"b"], t[b"h"]
        assert (t.first(), t.last()) == ((b"d", b"2"), (b"f", b"3"))
        assert list(reversed(t)) == [b"f", b"d"]
        assert t.popitem() == (b"f", b"3")
        assert t.popitem() == (b"d", b"2")
        assert not t
        assert read_in_every_way(t) == {}
        t[b"e"] = b"5"
        assert read_in_every_way(t) == {b"e": b"5"}
    assert dict(db.items()) == {b"e": b"5"}


def test_clear_deletes_what_it_sees(db: skiplith.DB) -> None:
    db.update((b"%04d" % n, b"v") for n in range(3000))
    with db.transaction() as t:
        t[b"own"] = b"1"
        t.clear()
        assert read_in_every_way(t) == {}
        t[b"kept"] = b"2"
        assert len(db) == 3004
    assert dict(db.items()) == {b"kept": b"2"}


def test_iterators_and_cursors_see_the_writes_before_them(db: skiplith.DB) -> None:
    with db.transaction() as t:
        items = iter(t.items())
        cursor = t.cursor()
        for key, value in items:
            t[key] = value + b"!"
            t[b"x" + key] = b"new"
        assert cursor.seek(b"x") is False
        assert list(t.items(prefix=b"x")) == [(b"x" + key, b"new") for key in PAIRS]
    assert db[b"b"] == b"1!"


def test_it_is_a_mutable_mapping_equal_to_itself_only(db: skiplith.DB) -> None:
    with db.transaction() as one, db.transaction() as other:
        assert isinstance(one, MutableMapping)
        assert one != other
        assert len({one, other}) == 2
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="neither copied nor pickled"):
                duplicate(one)
    with pytest.raises(TypeError):
        skiplith.Transaction()


def test_what_is_refused_leaves_it_as_it_was(db: Any) -> None:
    with db.transaction() as t:
        for use in (
            lambda: t.put("a", b"1"),
            lambda: t.put(b"a", None),
            lambda: t.put_many([(b"a", b"1"), (b"x" * 65536, b"2")]),
            lambda: t.put_many([(b"a", b"1"), ("b", b"2")]),
            lambda: t.update(a=b"1"),
            lambda: t.delete_many([b"b", None]),
            lambda: t.setdefault(b"a", None),
            lambda: t.compare_and_set(b"a", None, "x"),
            lambda: t.increment(b"a", 1 << 64),
            lambda: t.put(b"a", b"1", sync=True),
            lambda: t.__setitem__(slice(None), b"1"),
            lambda: t.items(b"a", 5),
            lambda: t[b"a":b"b":2],
            lambda: t.get(b"x" * 65536),
        ):
            with pytest.raises((TypeError, ValueError, OverflowError)):
                use()
        assert dict(t.items()) == PAIRS
    assert dict(db.items()) == PAIRS


def test_two_at_once_know_nothing_of_each_other(db: skiplith.DB) -> None:
    with db.transaction() as outer:
        outer[b"outer"] = outer[b"b"]
        with db.transaction() as inner:
            inner[b"inner"] = inner[b"d"]
            assert b"outer" not in inner
            assert b"inner" not in db
        assert db[b"inner"] == b"2"
        assert b"outer" not in db
    assert dict(db.items()) == PAIRS | {b"inner": b"2", b"outer": b"1"}


def test_one_may_be_filled_from_another(db: skiplith.DB) -> None:
    with db.transaction() as source, db.transaction() as target:
        source[b"own"] = b"1"
        del source[b"b"]
        target.update(source)
        assert dict(target.items()) == PAIRS | {b"own": b"1"}
        source.rollback()
    assert db[b"own"] == b"1"


def test_other_threads_do_no_harm(db: skiplith.DB) -> None:
    """It is for one thread; those that share it all the same get answers or ClosedError."""
    errors: list[BaseException] = []
    for turn in range(20):
        t = db.transaction()
        iterator, cursor = iter(t.items()), t.cursor()
        start = threading.Barrier(4)

        def work(number: int, t: Any = t, shared: Any = (iterator, cursor, start)) -> None:
            shared[2].wait()
            try:
                for n in range(200):
                    t[b"%d/%d" % (number, n)] = b"v" * n
                    next(shared[0], None)
                    shared[1].next()
                    t.count(prefix=b"%d/" % number)
                    t.first()
                    if n == 100 + number * 10:
                        t.commit()
            except skiplith.ClosedError:
                pass
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert t.closed
        assert db.stats().transactions == turn + 1
    assert errors == []


OTHER_USES: dict[str, Callable[[Any, Any], object]] = {
    "put": lambda t, cursor: t.put(b"a", b"1"),
    "get": lambda t, cursor: t.get(b"a"),
    "first": lambda t, cursor: t.first(),
    "a cursor's move": lambda t, cursor: cursor.first(),
    "commit": lambda t, cursor: t.commit(),
    "rollback": lambda t, cursor: t.rollback(),
}


@pytest.mark.parametrize("use", OTHER_USES)
def test_while_an_iterator_moves_nothing_else_of_it_does(
    db: skiplith.DB, sync_points: Any, use: str
) -> None:
    db.close()
    with skiplith.open(db.path, gil="release") as db:
        t = db.transaction()
        iterator, cursor = iter(t), t.cursor()
        moved: list[object] = []
        pause = sync_points.Pause("scan_chunk", 1)
        mover = threading.Thread(target=lambda: moved.append(next(iterator)))
        mover.start()
        assert pause.wait_reached(1, 60_000)
        other = threading.Thread(target=OTHER_USES[use], args=(t, cursor))
        other.start()
        other.join(0.1)
        assert other.is_alive()
        pause.release()
        mover.join()
        other.join()
        assert moved == [b"b"]
