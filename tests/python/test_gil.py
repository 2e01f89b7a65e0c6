"""When the interpreter's lock is let go, and that threads then really work at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import skiplith

LIMIT_MS = 60_000
LONG = b"x" * 65536
Operation = Callable[[skiplith.DB, bytes], Any]


def put(db: skiplith.DB, key: bytes) -> None:
    db.put(key, b"v")


def put_long(db: skiplith.DB, key: bytes) -> None:
    db.put(key, LONG)


def put_synced(db: skiplith.DB, key: bytes) -> None:
    db.put(key, b"v", sync=True)


def put_many(db: skiplith.DB, key: bytes) -> None:
    db.put_many([(b"%s/%d" % (key, n), b"v") for n in range(32)])


def batch(db: skiplith.DB, key: bytes) -> None:
    with db.batch() as batch:
        for n in range(32):
            batch[b"%s/%d" % (key, n)] = b"v"


def setitem(db: skiplith.DB, key: bytes) -> None:
    db[key] = b"v"


def delete(db: skiplith.DB, key: bytes) -> None:
    db.delete(key)


def increment(db: skiplith.DB, key: bytes) -> None:
    db.increment(key)


def transaction(db: skiplith.DB, key: bytes) -> None:
    with db.transaction() as t:
        for n in range(16):
            t[b"%s/%d" % (key, n)] = t.get(b"%s/%d" % (key, n), b"v")


def setdefault_long(db: skiplith.DB, key: bytes) -> None:
    db.setdefault(key, LONG)


@pytest.mark.parametrize(
    ("gil", "operation", "place"),
    [
        ("auto", put_many, "write_sequenced"),
        ("auto", batch, "write_sequenced"),
        ("auto", transaction, "write_lane_held"),
        ("auto", put_synced, "write_lane_held"),
        ("auto", put_synced, "write_logged"),
        ("auto", put_long, "write_entry_locked"),
        ("auto", setdefault_long, "write_entry_locked"),
        ("release", put, "write_logged"),
        ("release", setitem, "write_logged"),
        ("release", delete, "write_logged"),
        ("release", increment, "write_entry_locked"),
        ("hold", put_synced, "write_logged"),
    ],
)
def test_two_threads_are_inside_a_write_at_once(
    path: Path, sync_points: Any, gil: Any, operation: Operation, place: str
) -> None:
    with skiplith.open(path, gil=gil) as db:
        pause = sync_points.Pause(place, 2)
        with ThreadPoolExecutor(2) as pool:
            writes = [pool.submit(operation, db, key) for key in (b"a", b"b")]
            # This thread runs Python meanwhile, so neither of the two holds the GIL.
            both = pause.wait_reached(2, LIMIT_MS)
            pause.release()
            for write in writes:
                write.result()
        assert both
        assert sorted({key[:1] for key in db}) in ([b"a", b"b"], [])


def test_two_threads_are_inside_a_scan_at_once(path: Path, sync_points: Any) -> None:
    with skiplith.open(path) as db:
        db.update((b"%d" % n, b"v") for n in range(100))
        begun = [iter(db.items()), iter(db.items())]
        for items in begun:
            for _ in range(16):  # the first, small chunk
                next(items)
        pause = sync_points.Pause("scan_chunk", 2)
        with ThreadPoolExecutor(2) as pool:
            rests = [pool.submit(list, items) for items in begun]
            both = pause.wait_reached(2, LIMIT_MS)
            pause.release()
            assert [len(rest.result()) for rest in rests] == [84, 84]
        assert both


def one_put_transaction(db: skiplith.DB) -> None:
    with db.transaction() as t:
        t[b"k"] = b"v"


def read_only_transaction(db: skiplith.DB) -> None:
    with db.transaction() as t:
        t.get(b"k")
        t.get_many([b"k", b"n"])
        t.first()
        list(t.items(prefix=b"k"))


def read_snapshot(db: skiplith.DB) -> None:
    with db.snapshot() as snapshot:
        snapshot.get(b"k")
        snapshot.get_many([b"k", b"n"])
        snapshot.first()
        list(snapshot.items(prefix=b"k"))


def transaction_of_few(db: skiplith.DB) -> None:
    with db.transaction() as t:
        t[b"k"] = t[b"k"]
        t[b"l"] = b"v"


def transaction_of_all_lanes(db: skiplith.DB) -> None:
    with db.transaction() as t:
        t[b"l"] = t[b"k"]


SMALL: list[Callable[[skiplith.DB], Any]] = [
    lambda db: db.put(b"k", b"v"),
    lambda db: db.__setitem__(b"k", b"v"),
    lambda db: db.get(b"k"),
    lambda db: db.get(b"missing"),
    lambda db: db[b"k"],
    lambda db: b"k" in db,
    lambda db: db.delete(b"x"),
    lambda db: db.setdefault(b"k", b"v"),
    lambda db: db.pop(b"x", None),
    lambda db: db.compare_and_set(b"k", b"v", b"v"),
    lambda db: db.increment(b"n"),
    lambda db: db.get_many([b"k", b"n"]),
    lambda db: db.first(),
    lambda db: db.last(),
    lambda db: bool(db),
    lambda db: next(iter(db)),
    lambda db: db.cursor().first(),
    lambda db: list(db.items(prefix=b"k")),
    lambda db: db.put_many([(b"a", b"v"), (b"b", b"v")]),
    one_put_transaction,
    transaction_of_few,
    read_only_transaction,
    read_snapshot,
]
LONG_WORK: list[Callable[[skiplith.DB], Any]] = [
    lambda db: put_many(db, b"m"),
    lambda db: db.put(b"long", LONG),
    lambda db: db.put(b"k", b"v", sync=True),
    lambda db: db.sync(),
    lambda db: len(db),
    lambda db: db.popitem(),
    transaction_of_all_lanes,
    lambda db: db.clear(),
]


def releases(db: skiplith.DB, work: Callable[[skiplith.DB], Any]) -> int:
    before = db.stats().gil_releases
    work(db)
    return db.stats().gil_releases - before


def prepared(path: Path, gil: Any) -> skiplith.DB:
    db = skiplith.open(path, gil=gil, wal_sink="mapped")
    db[b"k"] = b"v"
    return db


@pytest.mark.parametrize("gil", ["auto", "hold"])
def test_short_operations_keep_the_lock(path: Path, gil: str) -> None:
    with prepared(path, gil) as db:
        assert [releases(db, work) for work in SMALL] == [0] * len(SMALL)


def test_long_operations_let_the_lock_go(path: Path) -> None:
    with prepared(path, "auto") as db:
        assert all(releases(db, work) >= 1 for work in LONG_WORK)


@pytest.mark.parametrize(
    ("work", "count"),
    [
        (lambda db: db.put(b"k", bytes(16382)), 0),
        (lambda db: db.put(b"k", bytes(16383)), 1),
        (lambda db: db.setdefault(b"new", bytes(16383)), 0),
        (lambda db: db.setdefault(b"new", bytes(16384)), 1),
        (lambda db: db.put_many([(b"%d" % n, b"v") for n in range(31)]), 0),
        (lambda db: db.put_many([(b"%d" % n, b"v") for n in range(32)]), 1),
        (lambda db: db.put_many([(b"k", bytes(16378))]), 0),
        (lambda db: db.put_many([(b"k", bytes(16379))]), 1),
        (lambda db: db.get_many([b"k"] * 63), 0),
        (lambda db: db.get_many([b"k"] * 64), 1),
        (lambda db: db[b"below"], 0),
        (lambda db: db[b"long"], 1),
    ],
)
def test_from_where_on_the_lock_is_let_go(
    path: Path, work: Callable[[skiplith.DB], Any], count: int
) -> None:
    with prepared(path, "auto") as db:
        db.update({b"long": LONG, b"below": LONG[1:]})
        assert releases(db, work) == count


def test_release_lets_it_go_every_time(path: Path) -> None:
    with prepared(path, "release") as db:
        assert all(releases(db, work) >= 1 for work in [*SMALL, *LONG_WORK])
        assert db.stats().gil_wait_seconds > 0


@pytest.mark.parametrize("pairs", [32, 1000])
def test_a_batch_lets_the_lock_go_once(path: Path, pairs: int) -> None:
    """Its short pairs are copied with the lock held, whatever the policy; the write is without."""
    for gil in ("auto", "release"):
        with prepared(path, gil) as db:
            batch = [(b"%d" % n, b"v") for n in range(pairs)]
            before = db.stats().gil_releases
            db.put_many(batch)
            assert db.stats().gil_releases - before == 1


def test_hold_keeps_it_where_nothing_can_wait(path: Path) -> None:
    with prepared(path, "hold") as db:
        db.put(b"long", LONG)
        before = db.stats().gil_releases
        assert db[b"long"] == LONG
        db.update({})
        assert db.stats().gil_releases - before <= 1


def test_a_put_that_would_wait_lets_the_lock_go(path: Path, sync_points: Any) -> None:
    """A writer is held inside its write to a key; another write to that key must wait for it,
    and this thread goes on meanwhile."""
    with skiplith.open(path, gil="auto") as db:
        pause = sync_points.Pause("write_entry_locked", 1)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(db.put, b"k", LONG)
            assert pause.wait_reached(1, LIMIT_MS)
            begun = threading.Event()

            def second_put() -> None:
                begun.set()
                db.put(b"k", b"second")

            second = pool.submit(second_put)
            begun.wait()
            pause.release()
            first.result()
            second.result()
        assert db[b"k"] == b"second"
        assert db.stats().gil_releases >= 1


def test_counters_say_how_often_and_for_how_long(path: Path) -> None:
    begun = perf_counter()
    with prepared(path, "release") as db:
        before = db.stats()
        for n in range(1000):
            db[b"%d" % n] = b"v"
        after = db.stats()
        elapsed = perf_counter() - begun
    assert after.gil_releases - before.gil_releases == 1000
    assert before.gil_wait_seconds < after.gil_wait_seconds <= elapsed


def test_counters_are_there_from_the_start(db: skiplith.DB) -> None:
    stats = db.stats()
    assert (stats.gil_releases, stats.gil_wait_seconds) == (0, 0.0)
