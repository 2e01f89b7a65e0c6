"""Flush, compact, verify, and the options of tables."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Literal

import pytest
import skiplith

Style = Literal["leveled", "tiered"]


def tables(db: skiplith.DB) -> list[int]:
    return [level.tables for level in db.stats().levels]


def test_a_flush_moves_everything_to_a_table(path: Path) -> None:
    with skiplith.open(path) as db:
        db.update({b"k%d" % n: b"v" * n for n in range(100)})
        db.flush()
        assert tables(db) == [1, 0, 0, 0, 0, 0, 0]
        stats = db.stats()
        assert (stats.flushes, stats.frozen_memtables) == (1, 0)
        assert stats.bytes_flushed == stats.levels[0].bytes == table_bytes(path)
        assert db[b"k7"] == b"v" * 7
        assert db.get(b"missing") is None
        assert db.count() == 100
    with skiplith.open(path, "r") as db:
        assert db[b"k7"] == b"v" * 7
        assert tables(db) == [1, 0, 0, 0, 0, 0, 0]


def table_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.glob("*.sst"))


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_amplifications_are_those_of_the_files(path: Path, compression: str) -> None:
    pairs = {b"%05d" % n: os.urandom(100) for n in range(2000)}
    given = 2000 * 105
    with skiplith.open(path, compaction="none", compression=compression) as db:
        stats = db.stats()
        assert (stats.write_amplification, stats.read_amplification) == (0, 0)
        db.update(pairs)
        db.flush()
        once = table_bytes(path)
        stats = db.stats()
        assert stats.write_amplification == once / given
        assert (stats.read_amplification, stats.space_amplification) == (1, 1.0)
        db.update(pairs)
        db.flush()
        twice = table_bytes(path)
        stats = db.stats()
        assert stats.write_amplification == twice / (2 * given)
        assert stats.read_amplification == 2
        assert stats.space_amplification == twice / once
        db.compact()
        stats = db.stats()
        settled = sum(level.bytes for level in stats.levels)
        assert stats.write_amplification == (twice + settled) / (2 * given)
        assert (stats.read_amplification, stats.space_amplification) == (1, 1.0)
        db.delete_many(list(pairs)[:1000])
        db.flush()
        stats = db.stats()
        used = sum(level.bytes for level in stats.levels)
        assert stats.space_amplification == pytest.approx(used / (settled / 2))
    assert used == table_bytes(path)
    with skiplith.open(path, "r") as db:
        assert db.stats().space_amplification == stats.space_amplification


def bytes_written() -> int:
    """By this process, to its file systems: whole pages, when they become dirty."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def test_write_amplification_is_what_the_system_counts(path: Path, tmp_path: Path) -> None:
    before = bytes_written()
    (tmp_path / "probe").write_bytes(bytes(1 << 20))
    if bytes_written() - before < 1 << 20:
        pytest.skip("the system does not count what is written to this file system")
    with skiplith.open(path, wal=False, compaction="none", compression="none") as db:
        before = bytes_written()
        for _ in range(3):
            db.put_many({b"%05d" % n: os.urandom(1000) for n in range(10_000)})
            db.flush()
        db.compact()
        counted = bytes_written() - before
        stats = db.stats()
    told = stats.bytes_flushed + stats.bytes_compacted
    assert stats.write_amplification == told / (30_000 * 1005)
    assert told <= counted <= told * 1.02 + (1 << 20)  # half-filled pages, and the manifest


