"""CURRENT and the manifest, read as cpp/FORMAT.md says, of a database that nobody writes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from reading.taker import Damaged, Taker, xxh3

NEXT_FILE, BASE, SEGMENT_LIVE, SEGMENT_DEAD, TABLE_LIVE, TABLE_DEAD = range(1, 7)


class TableFacts(NamedTuple):
    number: int
    level: int
    file_bytes: int
    entries: int
    tombstones: int
    old_versions: int
    smallest_sequence: int
    largest_sequence: int
    smallest_key: bytes
    largest_key: bytes


@dataclass
class Manifest:
    number: int
    database_id: bytes
    edits: int = 0
    next_file: int = 0
    base_sequence: int = 0
    segments: set[int] = field(default_factory=set)
    tables: dict[int, TableFacts] = field(default_factory=dict)


def read_current(data: bytes) -> str:
    """The name of the manifest that counts."""
    taker = Taker(data, "CURRENT")
    name = taker.take(max(data.find(b"\n"), 0))
    taker.literal(b"\n", "no newline behind the name")
    taker.literal(b"%016x\n" % xxh3(name + b"\n"), "the check")
    taker.end()
    return name.decode()


def read_manifest(name: str, data: bytes) -> Manifest:
    taker = Taker(data, name)
    taker.literal(b"SkplMan\n", "no manifest")
    taker.check(taker.u32() == 1, "another version")
    taker.zeros(4)
    database_id = taker.take(16)
    manifest = Manifest(taker.u64(), database_id)
    taker.zeros(16)
    taker.check(taker.u64() == xxh3(data[:56]), "the header's check")
    taker.check(manifest.number == int(name.split(".")[0]), "the number is not the name's")
    while taker.left():
        _apply(manifest, _read_record(taker, manifest))
        manifest.edits += 1
    taker.check(manifest.edits > 0, "no full state")
    taker.end()
    return manifest


def _read_record(taker: Taker, manifest: Manifest) -> bytes:
    start = taker.at
    first_word = int.from_bytes(manifest.database_id[:8], "little")
    seed = first_word ^ manifest.number << 32 ^ start
    size = taker.u32()
    taker.check(size > 0, "an edit of nothing")
    length_check = xxh3(taker.data[start : taker.at], seed) & 0xFFFFFFFF
    taker.check(taker.u32() == length_check, "the length's check")
    payload = taker.take(size)
    taker.padding()
    checked = taker.data[start : taker.at]
    taker.check(taker.u64() == (xxh3(checked, seed) or 1), "the checksum")
    return payload


def _apply(manifest: Manifest, payload: bytes) -> None:
    """All that dies first: what moves to another level dies and lives in one edit."""
    taker = Taker(payload, "an edit")
    live_segments, dead_segments = [], []
    live_tables, dead_tables = [], []
    while taker.left():
        tag, value = taker.varint(), taker.varint()
        if tag == NEXT_FILE:
            manifest.next_file = value
        elif tag == BASE:
            manifest.base_sequence = value
        elif tag == SEGMENT_LIVE:
            live_segments.append(value)
        elif tag == SEGMENT_DEAD:
            dead_segments.append(value)
        elif tag == TABLE_LIVE:
            live_tables.append(_read_table(taker.take(value)))
        elif tag == TABLE_DEAD:
            dead_tables.append(value)
        else:
            taker.wrong(f"unknown tag {tag}")
    taker.end()
    try:
        for number in dead_segments:
            manifest.segments.remove(number)
        for number in dead_tables:
            del manifest.tables[number]
    except KeyError:
        raise Damaged("an edit: what dies did not live") from None
    for number in live_segments:
        taker.check(number not in manifest.segments, f"segment {number} lives already")
        manifest.segments.add(number)
    for table in live_tables:
        taker.check(table.number not in manifest.tables, f"table {table.number} lives already")
        manifest.tables[table.number] = table
    for number in (*live_segments, *(table.number for table in live_tables)):
        taker.check(number < manifest.next_file, f"no file number yet: {number}")


def _read_table(data: bytes) -> TableFacts:
    taker = Taker(data, "a table in an edit")
    table = TableFacts(
        number=taker.varint(),
        level=taker.varint(),
        file_bytes=taker.varint(),
        entries=taker.varint(),
        tombstones=taker.varint(),
        old_versions=taker.varint(),
        smallest_sequence=taker.varint(),
        largest_sequence=taker.varint(),
        smallest_key=_read_key(taker),
        largest_key=_read_key(taker),
    )
    taker.end()
    taker.check(table.level <= 6, "no such level")
    return table


def _read_key(taker: Taker) -> bytes:
    size = taker.varint()
    key = b""
    while len(key) < size:
        key += taker.take(min(32, size - len(key)))
        taker.literal(b"\1", "no 1 behind a piece of a key")
    return key
