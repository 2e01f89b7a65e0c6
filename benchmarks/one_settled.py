"""One store that has come to rest: writes all pairs, settles, opens again, reads and scans.

one_settled.py STORE DIRECTORY KEYS VALUES ORDER
    prints {"get_ns": ..., "scan_ns": ..., "space": ...}
"""

from __future__ import annotations

import gc
import json
import sys
from array import array
from pathlib import Path
from time import perf_counter_ns

from one_store import pieces
from rounds import KEY_BYTES
from settled_stores import SETTLED


def run(name: str, directory: str, keys_path: str, values_path: str, order_path: str) -> None:
    keys = pieces(keys_path, KEY_BYTES)
    values = pieces(values_path, Path(values_path).stat().st_size // len(keys))
    wanted = [keys[i] for i in array("I", Path(order_path).read_bytes())]
    store = SETTLED[name](directory)
    for key, value in zip(keys, values, strict=True):
        store.put(key, value)
    store.settle()
    store.close()
    space = sum(file.stat().st_blocks * 512 for file in Path(directory).rglob("*"))

    store = SETTLED[name](directory)
    get, count = store.get, len(keys)
    # Brings into memory what the store keeps there; both have room for all of it.
    assert sum(1 for _ in store.scan()) == count
    assert all(get(key) is not None for key in wanted)
    gc.collect()
    gc.disable()
    begun = perf_counter_ns()
    for key in wanted:
        get(key)
    read = perf_counter_ns()
    for _ in store.scan():
        pass
    scanned = perf_counter_ns()
    assert all(get(key) == value for key, value in zip(keys, values, strict=True))
    store.close()
    raw = sum(map(len, keys)) + sum(map(len, values))
    figures = {"get_ns": (read - begun) / count, "scan_ns": (scanned - read) / count}
    print(json.dumps({**figures, "space": space / raw}))


if __name__ == "__main__":
    run(*sys.argv[1:])
