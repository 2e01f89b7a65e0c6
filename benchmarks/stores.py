"""The stores under comparison, each with the calls that its own documents advise.

None syncs, each writes its log (lmdb has none). Where the store has such a thing, 256 MiB of cache,
10 bits a key of filter and 64 MiB of write buffer: our defaults, and what else a store does by
default is left alone. The durability of each is in README.md beside this file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

CACHE_BYTES = 256 << 20
WRITE_BUFFER_BYTES = 64 << 20
FILTER_BITS = 10

Get = Callable[[bytes], bytes | None]
Pairs = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Store:
    """One open store."""

    put: Callable[[bytes, bytes], Any]
    put_many: Callable[[Pairs], Any]  # all of them as one
    reader: Callable[[], Get]  # called by each thread that reads
    close: Callable[[], Any] = lambda: None
    finish: Callable[[], Any] = lambda: None  # what puts still owe; part of their time


def open_skiplith(directory: str, **options: Any) -> Any:
    import skiplith

    return skiplith.open(
        directory,
        memtable_bytes=WRITE_BUFFER_BYTES,
        cache_bytes=CACHE_BYTES,
        filter_bits=FILTER_BITS,
        **options,
    )


def skiplith(directory: str, **options: Any) -> Store:
    return of_skiplith(open_skiplith(directory, **options))


def of_skiplith(db: Any) -> Store:
    return Store(db.put, db.put_many, lambda: db.get, db.close)


def skiplith_skiplist(directory: str) -> Store:
    return skiplith(directory, memtable="skiplist")


def skiplith_mutex_map(directory: str) -> Store:
    return skiplith(directory, memtable="mutex_map")


def skiplith_rwlock_map(directory: str) -> Store:
    return skiplith(directory, memtable="rwlock_map")


def open_plyvel(directory: str, write_buffer_bytes: int = WRITE_BUFFER_BYTES) -> Any:
    """LevelDB."""
    import plyvel

    return plyvel.DB(
        directory,
        create_if_missing=True,
        write_buffer_size=write_buffer_bytes,
        lru_cache_size=CACHE_BYTES,
        bloom_filter_bits=FILTER_BITS,
    )


def plyvel(directory: str) -> Store:
    return of_plyvel(open_plyvel(directory))


def of_plyvel(db: Any) -> Store:
    def put_many(pairs: Pairs) -> None:
        with db.write_batch() as batch:
            put = batch.put
            for key, value in pairs:
                put(key, value)

    return Store(db.put, put_many, lambda: db.get, db.close)


def plyvel_small_buffer(directory: str) -> Store:
    """With LevelDB's default write buffer, so that it flushes and compacts meanwhile."""
    return of_plyvel(open_plyvel(directory, 4 << 20))


def open_rocksdict(directory: str) -> Any:
    """RocksDB. Raw mode: any other puts a type in front of each key and value.

    A database that exists takes cache and filter from `column_families` alone.
    """
    from rocksdict import BlockBasedOptions, Cache, Options, Rdict

    table = BlockBasedOptions()
    table.set_block_cache(Cache(CACHE_BYTES))
    table.set_bloom_filter(FILTER_BITS, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_block_based_table_factory(table)
    db = Rdict(directory, options, column_families={"default": options})
    assert db.property_int_value("rocksdb.block-cache-capacity") == CACHE_BYTES
    return db


def rocksdict(directory: str) -> Store:
    return of_rocksdict(open_rocksdict(directory))


def of_rocksdict(db: Any) -> Store:
    from rocksdict import WriteBatch

    def put_many(pairs: Pairs) -> None:
        batch = WriteBatch(raw_mode=True)
        put = batch.put
        for key, value in pairs:
            put(key, value)
        db.write(batch)

    return Store(db.put, put_many, lambda: db.get, db.close)


def open_lmdb(directory: str) -> Any:
    import lmdb

    return lmdb.open(directory, map_size=4 << 30, sync=False, metasync=False)


def lmdb(directory: str) -> Store:
    return of_lmdb(open_lmdb(directory))


def of_lmdb(env: Any) -> Store:
    """A transaction per operation, as a program whose operations come one by one has to do."""

    def put(key: bytes, value: bytes) -> None:
        with env.begin(write=True) as transaction:
            transaction.put(key, value)

    def put_many(pairs: Pairs) -> None:
        with env.begin(write=True) as transaction:
            transaction.cursor().putmulti(pairs)

    def get(key: bytes) -> bytes | None:
        with env.begin() as transaction:
            found: bytes | None = transaction.get(key)
            return found

    return Store(put, put_many, lambda: get, env.close)


def lmdb_one_transaction(directory: str) -> Store:
    """All puts in one transaction, all gets of a thread in another; a kill would leave nothing."""
    env = open_lmdb(directory)
    transaction = env.begin(write=True)
    put_many = transaction.cursor().putmulti
    return Store(transaction.put, put_many, lambda: env.begin().get, env.close, transaction.commit)


def sqlite(directory: str) -> Store:
    """One connection, which the module lets threads share where its `threadsafety` is 3."""
    db = sqlite3.connect(f"{directory}/pairs", isolation_level=None, check_same_thread=False)
    execute, executemany = db.execute, db.executemany
    execute("PRAGMA journal_mode=WAL")
    execute("PRAGMA synchronous=OFF")
    execute(f"PRAGMA cache_size=-{CACHE_BYTES >> 10}")
    execute("CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    insert = "INSERT OR REPLACE INTO pairs VALUES (?, ?)"
    select = "SELECT value FROM pairs WHERE key = ?"

    def put(key: bytes, value: bytes) -> None:
        execute(insert, (key, value))

    def put_many(pairs: Pairs) -> None:
        execute("BEGIN")
        executemany(insert, pairs)
        execute("COMMIT")

    def get(key: bytes) -> bytes | None:
        row = execute(select, (key,)).fetchone()
        return None if row is None else row[0]

    return Store(put, put_many, lambda: get, db.close)


def memory_dict(directory: str) -> Store:
    """No store at all: what the loop and a hash table cost."""
    pairs: dict[bytes, bytes] = {}
    return Store(pairs.__setitem__, pairs.update, lambda: pairs.get)


STORES: dict[str, Callable[[str], Store]] = {
    "skiplith": skiplith,
    "skiplith, skiplist": skiplith_skiplist,
    "skiplith, mutex_map": skiplith_mutex_map,
    "skiplith, rwlock_map": skiplith_rwlock_map,
    "plyvel": plyvel,
    "plyvel, 4 MiB buffer": plyvel_small_buffer,
    "rocksdict": rocksdict,
    "lmdb": lmdb,
    "lmdb, one transaction": lmdb_one_transaction,
    "sqlite3": sqlite,
    "dict": memory_dict,
}
