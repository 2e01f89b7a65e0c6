"""get_view: a value as memory, good for as long as somebody has it."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skiplith

SIZES = [0, 1, 512, 513, 100_000]  # up to 512 bytes are copied


def compacted_away(db: skiplith.DB) -> None:
    db.delete(b"k")
    db.compact()


def cleared(db: skiplith.DB) -> None:
    db.clear()
    db.compact()


def evicted(db: skiplith.DB) -> None:
    db.compact()
    db.get_many([b"%05d" % n for n in range(3000)])


PLACES: dict[str, Callable[[skiplith.DB], Any]] = {
    "memtable": lambda db: db,
    "level 0": lambda db: db.flush(),
    "deep": lambda db: db.compact(),
}
CHANGES: dict[str, Callable[[skiplith.DB], Any]] = {
    "overwritten": lambda db: db.put(b"k", b"other"),
    "deleted": lambda db: db.delete(b"k"),
    "flushed": lambda db: db.flush(),
    "compacted": compacted_away,
    "cleared": cleared,
    "evicted": evicted,
    "closed": lambda db: db.close(),
}


def value(size: int) -> bytes:
    return b"0123456789" * (size // 10) + b"x" * (size % 10)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", SIZES)
def test_a_view_is_read_only_memory_with_the_value(db: skiplith.DB, place: str, size: int) -> None:
    db[b"k"] = value(size)
    PLACES[place](db)
    view = db.get_view(b"k")
    assert type(view) is memoryview
    assert (view.readonly, view.contiguous, view.ndim) == (True, True, 1)
    assert (view.format, view.itemsize, view.nbytes) == ("B", 1, size)
    assert view == value(size)
    assert bytes(view[1:-1]) == value(size)[1:-1]
    assert hash(view) == hash(value(size))
    assert db.get_view(b"missing") is None
    with pytest.raises(TypeError, match="read-only"):
        view[:0] = b""
    with pytest.raises(TypeError, match="not writable"):
        (ctypes.c_char * size).from_buffer(view)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", SIZES)
def test_a_view_stays_as_it_was(path: Path, place: str, change: str, size: int) -> None:
    with skiplith.open(path, cache_bytes=65536, memtable_bytes=1 << 20) as db:
        db.put_many((b"%05d" % n, b"v" * 100) for n in range(3000))
        db[b"k"] = value(size)
        PLACES[place](db)
        view = db.get_view(b"k")
        assert view is not None
        part = view[size // 2 :]
        CHANGES[change](db)
        assert view == value(size)
        view.release()
        db.close()
    assert part == value(size)[size // 2 :]  # after close, and after the view it was made of


def test_snapshots_and_transactions_have_views(db: skiplith.DB) -> None:
    db[b"k"] = value(1000)
    with db.snapshot() as snapshot, db.transaction() as transaction:
        transaction[b"own"] = value(2000)
        db[b"k"] = b"other"
        views = [snapshot.get_view(b"k"), transaction.get_view(b"own")]
        assert bytes(transaction.get_view(b"k") or b"") == b"other"
        transaction[b"own"] = b"other"
    assert [bytes(view or b"") for view in views] == [value(1000), value(2000)]


def test_what_a_view_has_read_can_conflict(db: skiplith.DB) -> None:
    transaction = db.transaction()
    transaction[b"written"] = b"1"
    assert transaction.get_view(b"k") is None
    db[b"k"] = b"v"
    with pytest.raises(skiplith.ConflictError):
        transaction.commit()


@pytest.mark.parametrize("end", ["release", "with", "drop", "kept"])
def test_a_released_view_frees_its_pin(path: Path, end: str) -> None:
    """The value's memtable, and with it the tables of that time."""
    with skiplith.open(path) as db:
        db[b"k"] = b"older"
        db.flush()
        [table] = path.glob("*.sst")
        db[b"k"] = value(100_000)
        view = db.get_view(b"k")
        assert view is not None
        db.compact()
        if end == "release":
            view.release()
        elif end == "with":
            with view:
                pass
        elif end == "drop":
            del view
            gc.collect()
    assert table.exists() == (end == "kept")


def test_a_view_of_a_closed_database_is_refused(db: skiplith.DB) -> None:
    db[b"k"] = b"v"
    db.close()
    with pytest.raises(skiplith.ClosedError):
        db.get_view(b"k")
