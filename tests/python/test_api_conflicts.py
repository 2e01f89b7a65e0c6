"""Transactions: what conflicts, what does not, and what a conflict leaves behind."""

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skiplith

PAIRS = {b"b": b"1", b"d": b"2", b"f": b"3", b"h": b"4"}
Reads = Callable[[skiplith.Transaction], Any]
Change = Callable[[skiplith.DB], Any]


@pytest.fixture
def db(db: skiplith.DB) -> skiplith.DB:
    db.update(PAIRS)
    return db


def seek(t: skiplith.Transaction, key: bytes, steps: int = 0) -> None:
    with t.cursor() as cursor:
        cursor.seek(key)
        for _ in range(steps):
            cursor.next()


def write_and_read(t: skiplith.Transaction) -> None:
    t[b"b"] = b"own"
    assert t[b"b"] == b"own"


def put(key: bytes) -> Change:
    return lambda db: db.put(key, b"changed")


def delete(key: bytes) -> Change:
    return lambda db: db.delete(key)


CONFLICTS: dict[str, tuple[Reads, Change]] = {
    "a key it read": (lambda t: t[b"b"], put(b"b")),
    "the same value again": (lambda t: t[b"b"], lambda db: db.put(b"b", b"1")),
    "a key it read is deleted": (lambda t: t.get(b"b"), delete(b"b")),
    "a key it found absent": (lambda t: b"c" in t, put(b"c")),
    "of many": (lambda t: t.get_many([b"b", b"c", b"d"]), put(b"c")),
    "setdefault": (lambda t: t.setdefault(b"b"), put(b"b")),
    "compare_and_set": (lambda t: t.compare_and_set(b"b", b"x", b"y"), put(b"b")),
    "pop": (lambda t: t.pop(b"c", None), put(b"c")),
    "del": (lambda t: t.__delitem__(b"b"), put(b"b")),
    "increment": (lambda t: t.increment(b"n"), lambda db: db.increment(b"n")),
    "a key in a range": (lambda t: list(t.items()), put(b"d")),
    "inserted into a range": (lambda t: list(t.keys(b"b", b"h")), put(b"c")),
    "blindly, where nothing was": (lambda t: list(t.keys(prefix=b"e")), put(b"e5")),
    "deleted from a range": (lambda t: list(t.values()), delete(b"d")),
    "behind the last": (lambda t: list(t), put(b"z")),
    "before the first, in reverse": (lambda t: list(reversed(t)), put(b"a")),
    "count": (lambda t: t.count(prefix=b"c"), put(b"c")),
    "len": (len, put(b"z")),
    "bool": (bool, put(b"a")),
    "first": (lambda t: t.first(), put(b"a")),
    "last": (lambda t: t.last(), put(b"z")),
    "popitem": (lambda t: t.popitem(), put(b"z")),
    "clear": (lambda t: t.clear(), put(b"c")),
    "in values, not found": (lambda t: b"x" in t.values(), put(b"z")),
    "in keys": (lambda t: b"c" in t.keys(), put(b"c")),  # noqa: SIM118
    "in items": (lambda t: (b"b", b"1") in t.items(), put(b"b")),
    "what a loop passed over": (lambda t: [*itertools.islice(iter(t), 2)], put(b"c")),
    "the key a loop stopped at": (lambda t: next(iter(t.items())), put(b"b")),
    "where a cursor landed": (lambda t: seek(t, b"c"), put(b"d")),
    "before where a cursor landed": (lambda t: seek(t, b"c"), put(b"c5")),
    "what a cursor passed over": (lambda t: seek(t, b"a", 2), put(b"e")),
    "behind the end of a cursor": (lambda t: seek(t, b"h", 1), put(b"z")),
    "another transaction": (lambda t: t[b"b"], lambda db: db.run_transaction(put(b"b"))),  # type: ignore[arg-type]
    "a batch": (lambda t: t[b"b"], lambda db: db.update({b"a": b"1", b"b": b"2"})),
    "clear of the database": (lambda t: t[b"b"], lambda db: db.clear()),
    "clear, whatever it read": (lambda t: t.get(b"missing"), lambda db: db.clear()),
}

