"""One store, one process: threads write or read at once, each with keys and values of its own.

one_threaded.py STORE WORK THREADS DIRECTORY      prints {"per_second": ...}
"""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

from nothing_slot import load_nothing

Pair = tuple[bytes, bytes]
SHARED = bytes(100)
TOGETHER = 1_000
# All of it stays in the memtable: flushes are not what is measured.
ROOM_BYTES = 256 << 20


def open_skiplith(directory: str, **options: Any) -> Any:
    import skiplith

    return skiplith.open(directory, "n", memtable_bytes=ROOM_BYTES, **options)


def open_skiplist(directory: str) -> Any:
    return open_skiplith(directory, memtable="skiplist")


def open_plyvel(directory: str) -> Any:
    import plyvel

    return plyvel.DB(directory, create_if_missing=True)


def open_nothing(directory: str) -> Any:
    return load_nothing().Nothing()


STORES: dict[str, Callable[[str], Any]] = {
    "skiplith": open_skiplith,
    "skiplith, skiplist": open_skiplist,
    "plyvel": open_plyvel,
    "nothing": open_nothing,
}


def put(store: Any, pairs: list[Pair]) -> None:
    for key, value in pairs:
        store[key] = value


def put_by_call(store: Any, pairs: list[Pair]) -> None:
    for key, value in pairs:
        store.put(key, value)


def put_shared(store: Any, pairs: list[Pair]) -> None:
    value = SHARED
    for key, _ in pairs:
        store[key] = value


def put_many(store: Any, batches: list[list[Pair]]) -> None:
    for batch in batches:
        store.put_many(batch)


def write_batches(store: Any, batches: list[list[Pair]]) -> None:
    """What `put_many` is in plyvel."""
    for pairs in batches:
        with store.write_batch() as batch:
            for key, value in pairs:
                batch.put(key, value)


def get(store: Any, pairs: list[Pair]) -> None:
    for key, _ in pairs:
        store[key]


def get_by_call(store: Any, pairs: list[Pair]) -> None:
    for key, _ in pairs:
        store.get(key)


def settle(store: Any) -> None:
    """Everything in tables, and in memory."""
    store.compact()
    assert sum(level.tables for level in store.stats().levels) > 0
    assert sum(1 for _ in store.items()) > 0


# work -> what a thread does, what it does in plyvel, pairs of all threads, bytes of a value
WORK: dict[str, tuple[Callable[[Any, Any], None], Callable[[Any, Any], None] | None, int, int]] = {
    "put": (put, put_by_call, 240_000, 100),
    "put, shared value": (put_shared, None, 240_000, 100),
    "put_many": (put_many, write_batches, 480_000, 100),
    "put 64 KiB": (put, put_by_call, 1_600, 64 << 10),
    "get": (get, get_by_call, 240_000, 100),
    "settled get": (get, None, 240_000, 100),
}
READS = ("get", "settled get")
NOTHING_PASSES = 20  # over the same pairs; one is over before both threads have begun
DISTINCT_BYTES = 32 << 20  # of values in memory; longer ones come again


def run(name: str, work: str, threads: int, directory: str) -> None:
    do, do_in_plyvel, pairs, value_bytes = WORK[work]
    fill = put_by_call if name == "plyvel" else put
    if name == "plyvel":
        assert do_in_plyvel is not None
        do = do_in_plyvel
    store = STORES[name](directory)
    each = pairs // threads
    passes = NOTHING_PASSES if name == "nothing" else 1
    distinct = min(each, DISTINCT_BYTES // threads // value_bytes)
    ready = threading.Barrier(threads, (lambda: settle(store)) if work == "settled get" else None)
    times: list[tuple[float, float]] = []
    plans: list[Any] = []  # held: who is done first would free its pairs while others are timed

    def one_thread(number: int) -> None:
        # Made here: the objects are this thread's own, which free-threaded CPython knows.
        rng = random.Random(number)
        keys = [rng.randbytes(16) for _ in range(each)]
        values = [rng.randbytes(value_bytes) for _ in range(distinct)]
        pairs = list(zip(keys, cycle(values)))
        if work in READS:
            fill(store, pairs)
            rng.shuffle(pairs)
        plan: Any = pairs
        if work == "put_many":
            plan = [pairs[begin : begin + TOGETHER] for begin in range(0, each, TOGETHER)]
        plans.append(plan)
        ready.wait()
        begun = perf_counter()
        for _ in range(passes):
            do(store, plan)
        times.append((begun, perf_counter()))

    gc.disable()
    workers = [threading.Thread(target=one_thread, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(times) == threads
    seconds = max(end for _, end in times) - min(begin for begin, _ in times)
    if name.startswith("skiplith"):
        assert store.count() == each * threads
    print(json.dumps({"per_second": passes * each * threads / seconds}))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]), str(Path(sys.argv[4])))
