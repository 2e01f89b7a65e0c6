"""A table, read as cpp/FORMAT.md says."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import NamedTuple

import lz4.block
from reading.data_block import Entry, check_filter, read_data_block
from reading.taker import Taker, xxh3

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FOOTER_BYTES = 80
TRAILER_BYTES = 9
NONE, LZ4, ZSTD = range(3)


class Properties(NamedTuple):
    entries: int
    tombstones: int
    old_versions: int
    raw_key_bytes: int
    raw_value_bytes: int
    smallest_sequence: int
    largest_sequence: int
    smallest_key: bytes
    largest_key: bytes


class IndexEntry(NamedTuple):
    block_bytes: int
    continues: int
    separator: bytes


@dataclass
class Table:
    number: int
    properties: Properties
    entries: list[Entry]
    blocks: int
    compressions: set[int]
    has_filter: bool


class Footer(NamedTuple):
    number: int
    filter_offset: int
    index_offset: int
    properties_offset: int
    offset: int  # its own, where the properties end


def read_table(name: str, data: bytes, database_id: bytes) -> Table:
    whole = Taker(data, name)
    footer = read_footer(name, data, database_id)
    seed = int.from_bytes(database_id[:8], "little") ^ footer.number << 40

    def stored(start: int, end: int) -> tuple[bytes, int]:
        return _read_stored(f"{name}, block at {start}", data[start:end], seed ^ start << 2)

    def plain(start: int, end: int) -> tuple[bytes, str]:
        payload, compression = stored(start, end)
        where = f"{name}, block at {start}"
        Taker(payload, where).check(compression == NONE, "compressed, but not a data block")
        return payload, where

    has_filter = footer.index_offset > footer.filter_offset
    index = _read_index(*plain(footer.index_offset, footer.properties_offset))
    properties = _read_properties(*plain(footer.properties_offset, footer.offset))
    entries: list[Entry] = []
    compressions = set()
    offset = 0
    for block in index:
        where = f"{name}, block at {offset}"
        payload, compression = stored(offset, offset + block.block_bytes)
        last = entries[-1] if entries else None
        read = read_data_block(payload, where, last)
        _check_index_entry(Taker(payload, where), block, last, read[0])
        compressions.add(compression)
        entries += read
        offset += block.block_bytes
    whole.check(bool(entries), "no entries")
    whole.check(offset == footer.filter_offset, "data blocks do not end where the footer says")
    whole.check(properties == _properties_of(entries), "properties of other entries")
    if has_filter:
        check_filter(
            *plain(footer.filter_offset, footer.index_offset), (entry.key for entry in entries)
        )
    return Table(footer.number, properties, entries, len(index), compressions, has_filter)


def read_footer(name: str, data: bytes, database_id: bytes) -> Footer:
    start = max(len(data) - FOOTER_BYTES, 0)
    taker = Taker(data[start:], f"{name}, footer")
    taker.literal(b"SkplTbl\n", "no table")
    taker.check(taker.u32() == 1, "another version")
    taker.zeros(4)
    taker.literal(database_id, "of another database")
    footer = Footer(taker.u64(), taker.u64(), taker.u64(), taker.u64(), start)
    taker.check(taker.u64() == len(data), "the file's size")
    taker.check(taker.u64() == xxh3(data[start:-8]), "the footer's check")
    taker.end()
    taker.check(footer.number == int(name.split(".")[0]), "the number is not the name's")
    taker.check(
        0 < footer.filter_offset <= footer.index_offset < footer.properties_offset < start,
        "offsets",
    )
    return footer


def _read_stored(where: str, data: bytes, seed: int) -> tuple[bytes, int]:
    taker = Taker(data, where)
    payload = taker.take(len(data) - TRAILER_BYTES)
    compression = taker.u8()
    taker.check(taker.u64() == xxh3(payload, seed ^ compression), "the check")
    taker.end()
    if compression == NONE:
        return payload, compression
    packed = Taker(payload, where)
    raw_bytes = packed.u32()
    content = packed.take(packed.left())
    packed.end()
    packed.check(len(payload) <= raw_bytes - raw_bytes // 8, "compressed in vain")
    packed.check(compression in (LZ4, ZSTD), "an unknown compression")
    if compression == LZ4:
        raw = lz4.block.decompress(content, uncompressed_size=raw_bytes)
    else:
        raw = zstd.decompress(content)
    packed.check(len(raw) == raw_bytes, "the raw bytes")
    return raw, compression


def _read_index(payload: bytes, where: str) -> list[IndexEntry]:
    taker = Taker(payload, where)
    entries = []
    for _ in range(taker.varint()):
        block_bytes, continues, separator_bytes = taker.varint(), taker.varint(), taker.varint()
        entries.append(IndexEntry(block_bytes, continues, taker.take(separator_bytes)))
    taker.end()
    return entries


def _check_index_entry(taker: Taker, index: IndexEntry, last: Entry | None, first: Entry) -> None:
    if last is None:
        taker.check((index.separator, index.continues) == (b"", 0), "the first separator")
    elif last.key == first.key:
        continues = (first.key, first.sequence + 1)
        taker.check((index.separator, index.continues) == continues, "where a key goes on")
    else:
        taker.check(last.key < index.separator <= first.key, "a separator that does not separate")
        taker.check(index.continues == 0, "goes on with another key")


def _read_properties(payload: bytes, where: str) -> Properties:
    taker = Taker(payload, where)
    entries, tombstones, old_versions = taker.u64(), taker.u64(), taker.u64()
    raw_key_bytes, raw_value_bytes = taker.u64(), taker.u64()
    smallest_sequence, largest_sequence = taker.u64(), taker.u64()
    smallest_key_bytes, largest_key_bytes = taker.u32(), taker.u32()
    smallest_key, largest_key = taker.take(smallest_key_bytes), taker.take(largest_key_bytes)
    taker.end()
    return Properties(
        entries=entries,
        tombstones=tombstones,
        old_versions=old_versions,
        raw_key_bytes=raw_key_bytes,
        raw_value_bytes=raw_value_bytes,
        smallest_sequence=smallest_sequence,
        largest_sequence=largest_sequence,
        smallest_key=smallest_key,
        largest_key=largest_key,
    )


def _properties_of(entries: list[Entry]) -> Properties:
    sequences = [entry.sequence for entry in entries]
    return Properties(
        entries=len(entries),
        tombstones=sum(entry.value is None for entry in entries),
        old_versions=len(entries) - len({entry.key for entry in entries}),
        raw_key_bytes=sum(len(entry.key) for entry in entries),
        raw_value_bytes=sum(len(entry.value or b"") for entry in entries),
        smallest_sequence=min(sequences),
        largest_sequence=max(sequences),
        smallest_key=entries[0].key,
        largest_key=entries[-1].key,
    )
