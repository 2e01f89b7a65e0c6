"""cpp/FORMAT.md is right: a reader written from it alone reads every byte of real databases."""

from __future__ import annotations

import random
import threading
from functools import partial
from pathlib import Path

import pytest
import skiplith
from crash_image import crash_image
from format_reader import Database, read_database, read_file
from reading.segment import CLEAR, DELETE, PUT
from reading.table import LZ4, NONE, ZSTD, read_footer
from reading.taker import Damaged, xxh3
from skiplith import lab

BIG = random.Random(1).randbytes(100_000)  # more than a block of the log, or of a table, holds


def write_every_kind(db: skiplith.DB) -> None:
    db[b""] = b""
    db[b"\0" * 100] = b"\0" * 100
    db[b"\xff" * 65535] = b"the longest key"
    db[b"big"] = BIG
    for n in range(700):
        db[b"one by one/%04d" % n] = b"value %d " % n * 5
    db.put_many({b"many/%d\0%d" % (n, n): b"" for n in range(300)})
    with db.batch() as batch:
        for n in range(0, 700, 7):
            del batch[b"one by one/%04d" % n]
            batch[b"batch/%d" % n] = b"\x80" * n
    db.delete(b"never there")
    db[b"big as well"] = BIG[:40_000]
    db[b"after"] = b"the big ones"


def read_closed(directory: Path, expected: dict[bytes, bytes]) -> Database:
    database = read_database(directory)
    assert database.items() == expected
    assert database.unnamed == []
    with skiplith.open(directory, "r") as db:
        assert dict(db.items()) == expected
    return database


def read_open(db: skiplith.DB, images: Path) -> Database:
    """As the files are now; once those that come and go in the background have done so."""
    while True:
        image = images / str(len(list(images.iterdir())) if images.exists() else 0)
        images.mkdir(exist_ok=True)
        crash_image(Path(db.path), image)
        database = read_database(image)
        if not database.unnamed:
            assert database.items() == dict(db.items())
            return database


def compressions(database: Database) -> set[int]:
    return {each for table in database.tables for each in table.compressions}


def test_an_empty_database_open_and_closed(path: Path, tmp_path: Path) -> None:
    with skiplith.open(path) as db:
        (segment,) = read_open(db, tmp_path / "images").segments
        assert (segment.footer, segment.records) == (None, 0)
        assert segment.allocated is not None
    (segment,) = read_closed(path, {}).segments
    assert segment.footer is not None
    assert segment.footer.end == 4096


@pytest.mark.parametrize("sink", ["mapped", "write"])
def test_every_kind_of_mutation_in_the_log(sink, path: Path, tmp_path: Path) -> None:
    with skiplith.open(path, wal_sink=sink) as db:
        write_every_kind(db)
        (segment,) = read_open(db, tmp_path / "images").segments
        assert segment.footer is None
        expected = dict(db.items())
    (segment,) = read_closed(path, expected).segments
    assert {mutation.kind for mutation in segment.mutations} == {PUT, DELETE}
    assert segment.longest_run > 3
    assert 700 < segment.records < len(segment.mutations) - 300
    assert segment.mutations[0].sequence == 1


def test_a_segment_says_what_was_synced_and_in_which_boot(path: Path, tmp_path: Path) -> None:
    with skiplith.open(path) as db:
        db.put_many({b"a": b"1", b"b": b"2"}, sync=True)
        db[b"c"] = b"3"
        (segment,) = read_open(db, tmp_path / "images").segments
    assert segment.synced_through == 2
    digits = Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "").strip()
    assert segment.boot_id == b"".join(
        int(half, 16).to_bytes(8, "little") for half in (digits[:16], digits[16:])
    )


def test_the_lanes_of_several_writers(path: Path) -> None:
    with skiplith.open(path) as db:
        written = threading.Barrier(4)

        def write(thread: int) -> None:
            for n in range(200):
                db[b"%d/%d" % (thread, n)] = b"v" * 500
            written.wait()  # nobody gives its lane back before

        lab.race(*(partial(write, thread) for thread in range(4)))
        expected = dict(db.items())
    (segment,) = read_closed(path, expected).segments
    assert len(segment.lanes) >= 4
    assert segment.records == 800


