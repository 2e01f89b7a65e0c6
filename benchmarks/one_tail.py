"""One store under load without a pause: every put timed.

one_tail.py STORE DIRECTORY KEYS VALUES
    prints {"p50": us, ..., "above_10_ms": ms, "preempted": times}
"""

from __future__ import annotations

import gc
import json
import resource
import sys
from array import array
from pathlib import Path
from time import perf_counter_ns

from one_store import pieces
from rounds import KEY_BYTES
from stores import STORES

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}


def run(name: str, directory: str, keys_path: str, values_path: str) -> None:
    keys = pieces(keys_path, KEY_BYTES)
    values = pieces(values_path, Path(values_path).stat().st_size // len(keys))
    store = STORES[name](directory)
    put = store.put
    times = array("Q", bytes(8 * len(keys)))  # touched here, so that no page of it is new below
    gc.collect()
    gc.disable()
    preempted = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    last = perf_counter_ns()
    for n, key in enumerate(keys):
        put(key, values[n])
        # From the end of the put before: no moment of the load belongs to no put.
        now = perf_counter_ns()
        times[n] = now - last
        last = now
    preempted = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw - preempted
    store.finish()
    get = store.reader()
    assert all(get(key) == value for key, value in zip(keys[::10], values[::10], strict=True))
    store.close()
    ordered = sorted(times)
    found = {name: ordered[int(p * len(ordered))] / 1e3 for name, p in PERCENTILES.items()}
    found["max"] = ordered[-1] / 1e3
    found["above_10_ms"] = sum(time for time in ordered if time > 10_000_000) / 1e6
    found["preempted"] = preempted
    print(json.dumps({**found, "mean": sum(ordered) / len(ordered) / 1e3}))


if __name__ == "__main__":
    run(*sys.argv[1:])
