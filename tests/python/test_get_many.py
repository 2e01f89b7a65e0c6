"""get_many finds what as many gets find, wherever the pairs lie."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import skiplith
from skiplith._core import sync_points as points


def key_of(rng: random.Random) -> bytes:
    """Few enough to be met again; some begin alike, some are the beginning of others."""
    kind, n = rng.randrange(4), rng.randrange(700)
    if kind == 0:
        return random.Random(n).randbytes(16)
    if kind == 1:
        return b"all of these begin with the same bytes:%d" % n
    if kind == 2:
        return b"x" * n
    return b"" if n == 0 else b"%d" % n


def value_of(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice([0, 1, 100, 100, 100, 3000]))


def write(db: Any, rng: random.Random, writes: int) -> None:
    for _ in range(writes):
        if rng.random() < 0.3:
            db.delete(key_of(rng))
        else:
            db.put(key_of(rng), value_of(rng))


def assert_same(reader: Any, rng: random.Random) -> None:
    for count in (1, 15, 16, 17, 31, 32, 1023, 1025, 2500):
        keys = [key_of(rng) for _ in range(count)]
        default = object()
        assert reader.get_many(keys, default) == [reader.get(key, default) for key in keys]
    assert reader.get_many(sorted(keys)) == [reader.get(key) for key in sorted(keys)]


@pytest.fixture
def no_flush() -> Iterator[Callable[[], points.Pause]]:
    """Keeps frozen memtables where they are, while what it returns lives."""
    points.arm()
    yield lambda: points.Pause("flush_begin", 1)
    points.reset()


@pytest.mark.parametrize("memtable", ["art", "skiplist", "mutex_map"])
@pytest.mark.parametrize("cache_bytes", [65536, 1 << 28])  # read again and again, or resident
@pytest.mark.parametrize("filter_bits", [0, 10])
def test_get_many_equals_as_many_gets(
    path: Path, no_flush: Callable[[], Any], memtable: Any, cache_bytes: int, filter_bits: int
) -> None:
    rng = random.Random(f"{memtable} {cache_bytes} {filter_bits}")
    with skiplith.open(
        path,
        memtable=memtable,
        memtable_bytes=1 << 20,
        cache_bytes=cache_bytes,
        filter_bits=filter_bits,
        compaction="none",
    ) as db:
        write(db, rng, 2000)
        assert_same(db, rng)
        db.compact()  # one deep level
        assert_same(db, rng)
        old = db.snapshot()
        for _ in range(3):  # tables that overlap
            write(db, rng, 300)
            db.flush()
            assert_same(db, rng)
        pause = no_flush()
        for _ in range(2):  # frozen memtables, and the active one
            write(db, rng, 300)
            db.flush(wait=False)
        write(db, rng, 300)
        assert db.stats().frozen_memtables == 2
        assert_same(db, rng)
        assert_same(old, rng)
        with db.transaction() as transaction:
            write(transaction, rng, 100)
            write(db, rng, 100)
            assert_same(transaction, rng)
            transaction.rollback()
        pause.release()
        with db.snapshot() as before:
            db.clear()
            write(db, rng, 100)
            assert_same(before, rng)
        assert_same(db, rng)
        assert_same(old, rng)
        old.close()


def test_a_key_whose_versions_fill_blocks_is_found_at_each_moment(path: Path) -> None:
    with skiplith.open(path, compaction="none", compression="none") as db:
        moments = []
        for n in range(60):
            db.update({b"a": b"1", b"k": b"%d" % n * 1000, b"z": b"2"})
            moments.append(db.snapshot())
        db.flush()
        for n, moment in enumerate(moments):
            assert moment.get_many([b"k", b"z", b"j", b"a"]) == [b"%d" % n * 1000, b"2", None, b"1"]
            moment.close()


def test_what_get_many_has_read_can_conflict(db: skiplith.DB) -> None:
    keys = [b"%03d" % n for n in range(100)]
    db.put_many((key, b"") for key in keys[::2])
    for read in (keys[40], keys[41]):  # present, absent
        transaction = db.transaction()
        transaction[b"written"] = b"1"
        transaction.get_many([*keys, b"written"])
        db[read] = b"other"
        with pytest.raises(skiplith.ConflictError):
            transaction.commit()
    with db.transaction() as transaction:  # its own writes are not what it reads
        transaction[b"written"] = b"1"
        assert transaction.get_many([b"written"]) == [b"1"]
        db[b"written"] = b"2"
    assert db[b"written"] == b"1"


def test_a_damaged_block_is_an_error_not_a_missing_key(path: Path) -> None:
    with skiplith.open(path, compression="none") as db:
        db.update({b"%05d" % n: b"v" * 100 for n in range(1000)})
        db.flush()
    [table] = path.glob("*.sst")
    content = bytearray(table.read_bytes())
    content[content.index(b"vvvv") + 50] ^= 1
    table.write_bytes(content)
    with skiplith.open(path) as db, pytest.raises(skiplith.CorruptionError):
        db.get_many([b"%05d" % n for n in range(1000)])


def test_keys_of_any_buffer_are_taken_as_they_were(db: skiplith.DB) -> None:
    db.update({b"%d" % n: b"v%d" % n for n in range(200)})
    keys: list[Any] = [b"1", bytearray(b"2"), memoryview(b"33")[:1], b"x"] * 50
    assert db.get_many(keys) == [b"v1", b"v2", b"v3", None] * 50
    with pytest.raises(ValueError, match=r"65,?535"):
        db.get_many([b"1", b"k" * 65536])
    with pytest.raises(TypeError, match="encode"):
        db.get_many([b"1", "2"])  # type: ignore[list-item]
