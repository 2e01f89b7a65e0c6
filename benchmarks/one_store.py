"""One store, one process, one pass: puts all pairs, gets all of them in another order.

    one_store.py STORE DIRECTORY KEYS VALUES ORDER [BATCH [THREADS]]
        prints {"put_ns": ..., "get_ns": ...}

With BATCH above 1 so many pairs are put as one. Threads share the work, each its own part of it.
The same run without Python, for one thread and single puts, is cpp/engine_bench.cc.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
from array import array
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from rounds import KEY_BYTES
from stores import STORES, Store


def pieces(path: str, size: int) -> list[bytes]:
    data = Path(path).read_bytes()
    return [data[i : i + size] for i in range(0, len(data), size)]


def parts(things: Sequence[Any], count: int) -> list[Any]:
    ends = [len(things) * n // count for n in range(count + 1)]
    return [things[a:b] for a, b in pairwise(ends)]


def on_threads(work: Callable[[Any], None], works: Sequence[Any]) -> int:
    """Nanoseconds from the common start to the end of the last; this thread does the first one."""
    start = threading.Barrier(len(works))

    def other(its: Any) -> None:
        start.wait()
        work(its)

    others = [threading.Thread(target=other, args=(its,)) for its in works[1:]]
    for thread in others:
        thread.start()
    start.wait()
    begun = perf_counter_ns()
    work(works[0])
    for thread in others:
        thread.join()
    return perf_counter_ns() - begun


def putting(store: Store, keys: list[bytes], values: list[bytes], batch: int, threads: int) -> int:
    def singles(pairs: tuple[list[bytes], list[bytes]]) -> None:
        put = store.put
        for key, value in zip(*pairs, strict=True):
            put(key, value)

    def batches(its: list[list[tuple[bytes, bytes]]]) -> None:
        put_many = store.put_many
        for pairs in its:
            put_many(pairs)

    if batch == 1:
        each = zip(parts(keys, threads), parts(values, threads), strict=True)
        spent = on_threads(singles, list(each))
    else:
        pairs = list(zip(keys, values, strict=True))
        groups = [pairs[i : i + batch] for i in range(0, len(pairs), batch)]
        spent = on_threads(batches, parts(groups, threads))
    begun = perf_counter_ns()
    store.finish()
    return spent + perf_counter_ns() - begun


def getting(store: Store, wanted: list[bytes], threads: int) -> int:
    def gets(its: list[bytes]) -> None:
        get = store.reader()
        for key in its:
            get(key)

    return on_threads(gets, parts(wanted, threads))


def run(name: str, directory: str, inputs: list[str], batch: int = 1, threads: int = 1) -> None:
    keys = pieces(inputs[0], KEY_BYTES)
    values = pieces(inputs[1], Path(inputs[1]).stat().st_size // len(keys))
    wanted = [keys[i] for i in array("I", Path(inputs[2]).read_bytes())]
    store = STORES[name](directory)
    gc.collect()
    gc.disable()
    put_ns = putting(store, keys, values, batch, threads)
    get_ns = getting(store, wanted, threads)
    get = store.reader()
    assert all(get(key) == value for key, value in zip(keys[::10], values[::10], strict=True))
    store.close()
    print(json.dumps({"put_ns": put_ns / len(keys), "get_ns": get_ns / len(keys)}))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], sys.argv[3:6], *map(int, sys.argv[6:]))