def test_several_segments_above_a_table(path: Path, tmp_path: Path) -> None:
    files = lab.faulty_files([])
    db = skiplith.open(path, files=files, memtable_bytes=64 << 10)
    db[b"in a table"] = b"1"
    db.flush()
    files.fail_at(lab.Fault("create_appendable", path="*.sst", sticky=True))
    for n in range(130):
        db[b"%d" % n] = b"v" * 1000
    database = read_open(db, tmp_path / "images")
    assert len([segment for segment in database.segments if segment.records]) > 2
    assert database.manifest.base_sequence == 1
    expected = dict(db.items())
    with pytest.raises(skiplith.StorageError):
        db.flush()
    with pytest.raises(skiplith.StorageError):
        db.close()
    database = read_closed(path, expected)
    assert len(database.segments) > 2
    assert all(segment.footer for segment in database.segments)


def test_a_segment_remembers_a_failed_sync(path: Path, tmp_path: Path) -> None:
    files = lab.faulty_files([])
    db = skiplith.open(path, files=files)
    files.fail_at(lab.Fault("segment_sync"))
    with pytest.raises(skiplith.StorageError):
        db.put(b"k", b"v", sync=True)
    (segment,) = read_open(db, tmp_path / "images").segments
    assert segment.sync_failed
    with pytest.raises(skiplith.PoisonedError):
        db.close()


def test_a_clear_hides_tables_that_still_live(path: Path, tmp_path: Path, sync_points) -> None:
    with skiplith.open(path) as db:
        write_every_kind(db)
        db.flush()
        pause = sync_points.Pause("sync_leader", 1)
        db.clear()
        db[b"after"] = b"the clear"
        assert pause.wait_reached(1, 60_000)
        database = read_open(db, tmp_path / "images")
        assert len(database.tables) == 1
        kinds = [mutation.kind for segment in database.segments for mutation in segment.mutations]
        assert kinds == [CLEAR, PUT]
        pause.release()
    assert read_closed(path, {b"after": b"the clear"}).tables == []


@pytest.mark.parametrize(
    ("compression", "expected"), [("none", {NONE}), ("lz4", {NONE, LZ4}), ("zstd", {NONE, ZSTD})]
)
def test_tables_of_every_compression(compression, expected, path: Path, tmp_path: Path) -> None:
    with skiplith.open(path, compression=compression, compaction="none") as db:
        write_every_kind(db)
        db.flush()
        db[b"big"] = BIG[::-1]
        del db[b"after"]
        db.delete(b"never there either")
        db.flush()
        database = read_open(db, tmp_path / "images")
        assert [facts.level for facts in database.manifest.tables.values()] == [0, 0]
        assert sum(table.properties.tombstones for table in database.tables) > 100
        assert max(table.blocks for table in database.tables) > 5
        assert compressions(database) == expected
        db.compact()
        db[b"in the log"] = b"1"
        contents = dict(db.items())
    database = read_closed(path, contents)
    (table,) = database.tables
    assert database.manifest.tables[table.number].level == 6
    assert (table.properties.tombstones, table.properties.old_versions) == (0, 0)
    assert table.properties.entries == len(contents) - 1
    assert table.has_filter


def test_several_tables_of_a_level(path: Path) -> None:
    randoms = random.Random(2)
    expected = {b"%06d" % n: randoms.randbytes(2000) for n in range(4000)}
    with skiplith.open(path, memtable_bytes=2 << 20) as db:
        db.write_many(expected.items())
        db.compact()
    database = read_closed(path, expected)
    assert [facts.level for facts in database.manifest.tables.values()].count(6) > 1


def test_loaded_tables_have_the_sequence_that_the_manifest_tells(path: Path) -> None:
    expected = {b"%06d" % n: b"%d" % n for n in range(3000)}
    with skiplith.open(path, memtable_bytes=64 << 10, compression="none") as db:
        db[b"000007"] = b"before"
        db.load(expected)
        db[b"after"] = b"1"
        expected[b"after"] = b"1"
    database = read_closed(path, expected)
    facts = list(database.manifest.tables.values())
    assert len({table.largest_sequence for table in facts if table.entries > 1}) == 1
    assert database.manifest.base_sequence == max(table.largest_sequence for table in facts) == 2


