"""The stores under comparison, each with the call that its own documents advise for one pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Store:
    """One open store. `put` and `get` are called once for each pair; all without sync."""

    put: Callable[[bytes, bytes], Any]
    get: Callable[[bytes], bytes | None]
    close: Callable[[], Any] = lambda: None


def skiplith(directory: str, **options: Any) -> Store:
    import skiplith

    db = skiplith.open(directory, "n", **options)
    return Store(db.put, db.get, db.close)


def skiplith_art(directory: str) -> Store:
    return skiplith(directory, memtable="art")


def skiplith_mutex_map(directory: str) -> Store:
    return skiplith(directory, memtable="mutex_map")


def skiplith_rwlock_map(directory: str) -> Store:
    return skiplith(directory, memtable="rwlock_map")


def plyvel(directory: str) -> Store:
    """LevelDB, its defaults. 34 MB of pairs leave its write buffer of 4 MiB several times."""
    import plyvel

    db = plyvel.DB(directory, create_if_missing=True)
    return Store(db.put, db.get, db.close)


def lmdb(directory: str) -> Store:
    """A transaction per operation, as a program whose operations come one by one has to do."""
    import lmdb

    env = lmdb.open(directory, map_size=1 << 30, sync=False, metasync=False)

    def put(key: bytes, value: bytes) -> None:
        with env.begin(write=True) as transaction:
            transaction.put(key, value)

    def get(key: bytes) -> bytes | None:
        with env.begin() as transaction:
            return transaction.get(key)

    return Store(put, get, env.close)


def memory_dict(directory: str) -> Store:
    """No store at all: what the loop and a hash table cost."""
    pairs: dict[bytes, bytes] = {}
    return Store(pairs.__setitem__, pairs.get)


STORES: dict[str, Callable[[str], Store]] = {
    "skiplith": skiplith,
    "skiplith, art": skiplith_art,
    "skiplith, mutex_map": skiplith_mutex_map,
    "skiplith, rwlock_map": skiplith_rwlock_map,
    "plyvel": plyvel,
    "lmdb": lmdb,
    "dict, in memory": memory_dict,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """One store with tables: `settle` merges all of it to the end, `scan` gives all pairs."""

    put: Callable[[bytes, bytes], Any]
    get: Callable[[bytes], bytes | None]
    scan: Callable[[], Iterable[tuple[bytes, bytes]]]
    settle: Callable[[], Any]
    close: Callable[[], Any]


CACHE_BYTES = 256 << 20  # our default, and the same for others


def settled_skiplith(directory: str, **options: Any) -> Settled:
    import skiplith

    db = skiplith.open(directory, cache_bytes=CACHE_BYTES, **options)
    return Settled(db.put, db.get, db.items, db.compact, db.close)


def settled_skiplith_uncompressed(directory: str) -> Settled:
    return settled_skiplith(directory, compression="none")


def settled_plyvel(directory: str) -> Settled:
    """LevelDB with our cache and a filter like ours; it compresses with Snappy."""
    import plyvel

    db = plyvel.DB(
        directory, create_if_missing=True, lru_cache_size=CACHE_BYTES, bloom_filter_bits=10
    )
    return Settled(db.put, db.get, db.iterator, db.compact_range, db.close)


SETTLED: dict[str, Callable[[str], Settled]] = {
    "skiplith": settled_skiplith,
    "skiplith, uncompressed": settled_skiplith_uncompressed,
    "plyvel": settled_plyvel,
}