HARMLESS: dict[str, tuple[Reads, Change]] = {
    "another key": (lambda t: t[b"b"], put(b"c")),
    "nothing read": (lambda t: t.put(b"b", b"own"), put(b"b")),
    "a blind delete": (lambda t: t.delete(b"b"), put(b"b")),
    "its own write read": (write_and_read, put(b"b")),
    "outside a range": (lambda t: list(t.keys(b"b", b"h")), put(b"h")),
    "a range never iterated": (lambda t: t.items(), put(b"b")),
    "an iterator never used": (lambda t: iter(t), put(b"b")),
    "behind where a loop broke off": (lambda t: next(iter(t)), put(b"c")),
    "read ahead and not handed out": (lambda t: [*itertools.islice(iter(t), 3)], put(b"h")),
    "a reverse loop broken off": (lambda t: next(reversed(t)), put(b"g")),
    "behind what was found in values": (lambda t: b"2" in t.values(), put(b"e")),
    "behind the first": (lambda t: t.first(), put(b"c")),
    "behind what bool found": (bool, put(b"c")),
    "a cursor not moved": (lambda t: t.cursor(), put(b"b")),
    "before a cursor's key": (lambda t: seek(t, b"c"), put(b"b")),
    "behind a cursor's steps": (lambda t: seek(t, b"a", 1), put(b"e")),
}

MEANWHILE: dict[str, Change] = {
    "nothing": lambda db: None,
    "a flush": lambda db: db.flush(),
    "a compaction": lambda db: db.compact(),
}


def attempt(db: skiplith.DB, reads: Reads, change: Change, meanwhile: Change) -> None:
    t = db.transaction()
    reads(t)
    t[b"own"] = b"1"
    meanwhile(db)
    change(db)
    meanwhile(db)
    t.commit()


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("case", CONFLICTS)
def test_conflicts_when_what_it_read_has_changed(
    db: skiplith.DB, case: str, meanwhile: str
) -> None:
    reads, change = CONFLICTS[case]
    with pytest.raises(skiplith.ConflictError):
        attempt(db, reads, change, MEANWHILE[meanwhile])
    assert b"own" not in db
    assert db.stats().conflicts == 1


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("case", HARMLESS)
def test_commits_when_something_else_has_changed(
    db: skiplith.DB, case: str, meanwhile: str
) -> None:
    reads, change = HARMLESS[case]
    attempt(db, reads, change, MEANWHILE[meanwhile])
    assert db[b"own"] == b"1"
    assert db.stats().conflicts == 0


@pytest.mark.parametrize("case", CONFLICTS)
def test_a_read_only_one_never_conflicts(db: skiplith.DB, case: str) -> None:
    with db.transaction() as t:
        before = list(t.items())
        CONFLICTS[case][1](db)
        db.compact()
        assert list(t.items()) == before
    assert db.stats().conflicts == 0


def test_a_conflict_leaves_nothing_behind(db: skiplith.DB, path: Path) -> None:
    db.flush()
    written = db.stats().puts
    t = db.transaction()
    t.update({b"own": b"1", b"b": t[b"b"] + b"!"})
    db[b"b"] = b"theirs"
    with pytest.raises(skiplith.ConflictError) as caught:
        t.commit()
    assert isinstance(caught.value, skiplith.Error)
    assert b"theirs" not in str(caught.value).encode()
    expected = PAIRS | {b"b": b"theirs"}
    assert dict(db.items()) == expected
    assert db.stats().puts == written + 1
    log = b"".join(file.read_bytes() for file in path.rglob("*.log"))
    assert b"theirs" in log
    assert b"1!" not in log
    assert b"own" not in log
    db.close()
    with skiplith.open(path) as again:
        assert dict(again.items()) == expected
        assert again.stats().recovered_records == 1  # theirs


def test_a_block_that_conflicts_raises_at_its_end(db: skiplith.DB) -> None:
    def conflict() -> None:
        with db.transaction() as t:
            used.append(t)
            t[b"own"] = t[b"b"]
            db[b"b"] = b"theirs"

    used: list[skiplith.Transaction] = []
    with pytest.raises(skiplith.ConflictError):
        conflict()
    assert used[0].closed
    assert b"own" not in db