@pytest.mark.parametrize("filter_bits", [0, 1, 10, 30])
def test_filters_let_every_key_pass(filter_bits: int, path: Path) -> None:
    expected = {b"%d" % n: b"%d" % n for n in range(2000)}
    with skiplith.open(path, filter_bits=filter_bits, wal=False) as db:
        db.put_many(expected)
    (table,) = read_closed(path, expected).tables
    assert table.has_filter == (filter_bits > 0)


def test_versions_of_one_key_in_memory_become_one_entry(path: Path) -> None:
    with skiplith.open(path, wal=False) as db:
        for n in range(500):
            db[b"k"] = b"%d" % n
    (table,) = read_closed(path, {b"k": b"499"}).tables
    assert table.entries == [(b"k", 500, b"499")]


@pytest.fixture
def every_file(path: Path) -> Path:
    """A closed database with a small file of each kind."""
    with skiplith.open(path) as db:
        db.put_many({b"key %04d" % n: b"value %d" % n for n in range(600)})
        db.flush()
        db[b"k"] = BIG[:40_000]
        db.put_many({b"%d" % n: b"v" * 100 for n in range(50)})
    names = {file.suffix for file in path.iterdir()}
    assert names == {"", ".manifest", ".log", ".sst"}
    return path


def places(size: int, kind: str) -> set[int]:
    """Where bytes are damaged: at the start, at a segment's first block, at the end, between."""
    between = random.Random(kind).sample(range(size), min(size, 200))
    starts = {*range(100), *range(4096, 4200), *range(size - 200, size)}
    return {at for at in starts if 0 <= at < size} | set(between)


@pytest.mark.parametrize("kind", ["CURRENT", "*.manifest", "*.log", "*.sst"])
def test_the_reader_sees_every_flipped_byte(kind: str, every_file: Path) -> None:
    database = read_database(every_file)
    (file,) = every_file.glob(kind)
    data = file.read_bytes()
    read_file(database, file.name, data)
    unseen = []
    for at in sorted(places(len(data), kind)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        try:
            read_file(database, file.name, bytes(flipped))
        except Damaged:
            continue
        unseen.append(at)
    assert unseen == []


@pytest.mark.parametrize("kind", ["CURRENT", "*.manifest", "*.log", "*.sst"])
def test_the_reader_sees_what_is_missing_or_too_much(kind: str, every_file: Path) -> None:
    (file,) = every_file.glob(kind)
    data = file.read_bytes()
    for changed in (data[:-1], data[: len(data) // 2], data[:1], b"", data + b"\0", data + data):
        file.write_bytes(changed)
        with pytest.raises(Damaged):
            read_database(every_file)
    file.unlink()
    with pytest.raises(Damaged):
        read_database(every_file)


def forged(data: bytes, start: int, end: int, at: int, seed: int) -> bytes:
    """A table with another byte in a plain block, whose check is right all the same."""
    payload = bytearray(data[start : end - 9])
    payload[at] ^= 1
    check = xxh3(bytes(payload), seed ^ start << 2).to_bytes(8, "little")
    return data[:start] + bytes(payload) + b"\0" + check + data[end:]


@pytest.mark.parametrize("block", ["filter", "index", "properties"])
def test_the_reader_compares_what_is_said_with_the_entries(block: str, every_file: Path) -> None:
    database = read_database(every_file)
    (file,) = every_file.glob("*.sst")
    data, database_id = file.read_bytes(), database.manifest.database_id
    footer = read_footer(file.name, data, database_id)
    start, end = {
        "filter": (footer.filter_offset, footer.index_offset),
        "index": (footer.index_offset, footer.properties_offset),
        "properties": (footer.properties_offset, footer.offset),
    }[block]
    payload_bytes = end - start - 9
    seed = int.from_bytes(database_id[:8], "little") ^ footer.number << 40
    for at in range(0, payload_bytes, 1 + payload_bytes // 100):
        with pytest.raises(Damaged):
            read_file(database, file.name, forged(data, start, end, at, seed))
