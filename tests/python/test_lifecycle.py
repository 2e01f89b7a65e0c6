"""Closing, and handles that nobody closes."""

import gc
import threading
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import every_use
import pytest
import skiplith

LIMIT_MS = 60_000


@pytest.fixture
def used(db: skiplith.DB) -> skiplith.DB:
    db.update({b"k": b"v", b"l": b"w"})
    return db


def test_use_after_close(used: skiplith.DB, unchanged: Any) -> None:
    used.close()
    with unchanged():
        every_use.assert_useless(used)
        for use in every_use.ABOUT.values():
            use(used)
    assert used.closed


def test_what_outlives_its_database_says_so(used: skiplith.DB, unchanged: Any) -> None:
    begun, fresh, reverse = iter(used.items()), iter(used), reversed(used.values())
    finished = iter(used)
    list(finished)
    next(begun)
    next(reverse)
    keys, values, items = used.keys(), used.values(), used.items()
    cursor = used.cursor()
    used.close()
    with unchanged():
        for use in (
            lambda: next(begun),
            lambda: next(fresh),
            lambda: next(reverse),
            lambda: list(begun),
            lambda: iter(keys),
            lambda: reversed(values),
            lambda: dict(items),
            lambda: b"k" in keys,
            lambda: b"v" in values,
            lambda: (b"k", b"v") in items,
            lambda: cursor.first(),
        ):
            with pytest.raises(skiplith.ClosedError):
                use()
        assert list(finished) == []
        for closing in (begun, fresh, reverse, cursor):
            closing.close()


def test_close_is_idempotent_and_leaves_the_directory_free(used: skiplith.DB) -> None:
    assert not used.closed
    used.close()
    used.close()
    with used:
        pass
    with skiplith.open(used.path) as again:
        used.close()
        assert again[b"k"] == b"v"


def test_with_closes_and_lets_exceptions_out(path: Path) -> None:
    def fail() -> None:
        with skiplith.open(path) as db:
            failed.append(db)
            db[b"k"] = b"v"
            raise ZeroDivisionError

    failed: list[skiplith.DB] = []
    with pytest.raises(ZeroDivisionError):
        fail()
    assert failed[0].closed
    with skiplith.open(path) as db:
        assert db[b"k"] == b"v"


def test_close_waits_for_calls_inside(db: skiplith.DB, sync_points: Any) -> None:
    pause = sync_points.Pause("write_logged", 1)
    writer = threading.Thread(target=db.put, args=(b"k", b"v"), kwargs={"sync": True})
    writer.start()
    assert pause.wait_reached(1, LIMIT_MS)
    closing = sync_points.Pause("close_begin", 1)
    closer = threading.Thread(target=db.close)
    closer.start()
    assert closing.wait_reached(1, LIMIT_MS)
    closing.release()
    with pytest.raises(skiplith.ClosedError):
        db.get(b"k")
    assert closer.is_alive()
    pause.release()
    writer.join()
    closer.join()
    with skiplith.open(db.path) as again:
        assert again[b"k"] == b"v"


def test_threads_race_to_close(path: Path) -> None:
    db = skiplith.open(path)
    start = threading.Barrier(8)
    outcomes: list[object] = []

    def work(number: int) -> None:
        start.wait()
        try:
            if number % 2:
                db.close()
            else:
                for n in range(100_000):
                    db[b"%d/%d" % (number, n)] = b"v"
        except skiplith.ClosedError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.closed
    assert len(outcomes) == 4
    skiplith.open(path).close()


def threads_of_this_process() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def test_a_dropped_handle_warns_and_frees_the_directory(path: Path) -> None:
    holder = [skiplith.open(path)]
    holder[0][b"k"] = b"v"
    gone = weakref.ref(holder[0])
    threads = threads_of_this_process()
    with pytest.warns(ResourceWarning, match="dropped without close") as caught:
        holder.clear()
    assert gone() is None
    assert str(path) in str(caught[0].message)
    assert threads_of_this_process() < threads
    with skiplith.open(path) as again:
        assert again[b"k"] == b"v"


def test_closed_handles_drop_in_silence(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        db = skiplith.open(path)
        db.close()
        del db
        gc.collect()


@pytest.mark.parametrize(
    "keep",
    [
        iter,
        skiplith.DB.items,
        skiplith.DB.cursor,
        skiplith.DB.batch,
        skiplith.DB.snapshot,
        skiplith.DB.transaction,
        lambda db: db.transaction().items(),
        lambda db: iter(db.transaction()),
    ],
)
def test_what_was_made_from_a_handle_keeps_it_open(
    path: Path, keep: Callable[[skiplith.DB], Any]
) -> None:
    kept = [keep(skiplith.open(path))]
    gc.collect()
    with pytest.raises(skiplith.LockedError):
        skiplith.open(path)
    with pytest.warns(ResourceWarning):
        kept.clear()
    skiplith.open(path).close()


def test_a_handle_in_a_cycle_is_found(path: Path) -> None:
    class Words(skiplith.DB):
        own: Any

    words = Words(path)
    words.own = [words, words.items(), iter(words)]
    del words
    with pytest.warns(ResourceWarning):
        gc.collect()
    skiplith.open(path).close()