def test_too_long_ago_is_a_conflict(path: Path) -> None:
    with skiplith.open(path, memtable_bytes=65536) as db:
        db.update(PAIRS)
        t = db.transaction()
        t[b"own"] = t[b"b"]
        freezes = db.stats().freezes
        while db.stats().freezes < freezes + 6:
            db[b"elsewhere"] = b"x" * 10_000
        with pytest.raises(skiplith.ConflictError, match="too many memtables"):
            t.commit()
        # A few are not too many.
        t = db.transaction()
        t[b"own"] = t[b"b"]
        freezes = db.stats().freezes
        while db.stats().freezes < freezes + 2:
            db[b"elsewhere"] = b"x" * 10_000
        t.commit()
        assert db[b"own"] == b"1"


def test_a_range_of_too_many_keys_in_memory_is_a_conflict(db: skiplith.DB) -> None:
    db.put_many((b"%06d" % n, b"") for n in range(100_001))
    with db.transaction() as t:  # alone: nothing need be looked at
        t[b"own"] = b"%d" % len(t)
    t = db.transaction()
    t[b"own"] = b"%d" % t.count(stop=b"own")
    db[b"zz"] = b"somebody else's"
    with pytest.raises(skiplith.ConflictError, match="more keys"):
        t.commit()
    db.flush()  # in tables they need not be looked at
    with db.transaction() as t:
        t[b"own"] = b"%d" % t.count(stop=b"own")
        db[b"zz"] = b"somebody else's"
    assert db[b"own"] == b"%d" % db.count(stop=b"own")


def together(count: int, work: Callable[[int], object]) -> None:
    start = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def retried(db: skiplith.DB, work: Callable[[skiplith.Transaction], object]) -> None:
    """As often as it takes: with every conflict another one has committed."""
    db.run_transaction(work, retries=1_000_000)


@pytest.mark.parametrize("gil", ["auto", "release"])
def test_no_update_is_lost(path: Path, gil: Any) -> None:
    with skiplith.open(path, gil=gil) as db:
        db[b"n"] = b"0"

        def add(t: skiplith.Transaction) -> None:
            t[b"n"] = b"%d" % (int(t[b"n"]) + 1)

        def add_often(_: int) -> None:
            for _ in range(200):
                retried(db, add)

        together(4, add_often)
        assert db[b"n"] == b"800"
        assert db.stats().transactions == 800


@pytest.mark.parametrize("gil", ["auto", "release"])
def test_no_write_skew_by_ranges(path: Path, gil: Any) -> None:
    """Each may leave only while another one is on call."""
    with skiplith.open(path, gil=gil) as db:
        for _ in range(50):
            db.update({b"on:%d" % number: b"" for number in range(4)})

            def leave(number: int) -> None:
                def work(t: skiplith.Transaction) -> None:
                    if t.count(prefix=b"on:") > 1:
                        t.delete(b"on:%d" % number)

                retried(db, work)

            together(4, leave)
            assert db.count(prefix=b"on:") == 1


def test_transfers_keep_the_sum(path: Path) -> None:
    with skiplith.open(path, memtable_bytes=65536) as db:
        db.update({b"%d" % n: b"100" for n in range(5)})

        def total(mapping: Any) -> int:
            return sum(int(value) for value in mapping.values())

        def transfer(number: int) -> None:
            for turn in range(100):
                source, target = b"%d" % (turn % 5), b"%d" % ((turn + number + 1) % 5)

                def pay(t: skiplith.Transaction, pair: Any = (source, target)) -> None:
                    amount = min(7, int(t[pair[0]]))
                    t[pair[0]] = b"%d" % (int(t[pair[0]]) - amount)
                    t[pair[1]] = b"%d" % (int(t[pair[1]]) + amount)
                    t.put(b"%d" % 1000, b"0")
                    assert total(t) == 500

                retried(db, pay)
                with db.snapshot() as snapshot:
                    assert total(snapshot) == 500

        together(3, transfer)
        assert total(db) == 500
