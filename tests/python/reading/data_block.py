"""The entries of a data block, and the filter, read as cpp/FORMAT.md says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from reading.taker import Taker, xxh3

GROUP_ENTRIES = 8
LINE_BYTES = 64


class Entry(NamedTuple):
    key: bytes
    sequence: int
    value: bytes | None  # None: a tombstone


def read_data_block(payload: bytes, where: str, before: Entry | None) -> list[Entry]:
    """`before`: the last entry of the block before, for the bit that says "the same key"."""
    taker = Taker(payload, where)
    entries, groups, common_bytes, word_bytes, keys_bytes = (taker.u32() for _ in range(5))
    taker.zeros(4)
    base = taker.u64()
    taker.check(0 < groups <= entries and word_bytes <= 8, "counts")
    common = taker.take(common_bytes)
    taker.padding()
    heads = [int.from_bytes(taker.take(8)[::-1], "big") for _ in range(groups)]
    places = {(taker.u32(), taker.u32()): n for n in range(groups)}
    keys = Taker(taker.take(keys_bytes), f"{where}, keys")
    values = Taker(taker.take(taker.left()), f"{where}, values")
    taker.end()

    read: list[Entry] = []
    starts: list[int] = []
    for _ in range(entries):
        group = places.get((keys.at, values.at))
        if group is not None:
            keys.check(group == len(starts), "groups out of order")
            starts.append(len(read))
        keys.check(bool(starts), "entries before the first group")
        shared, rest, value_bytes = keys.varint(), keys.varint(), keys.varint()
        word = keys.number(word_bytes)
        keys.check(shared == 0 or starts[-1] < len(read), "a group's first key shares bytes")
        last = read[-1].key if read else common
        keys.check(common_bytes + shared <= len(last), "more shared than there is")
        key = last[: common_bytes + shared] + keys.take(rest)
        value = values.take(value_bytes - 1) if value_bytes else None
        entry = Entry(key, base + (word >> 1), value)
        keys.check(before is None or _ordered(before, entry), "not in internal order")
        same_key = before is not None and before.key == key
        keys.check(word & 1 == same_key, "the bit that says whether the key is the one before")
        if group is not None:
            head = int.from_bytes(key[common_bytes:][:8].ljust(8, b"\0"), "big")
            keys.check(heads[group] == head, "a group's head")
        read.append(entry)
        before = entry
    keys.end()
    values.end()
    keys.check(starts == list(range(0, entries, GROUP_ENTRIES)), "groups that are not of eight")
    keys.check(len(starts) == groups, "the count of groups")
    return read


def _ordered(before: Entry, entry: Entry) -> bool:
    return (before.key, -before.sequence) < (entry.key, -entry.sequence)


def check_filter(payload: bytes, where: str, keys: Iterable[bytes]) -> None:
    """Every set bit is that of a key, and every key's bits are set: all keys pass."""
    taker = Taker(payload, where)
    probes = taker.u32()
    taker.check(1 <= probes <= 16, "probes")
    taker.zeros(60)
    lines = taker.take(taker.left())
    taker.end()
    taker.check(len(lines) > 0 and len(lines) % LINE_BYTES == 0, "lines")
    expected = bytearray(len(lines))
    for key in keys:
        for bit in filter_bits(key, probes, len(lines) // LINE_BYTES):
            expected[bit // 8] |= 1 << bit % 8
    taker.check(lines == expected, "bits that are not those of the keys")


def filter_bits(key: bytes, probes: int, lines: int) -> list[int]:
    """The bits of the filter that a key sets, counted from the first line's first."""
    key_hash = xxh3(key)
    line = (key_hash >> 32) * lines >> 32
    step, factor = key_hash & 0xFFFFFFFF, 0x9E3779B1
    return [
        line * LINE_BYTES * 8 + ((step * factor**probe & 0xFFFFFFFF) >> 23)
        for probe in range(probes)
    ]
