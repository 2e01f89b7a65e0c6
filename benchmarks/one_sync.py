"""One store, one process: threads put with sync for a while.

one_sync.py STORE DIRECTORY THREADS SECONDS      prints {"per_second": ..., "syncs_per_put": ...}
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

VALUE = bytes(range(100))


@dataclass(frozen=True, slots=True)
class SyncedStore:
    """`put` returns when the disk has the pair."""

    put: Callable[[bytes, bytes], Any]
    close: Callable[[], Any]
    syncs_per_put: Callable[[], float | None] = lambda: None  # where the store counts them


def skiplith(directory: str) -> SyncedStore:
    import skiplith

    db = skiplith.open(directory, "n", sync=True)

    def syncs_per_put() -> float:
        stats = db.stats()
        return stats.syncs / stats.synced_writes

    return SyncedStore(db.put, db.close, syncs_per_put)


def plyvel(directory: str) -> SyncedStore:
    """LevelDB: of the writers that wait, one writes and syncs for all."""
    import plyvel

    db = plyvel.DB(directory, create_if_missing=True)

    def put(key: bytes, value: bytes) -> None:
        db.put(key, value, sync=True)

    return SyncedStore(put, db.close)


def rocksdict(directory: str) -> SyncedStore:
    """RocksDB, likewise."""
    from rocksdict import Options, Rdict, WriteOptions

    db = Rdict(directory, Options(raw_mode=True))
    synced = WriteOptions()
    synced.sync = True
    db.set_write_options(synced)
    return SyncedStore(db.put, db.close)


SYNCED = {"skiplith": skiplith, "plyvel": plyvel, "rocksdict": rocksdict}


def run(name: str, directory: str, threads: int, seconds: float) -> None:
    store = SYNCED[name](directory)
    put = store.put
    start = threading.Barrier(threads)
    begun, ended, puts = ([0.0] * threads for _ in range(3))

    def work(thread: int) -> None:
        n = 0
        start.wait()
        now = begun[thread] = perf_counter()
        end = now + seconds
        while now < end:
            put(b"%02d/%013d" % (thread, n), VALUE)
            n += 1
            now = perf_counter()
        ended[thread], puts[thread] = now, n

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    per_second = sum(puts) / (max(ended) - min(begun))
    print(json.dumps({"per_second": per_second, "syncs_per_put": store.syncs_per_put()}))
    store.close()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