def test_a_flush_that_is_not_waited_for_happens(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
        db.flush(wait=False)
        db.flush()
        assert sum(tables(db)) == 1


def test_compaction_leaves_one_version_of_each_key(path: Path) -> None:
    with skiplith.open(path, compaction="none", compression="none") as db:
        for n in range(6):
            db.update({b"k%d" % k: b"%d" % n * 1000 for k in range(50)})
            del db[b"k3"]
            db.flush()
        assert tables(db)[0] == 6
        db.compact()
        assert tables(db) == [0, 0, 0, 0, 0, 0, 1]
        assert table_bytes(path) < 60_000
        assert b"k3" not in db
        assert len(db) == 49
        assert db[b"k4"] == b"5" * 1000
        db.verify()


def test_a_part_of_the_keys_can_be_compacted(path: Path) -> None:
    with skiplith.open(path, compaction="none") as db:
        for prefix in (b"a", b"z"):
            db[prefix] = prefix
            db.flush()
            db.compact()
        db[b"b"] = b"b"
        db.flush()
        db.compact(b"x", b"y")
        assert dict(db.items()) == {b"a": b"a", b"b": b"b", b"z": b"z"}


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd", ["none", "lz4", "zstd"]])
def test_every_compression_reads_back(path: Path, compression: str | list[str]) -> None:
    pairs = {b"%06d" % n: b"value %d " % n * 20 for n in range(2000)}
    with skiplith.open(path, compression=compression, cache_bytes=10_000) as db:
        db.put_many(pairs)
        db.compact()
        assert dict(db.items()) == pairs
        assert db.get_many(list(pairs)) == list(pairs.values())
        assert db.options.compression in (compression, ("none", "lz4", *["zstd"] * 5))
    assert (table_bytes(path) < 150_000) == (compression != "none")


def test_filters_spare_lookups_of_missing_keys(path: Path) -> None:
    for bits in (0, 10):
        with skiplith.open(path, "n", filter_bits=bits) as db:
            db.put_many({b"%d" % (2 * n): b"" for n in range(1000)})
            db.flush()
            assert not any(b"%d" % (2 * n + 1) in db for n in range(400))
            stats = db.stats()
            assert (stats.filter_hits > 300) == (bits > 0)
            assert stats.block_misses > 0


def test_verify_names_a_damaged_table(path: Path) -> None:
    with skiplith.open(path) as db:
        db.put_many({b"%d" % n: os.urandom(50) for n in range(1000)})
        db.flush()
        db.verify()
        (table,) = path.glob("*.sst")
        data = bytearray(table.read_bytes())
        data[len(data) // 3] ^= 1
        table.write_bytes(data)
        with pytest.raises(skiplith.CorruptionError) as caught:
            db.verify()
    assert caught.value.path == str(table)


def test_a_closed_database_can_be_verified(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        skiplith.verify(path)
    with skiplith.open(path) as db:
        db[b"a"] = os.urandom(1000)
        db.flush()
        db[b"b"] = b"in the log"
        with pytest.raises(skiplith.LockedError):
            skiplith.verify(path)
    skiplith.verify(path)
    for file in (*path.glob("*.sst"), *path.glob("*.log")):
        whole = file.read_bytes()
        at = whole.find(b"in the log") if file.suffix == ".log" else 500
        if at < 0:
            continue
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(skiplith.CorruptionError) as caught:
            skiplith.verify(path)
        assert caught.value.path == str(file)
        file.write_bytes(whole)
    skiplith.verify(path)


def test_a_missing_table_is_found_when_opening(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
        db.flush()
    (table,) = path.glob("*.sst")
    table.rename(path / "elsewhere")
    with pytest.raises(skiplith.CorruptionError) as caught:
        skiplith.open(path)
    assert caught.value.path == str(table)
    (path / "elsewhere").rename(table)
    with skiplith.open(path) as db:
        assert db[b"a"] == b"1"


def test_a_read_error_is_an_error_and_no_end_of_data(path: Path) -> None:
    with skiplith.open(path, compression="none") as db:
        db.put_many({b"%05d" % n: b"v" * 100 for n in range(2000)})
        db.flush()
    (table,) = path.glob("*.sst")
    data = bytearray(table.read_bytes())
    data[100_000] ^= 1
    table.write_bytes(data)
    with skiplith.open(path) as db:
        for read in (lambda: dict(db.items()), lambda: len(db), lambda: list(reversed(db))):
            with pytest.raises(skiplith.CorruptionError):
                read()
        iterator, cursor = iter(db.items()), db.cursor()
        with pytest.raises(skiplith.CorruptionError):
            for _ in iterator:
                pass
        with pytest.raises(skiplith.CorruptionError):
            sum(1 for _ in iter(cursor.next, False))
        for go_on in (lambda: next(iterator), cursor.next):  # and stays one
            with pytest.raises(skiplith.CorruptionError):
                go_on()
        assert cursor.first()
        failed = 0
        for n in range(2000):
            try:
                assert db[b"%05d" % n] == b"v" * 100
            except skiplith.CorruptionError:
                failed += 1
        assert 0 < failed < 200


def test_read_only_reads_tables_and_refuses_to_change_them(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
        db.flush()
        db[b"b"] = b"2"
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    with skiplith.open(path, "r") as db:
        assert dict(db.items()) == {b"a": b"1", b"b": b"2"}
        db.verify()
        for change in (db.flush, db.compact):
            with pytest.raises(skiplith.ReadOnlyError):
                change()
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_without_a_log_close_flushes(path: Path) -> None:
    with skiplith.open(path, wal=False) as db:
        db[b"a"] = b"1"
        db.clear()
        db[b"b"] = b"2"
    with skiplith.open(path) as db:
        assert dict(db.items()) == {b"b": b"2"}
        assert sum(tables(db)) == 1
        assert db.stats().recovered_records == 0


def test_one_key_takes_less_than_a_mebibyte(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
    assert sum(file.stat().st_blocks * 512 for file in path.iterdir()) < 1 << 20
    with skiplith.open(path) as db:
        db.flush()
    assert sum(file.stat().st_blocks * 512 for file in path.iterdir()) < 1 << 20


def test_values_outlive_their_table_and_their_database(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"big"] = b"x" * 1_000_000
        db.flush()
        cursor = db.cursor()
        assert cursor.seek(b"big")
        value = db[b"big"]
        db[b"big"] = b"y"
        db.compact()
        assert cursor.value == value == b"x" * 1_000_000


@pytest.mark.parametrize("compaction", ["leveled", "tiered"])
def test_ten_times_the_memory_under_many_writers(path: Path, compaction: Style) -> None:
    small = 64 << 10
    with skiplith.open(path, memtable_bytes=small, cache_bytes=small, compaction=compaction) as db:
        assert db.options.compaction == compaction

        def write(thread: int) -> None:
            for n in range(1500):
                db[b"%d:%04d" % (thread, n)] = b"%d" % n * 20

        threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert db.stats().flushes >= 5
        for writer in range(8):
            assert db.count(prefix=b"%d:" % writer) == 1500
        assert db[b"3:0077"] == b"77" * 20
        db.compact()
        db.verify()
    with skiplith.open(path) as db:
        assert len(db) == 12_000
