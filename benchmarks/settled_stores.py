"""The stores that are read at rest: each can be emptied of memory, scanned, and asked for a range.

Opened as in stores.py. A store that has no tables (lmdb, dict) is always at rest and in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from rounds import KEY_BYTES
from stores import (
    Store,
    memory_dict,
    of_lmdb,
    of_plyvel,
    of_rocksdict,
    of_skiplith,
    open_lmdb,
    open_plyvel,
    open_rocksdict,
    open_skiplith,
)

Keys = Sequence[bytes]
Pair = tuple[bytes, bytes]
LEVELS = range(7)  # of LevelDB and RocksDB; in level 0 tables overlap
ABOVE_ALL = b"\xff" * (KEY_BYTES + 1)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an ordered store is asked for; each answers in the way that is its fastest."""

    pairs: Callable[[], Iterable[Pair]]
    backwards: Callable[[], Iterable[Pair]]
    keys: Callable[[], Iterable[bytes]]
    # From a key to before another; as many as are told, for whom a number is better than an end.
    between: Callable[[bytes, bytes, int], Iterable[Pair]]
    first: Callable[[bytes, int], Iterable[Pair]]  # so many from a key on


@dataclass(frozen=True, slots=True)
class Settled:
    """One open store; `settle` merges all of it to the end, by the store's own call."""

    store: Store
    ordered: Ordered | None = None  # a dict is not
    delete_many: Callable[[Keys], Any] = lambda keys: None
    settle: Callable[[], Any] = lambda: None
    is_settled: Callable[[], bool] = lambda: True  # all in tables that do not overlap
    in_memory: Callable[[], bool] = lambda: True  # nothing in tables


def skiplith(directory: str, **options: Any) -> Settled:
    db = open_skiplith(directory, **options)

    def tables() -> int:
        return sum(level.tables for level in db.stats().levels)

    def is_settled() -> bool:
        """Its memtable has got nothing either: neither from the log nor by a put since."""
        stats = db.stats()
        memory = stats.recovered_records + stats.puts + stats.deletes + stats.frozen_memtables
        return memory == 0 and tables() > 0 and sum(level.tables > 0 for level in stats.levels) == 1

    ordered = Ordered(
        pairs=db.items,
        backwards=lambda: db.items(reverse=True),
        keys=db.keys,
        between=lambda start, stop, count: db.items(start, stop),
        first=lambda start, count: islice(db.items(start), count),
    )
    return Settled(
        of_skiplith(db), ordered, db.delete_many, db.compact, is_settled, lambda: tables() == 0
    )


def skiplith_uncompressed(directory: str) -> Settled:
    return skiplith(directory, compression="none")


def plyvel(directory: str) -> Settled:
    """LevelDB; it compresses with Snappy."""
    db = open_plyvel(directory)

    def delete_many(keys: Keys) -> None:
        with db.write_batch() as batch:
            for key in keys:
                batch.delete(key)

    def settle() -> None:
        """Without a key at each end `compact_range` takes both for empty, and compacts nothing."""
        db.compact_range(start=b"", stop=ABOVE_ALL)

    def levels() -> list[int]:
        return [int(db.get_property(b"leveldb.num-files-at-level%d" % n)) for n in LEVELS]

    ordered = Ordered(
        pairs=db.iterator,
        backwards=lambda: db.iterator(reverse=True),
        keys=lambda: db.iterator(include_value=False),
        between=lambda start, stop, count: db.iterator(start=start, stop=stop),
        first=lambda start, count: islice(db.iterator(start=start), count),
    )
    return Settled(
        of_plyvel(db),
        ordered,
        delete_many,
        settle,
        lambda: any(levels()) and levels()[0] == 0,
        lambda: not any(levels()),
    )


def rocksdict(directory: str) -> Settled:
    """RocksDB; compression as the module has it by default."""
    from rocksdict import ReadOptions, WriteBatch

    db = open_rocksdict(directory)

    def delete_many(keys: Keys) -> None:
        batch = WriteBatch(raw_mode=True)
        for key in keys:
            batch.delete(key)
        db.write(batch)

    def between(start: bytes, stop: bytes, count: int) -> Iterable[Pair]:
        """A third faster than breaking off after `count`, the making of the options included."""
        options = ReadOptions()
        options.set_iterate_upper_bound(stop)
        found: Iterable[Pair] = db.items(from_key=start, read_opt=options)
        return found

    def settle() -> None:
        db.flush()
        db.compact_range(None, None)

    def levels() -> list[int]:
        return [int(db.property_value(f"rocksdb.num-files-at-level{n}")) for n in LEVELS]

    ordered = Ordered(
        pairs=db.items,
        backwards=lambda: db.items(backwards=True),
        keys=db.keys,
        between=between,
        first=lambda start, count: islice(db.items(from_key=start), count),
    )
    return Settled(
        of_rocksdict(db),
        ordered,
        delete_many,
        settle,
        lambda: any(levels()) and levels()[0] == 0,
        lambda: not any(levels()),
    )


def lmdb(directory: str) -> Settled:
    """One read transaction for a scan and for a range; gets have one each."""
    env = open_lmdb(directory)

    def delete_many(keys: Keys) -> None:
        with env.begin(write=True) as transaction:
            for key in keys:
                transaction.delete(key)

    def settle() -> None:
        """A compacted copy takes its place; this process still has the old one open."""
        copy = Path(directory, "compacted")
        copy.mkdir()
        env.copy(str(copy), compact=True)
        (copy / "data.mdb").replace(Path(directory, "data.mdb"))
        copy.rmdir()

    def pairs() -> Iterator[Pair]:
        found: Iterator[Pair] = env.begin().cursor().iternext()
        return found

    def first(start: bytes, count: int) -> Iterable[Pair]:
        with env.begin() as transaction:
            cursor = transaction.cursor()
            if not cursor.set_range(start):
                return []
            return list(islice(cursor.iternext(), count))

    ordered = Ordered(
        pairs=pairs,
        backwards=lambda: env.begin().cursor().iterprev(),
        keys=lambda: env.begin().cursor().iternext(values=False),
        between=lambda start, stop, count: first(start, count),
        first=first,
    )
    return Settled(of_lmdb(env), ordered, delete_many, settle)


def lmdb_one_transaction(directory: str) -> Settled:
    """All gets in one read transaction: faster, and they see nothing that is written meanwhile."""
    env = open_lmdb(directory)
    return Settled(replace(of_lmdb(env), reader=lambda: env.begin().get))


def plain_dict(directory: str) -> Settled:
    return Settled(memory_dict(directory))


SETTLED: dict[str, Callable[[str], Settled]] = {
    "skiplith": skiplith,
    "skiplith, uncompressed": skiplith_uncompressed,
    "plyvel": plyvel,
    "rocksdict": rocksdict,
    "lmdb": lmdb,
    "lmdb, one transaction": lmdb_one_transaction,
    "dict": plain_dict,
}
