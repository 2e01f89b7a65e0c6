"""Snapshots: the database as it was at one moment."""

import copy
import gc
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import every_use
import pytest
import skiplith

PAIRS = {b"b": b"1", b"d": b"2", b"f": b"3"}

READS: dict[str, Callable[[Any], Any]] = {
    "[]": lambda m: m[b"d"],
    "slice": lambda m: list(m[b"a":b"e"]),
    "in": lambda m: (b"d" in m, b"new" in m),
    "len": len,
    "bool": bool,
    "iter": list,
    "reversed": lambda m: list(reversed(m)),
    "get": lambda m: (m.get(b"d"), m.get(b"new"), m.get(b"new", b"x")),
    "get_many": lambda m: m.get_many([b"f", b"new", b"b"], b"x"),
    "get_many of many": lambda m: m.get_many([b"f", b"new", b"b"] * 50),
    "keys": lambda m: list(m.keys(b"b", include_start=False)),
    "values": lambda m: list(m.values(reverse=True)),
    "items": lambda m: dict(m.items()),
    "prefix": lambda m: list(m.items(prefix=b"d")),
    "in keys": lambda m: (b"d" in m.keys(), b"new" in m.keys()),  # noqa: SIM118
    "in values": lambda m: (b"2" in m.values(), b"changed" in m.values()),
    "in items": lambda m: ((b"d", b"2") in m.items(), (b"d", b"changed") in m.items()),
    "count": lambda m: (m.count(), m.count(b"c"), m.count(prefix=b"n")),
    "first": lambda m: m.first(),
    "last": lambda m: m.last(),
    "cursor": lambda m: moved(m.cursor()),
    "dict": dict,
}


def moved(cursor: skiplith.Cursor) -> list[object]:
    with cursor:
        steps = [cursor.seek(b"c") and cursor.key, cursor.next() and cursor.value]
        return [*steps, cursor.next(), cursor.seek_for_prev(b"c") and cursor.key]


def change_everything(db: skiplith.DB) -> None:
    db[b"d"] = b"changed"
    db[b"a"] = db[b"new"] = db[b"z"] = b"4"
    del db[b"f"]


def clear_and_compact(db: skiplith.DB) -> None:
    db.clear()
    db.compact()


CHANGES: dict[str, Callable[[skiplith.DB], Any]] = {
    "writes": lambda db: None,
    "flush": lambda db: db.flush(),
    "compact": lambda db: db.compact(),
    "clear": lambda db: db.clear(),
    "clear and compact": clear_and_compact,
}


@pytest.mark.parametrize("flushed_before", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_every_read_is_frozen(db: skiplith.DB, change: str, flushed_before: bool) -> None:
    db.update(PAIRS)
    before = {name: read(db) for name, read in READS.items()}
    with db.snapshot() as snapshot:
        if flushed_before:
            db.flush()
        change_everything(db)
        CHANGES[change](db)
        for name, read in READS.items():
            assert read(snapshot) == before[name], name
        assert [read(db) for read in (len, dict)] != [before["len"], before["dict"]]


def test_it_is_a_mapping_that_cannot_be_written_to(db: Any) -> None:
    with db.snapshot() as snapshot:
        assert issubclass(skiplith.Snapshot, Mapping)
        assert not issubclass(skiplith.Snapshot, MutableMapping)
        for write in (
            lambda: snapshot.__setitem__(b"a", b"1"),
            lambda: snapshot.put(b"a", b"1"),
            lambda: snapshot.clear(),
            lambda: snapshot.update({b"a": b"1"}),
        ):
            with pytest.raises(AttributeError):
                write()
        with pytest.raises(TypeError):
            snapshot[b"a"] = b"1"
        with pytest.raises(TypeError):
            del snapshot[b"a"]
        with pytest.raises(TypeError):
            skiplith.Snapshot()


def test_an_empty_one_says_so(db: skiplith.DB) -> None:
    with db.snapshot() as snapshot:
        db[b"a"] = b"1"
        assert not snapshot
        assert (len(snapshot), list(snapshot)) == (0, [])
        for missing in (snapshot.first, snapshot.last, lambda: snapshot[b"a"]):
            with pytest.raises(KeyError):
                missing()


def test_many_are_of_their_own_moments(db: skiplith.DB) -> None:
    taken = []
    for n in range(50):
        db[b"n"] = b"%d" % n
        taken.append(db.snapshot())
        if n % 20 == 10:
            db.flush()
    db.compact()
    assert [snapshot[b"n"] for snapshot in taken] == [b"%d" % n for n in range(50)]
    assert db.stats().snapshots == 50
    for snapshot in taken[::2]:
        snapshot.close()
    db.compact()
    assert [snapshot[b"n"] for snapshot in taken[1::2]] == [b"%d" % n for n in range(1, 50, 2)]
    for snapshot in taken:
        snapshot.close()
    assert db.stats().snapshots == 0


def test_what_it_holds_back_shows_and_is_reclaimed_after(db: skiplith.DB) -> None:
    db.update((b"%d" % n, b"old") for n in range(100))
    with db.snapshot() as snapshot:
        db.update((b"%d" % n, b"new") for n in range(100))
        db.compact()
        stats = db.stats()
        assert (stats.snapshots, stats.obsolete_entries) == (1, 100)
        assert snapshot[b"7"] == b"old"
    db.compact()
    stats = db.stats()
    assert (stats.snapshots, stats.obsolete_entries) == (0, 0)


def test_close_is_idempotent_and_ends_every_use(db: Any) -> None:
    db.update(PAIRS)
    snapshot = db.snapshot()
    assert not snapshot.closed
    begun, cursor, keys = iter(snapshot.items()), snapshot.cursor(), snapshot.keys()
    next(begun)
    cursor.first()
    snapshot.close()
    snapshot.close()
    with snapshot:
        pass
    assert snapshot.closed
    made: list[Callable[[Any], Any]] = [
        lambda _: next(begun),
        lambda _: cursor.next(),
        lambda _: cursor.key,
        lambda _: iter(keys),
    ]
    uses = every_use.READS | {str(number): use for number, use in enumerate(made)}
    every_use.assert_useless(snapshot, uses, "the snapshot is closed")
    begun.close()
    cursor.close()
    assert dict(db.items()) == PAIRS


def test_it_ends_with_its_database(db: skiplith.DB, path: Path) -> None:
    db.update(PAIRS)
    snapshot = db.snapshot()
    begun = iter(snapshot)
    next(begun)
    db.close()
    assert snapshot.closed
    uses = every_use.READS | {"next": lambda _: next(begun)}
    every_use.assert_useless(snapshot, uses, "the database is closed")
    with pytest.raises(skiplith.ClosedError):
        db.snapshot()


def test_one_of_a_closed_database_drops_in_silence(db: skiplith.DB) -> None:
    holder = [db.snapshot()]
    db.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        holder.clear()
        gc.collect()


def test_a_dropped_one_warns_and_is_released(db: skiplith.DB, path: Path) -> None:
    holder = [db.snapshot()]
    assert db.stats().snapshots == 1
    with pytest.warns(ResourceWarning, match="snapshot .* was dropped without close") as caught:
        holder.clear()
    assert str(path) in str(caught[0].message)
    assert db.stats().snapshots == 0


def test_the_collector_finds_one_in_a_cycle(db: skiplith.DB) -> None:
    cycle: list[Any] = [db.snapshot()]
    cycle.append(cycle)
    del cycle
    with pytest.warns(ResourceWarning, match="snapshot"):
        gc.collect()
    assert db.stats().snapshots == 0


def test_what_was_made_from_one_keeps_it(db: skiplith.DB) -> None:
    db.update(PAIRS)
    kept = [db.snapshot().items()]
    gc.collect()
    db.clear()
    assert dict(kept[0]) == PAIRS
    assert db.stats().snapshots == 1
    with pytest.warns(ResourceWarning, match="snapshot"):
        kept.clear()
    assert db.stats().snapshots == 0


def test_closed_ones_drop_in_silence(db: skiplith.DB) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with db.snapshot():
            pass
        gc.collect()


def test_equality_is_identity_and_there_are_no_copies(db: skiplith.DB) -> None:
    with db.snapshot() as one, db.snapshot() as other:
        assert one != other
        assert one == one
        assert len({one, other}) == 2
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="neither copied nor pickled"):
                duplicate(one)


