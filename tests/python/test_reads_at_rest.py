"""Reads while others write, and what idle databases, caches and descriptors come to."""

from __future__ import annotations

import os
import random
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import skiplith

Style = Literal["leveled", "tiered"]
ALPHABET = [b"\0", b"a", b"b", b"\xff"]


def random_key(source: random.Random) -> bytes:
    return b"".join(source.choices(ALPHABET, k=source.randrange(7)))


def within(
    keys: list[bytes], start: bytes | None, stop: bytes | None, **how: Any
) -> Iterator[bytes]:
    for key in keys:
        if start is not None and (key < start or (key == start and not how["include_start"])):
            continue
        if stop is not None and (key > stop or (key == stop and not how["include_stop"])):
            continue
        if how["prefix"] is None or key.startswith(how["prefix"]):
            yield key


def check_ranges(path: Path, seed: int, ranges: int) -> None:
    """Random ranges of a snapshot, and cursors over it, while a thread writes all the time."""
    source = random.Random(seed)
    done = threading.Event()
    with skiplith.open(path, "n", memtable_bytes=1 << 16, cache_bytes=100_000) as db:

        def write(own: random.Random) -> None:
            while not done.is_set():
                db[random_key(own)] = own.randbytes(300)
                db.pop(random_key(own), None)

        for _ in range(2000):
            db[random_key(source)] = source.randbytes(source.randrange(100))
        with db.snapshot() as then:
            pairs = dict(then.items())
            keys = sorted(pairs)
            writer = threading.Thread(target=write, args=(random.Random(seed + 1),))
            writer.start()
            try:
                for _ in range(ranges):
                    start = random_key(source) if source.random() < 0.7 else None
                    stop = random_key(source) if source.random() < 0.7 else None
                    how: dict[str, Any] = {
                        "prefix": random_key(source) if source.random() < 0.5 else None,
                        "include_start": source.random() < 0.5,
                        "include_stop": source.random() < 0.5,
                    }
                    reverse = source.random() < 0.5
                    expected = [(k, pairs[k]) for k in within(keys, start, stop, **how)]
                    if reverse:
                        expected.reverse()
                    assert list(then.items(start, stop, reverse=reverse, **how)) == expected
                    with then.cursor() as cursor:
                        key = random_key(source)
                        above = [k for k in keys if k >= key]
                        below = [k for k in keys if k <= key]
                        assert cursor.seek(key) == bool(above)
                        assert not above or (cursor.key, cursor.value) == (
                            above[0],
                            pairs[above[0]],
                        )
                        assert cursor.seek_for_prev(key) == bool(below)
                        assert not below or cursor.key == below[-1]
                        if len(below) > 1:
                            assert cursor.prev()
                            assert cursor.key == below[-2]
                            assert cursor.next()
                            assert cursor.key == below[-1]
            finally:
                done.set()
                writer.join()


def test_ranges_of_a_snapshot_are_a_sorted_lists_while_others_write(path: Path) -> None:
    check_ranges(path, seed=1, ranges=100)


@pytest.mark.slow_prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 12))
def test_ranges_of_a_snapshot_are_a_sorted_lists_in_many_runs(path: Path, seed: int) -> None:
    check_ranges(path, seed, ranges=2000)


def test_a_full_scan_does_not_wash_out_what_is_looked_up(path: Path) -> None:
    keys = [b"%06d" % n for n in range(30_000)]
    with skiplith.open(path, cache_bytes=1 << 20, compression="none") as db:
        db.put_many({key: key * 20 for key in keys})  # four times the cache
        db.compact()
        hot = keys[::1000]
        for key in hot:
            assert db[key] == key * 20
        for _ in range(3):
            assert sum(1 for _ in db.items()) == len(keys)
            assert sum(1 for _ in db.keys(reverse=True)) == len(keys)
            before = db.stats()
            for key in hot:
                assert db[key] == key * 20
            after = db.stats()
            assert after.block_misses == before.block_misses
            assert after.block_hits == before.block_hits + len(hot)
        some = list(db.items(keys[500], keys[1500]))
        before = db.stats()
        assert list(db.items(keys[500], keys[1500])) == some
        assert db.stats().block_misses == before.block_misses  # a range that is read again stays


@pytest.mark.parametrize("compaction", ["leveled", "tiered"])
def test_deleted_keys_give_their_space_back_to_an_idle_database(
    path: Path, compaction: Style
) -> None:
    def table_bytes() -> int:
        return sum(level.bytes for level in db.stats().levels)

    with skiplith.open(path, compaction=compaction, memtable_bytes=1 << 18) as db:
        db.put_many({b"%06d" % n: os.urandom(200) for n in range(15_000)})
        db.flush()
        before = table_bytes()
        db.delete_many(b"%06d" % n for n in range(15_000) if n % 10)
        db.flush()
        while table_bytes() > 0.15 * before:
            os.sched_yield()
        assert len(db) == 1500


@contextmanager
def few_descriptors(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_tables_than_descriptors_are_read(path: Path) -> None:
    with few_descriptors(128), skiplith.open(path, compaction="none", cache_bytes=0) as db:
        for n in range(150):
            db[b"%03d" % n] = b"v%d" % n
            db.flush()
        assert db.stats().levels[0].tables == 150
        assert [db[b"%03d" % n] for n in range(150)] == [b"v%d" % n for n in range(150)]
        assert list(db) == [b"%03d" % n for n in range(150)]
        assert db.get_many([b"140", b"7", b"007"]) == [b"v140", None, b"v7"]
        db.verify()
        names = [f.readlink().name for f in Path("/proc/self/fd").iterdir() if f.exists()]
        assert 0 < sum(name.endswith(".sst") for name in names) <= 32
        db.compact()
        assert len(db) == 150


def test_an_iterator_keeps_replaced_tables_until_it_is_closed(path: Path) -> None:
    with skiplith.open(path, compaction="none", cache_bytes=0) as db:
        for round_ in range(3):
            db.put_many({b"%04d" % n: b"%d" % round_ * 100 for n in range(2000)})
            db.flush()
        replaced = set(path.glob("*.sst"))
        iterator = iter(db.items())
        assert next(iterator) == (b"0000", b"2" * 100)
        db.compact()
        assert replaced <= set(path.glob("*.sst"))
        assert sum(1 for _ in iterator) == 1999
        iterator.close()
        while replaced & set(path.glob("*.sst")):
            os.sched_yield()
