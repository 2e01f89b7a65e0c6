"""One store, one process, one pass: puts all pairs, gets all of them in another order.

    one_store.py STORE DIRECTORY KEYS VALUES ORDER      prints {"put_ns": ..., "get_ns": ...}

The same run without Python is cpp/engine_bench.cc.
"""

from __future__ import annotations

import gc
import json
import sys
from array import array
from pathlib import Path
from time import perf_counter_ns

from stores import STORES

KEY_BYTES = 16
VALUE_BYTES = 100


def pieces(path: str, size: int) -> list[bytes]:
    data = Path(path).read_bytes()
    return [data[i : i + size] for i in range(0, len(data), size)]


def run(name: str, directory: str, keys_path: str, values_path: str, order_path: str) -> None:
    keys = pieces(keys_path, KEY_BYTES)
    values = pieces(values_path, VALUE_BYTES)
    wanted = [keys[i] for i in array("I", Path(order_path).read_bytes())]
    store = STORES[name](directory)
    put, get = store.put, store.get
    gc.collect()
    gc.disable()

    begun = perf_counter_ns()
    for key, value in zip(keys, values, strict=True):
        put(key, value)
    written = perf_counter_ns()
    for key in wanted:
        get(key)
    read = perf_counter_ns()

    assert all(get(key) == value for key, value in zip(keys, values, strict=True))
    store.close()
    count = len(keys)
    print(json.dumps({"put_ns": (written - begun) / count, "get_ns": (read - written) / count}))


if __name__ == "__main__":
    run(*sys.argv[1:])
