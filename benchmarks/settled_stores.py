"""The stores whose tables are read: each can be brought to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stores import CACHE_BYTES, FILTER_BITS


@dataclass(frozen=True, slots=True)
class Settled:
    """One store with tables: `settle` merges all of it to the end, `scan` gives all pairs."""

    put: Callable[[bytes, bytes], Any]
    get: Callable[[bytes], bytes | None]
    scan: Callable[[], Iterable[tuple[bytes, bytes]]]
    settle: Callable[[], Any]
    close: Callable[[], Any]


def skiplith(directory: str, **options: Any) -> Settled:
    import skiplith

    db = skiplith.open(directory, cache_bytes=CACHE_BYTES, filter_bits=FILTER_BITS, **options)
    return Settled(db.put, db.get, db.items, db.compact, db.close)


def skiplith_uncompressed(directory: str) -> Settled:
    return skiplith(directory, compression="none")


def plyvel(directory: str) -> Settled:
    """LevelDB with our cache and a filter like ours; it compresses with Snappy."""
    import plyvel

    db = plyvel.DB(
        directory,
        create_if_missing=True,
        lru_cache_size=CACHE_BYTES,
        bloom_filter_bits=FILTER_BITS,
    )
    return Settled(db.put, db.get, db.iterator, db.compact_range, db.close)


SETTLED: dict[str, Callable[[str], Settled]] = {
    "skiplith": skiplith,
    "skiplith, uncompressed": skiplith_uncompressed,
    "plyvel": plyvel,
}