def test_other_mappings_take_it(db: skiplith.DB, tmp_path: Path) -> None:
    db.update(PAIRS)
    with db.snapshot() as snapshot, skiplith.open(tmp_path / "copy") as other:
        change_everything(db)
        other.update(snapshot)
        assert dict(other.items()) == dict(snapshot) == {**snapshot} == PAIRS


@pytest.fixture
def turns(db: skiplith.DB) -> Iterator[skiplith.DB]:
    """Somebody writes pairs of equal values, again and again."""
    stop = threading.Event()
    db.update({b"left": b"0", b"right": b"0"})

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            db.update({b"left": b"%d" % turn, b"right": b"%d" % turn})
            if turn % 100 == 0:
                db.flush()

    writer = threading.Thread(target=write)
    writer.start()
    yield db
    stop.set()
    writer.join()


def test_threads_share_one_while_others_write(turns: skiplith.DB) -> None:
    different: list[Any] = []
    for _ in range(30):
        with turns.snapshot() as snapshot:
            expected = snapshot[b"left"]

            def read(snapshot: skiplith.Snapshot = snapshot, expected: bytes = expected) -> None:
                for _ in range(50):
                    found = {snapshot[b"right"], *snapshot.values(), *snapshot.get_many([b"left"])}
                    if found != {expected}:
                        different.append(found)

            threads = [threading.Thread(target=read) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert different == []
    assert turns.stats().snapshots == 0


def test_closing_one_that_others_read_hurts_nobody(turns: skiplith.DB) -> None:
    for _ in range(100):
        snapshot = turns.snapshot()
        outcomes: list[object] = []

        def read(snapshot: skiplith.Snapshot = snapshot, outcomes: list[object] = outcomes) -> None:
            try:
                while True:
                    assert snapshot[b"left"] == snapshot[b"right"]
                    assert len(set(snapshot.values())) == 1
            except skiplith.ClosedError:
                outcomes.append("closed")

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        snapshot.close()
        for thread in threads:
            thread.join()
        assert outcomes == ["closed"] * 3
    assert turns.stats().snapshots == 0


def test_it_can_be_taken_while_a_writer_is_held_and_closed_too(
    db: skiplith.DB, sync_points: Any
) -> None:
    """The writer has its sequence and is not visible yet; whoever comes waits for it without the
    GIL, and sees it then."""
    pause = sync_points.Pause("write_sequenced", 1)
    writer = threading.Thread(target=lambda: db.put_many((b"%d" % n, b"v") for n in range(40)))
    writer.start()
    assert pause.wait_reached(1, 60_000)
    found: list[int] = []

    def look() -> None:
        with db.snapshot() as snapshot:
            found.append(len(snapshot))

    taker = threading.Thread(target=look)
    taker.start()
    pause.release()
    writer.join()
    taker.join()
    assert found == [40]


def test_a_read_only_database_has_them(path: Path) -> None:
    with skiplith.open(path) as db:
        db.update(PAIRS)
    with skiplith.open(path, "r") as db, db.snapshot() as snapshot:
        assert dict(snapshot) == PAIRS
