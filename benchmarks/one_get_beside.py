"""One store, one process: a thread looks keys up while another one writes as fast as it can.

one_get_beside.py STORE DIRECTORY BUILT INPUT
    prints {"beside_ns": ..., "beside_cpu_ns": ..., "writes_per_second": ...}

What one_build.py has written at BUILT is copied to DIRECTORY first: others read it, too.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from itertools import cycle
from time import perf_counter

from costs import MIB, disk_bytes, resident_mib, timed
from one_get import look_up
from settled_stores import SETTLED
from wanted import Input

GETS = 200_000


def run(name: str, directory: str, built: str, folder: str) -> None:
    shutil.copytree(built, directory, dirs_exist_ok=True)
    given = Input(folder)
    wanted = given.chosen("order")[:GETS]
    written = list(zip(given.keys, reversed(given.values), strict=True))
    before = resident_mib()
    store = SETTLED[name](directory)
    assert store.is_settled()
    get, put = store.store.reader(), store.store.put
    assert all(get(key) is not None for key in wanted)
    begun, done = threading.Event(), threading.Event()
    rates = []

    def write() -> None:
        begun.set()
        writes, since = 0, perf_counter()
        for key, value in cycle(written):
            put(key, value)
            writes += 1
            if done.is_set():
                break
        rates.append(writes / (perf_counter() - since))

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    figures = timed("beside", len(wanted), lambda: look_up(get, wanted))
    done.set()
    writer.join()
    figures["writes_per_second"] = rates[0]
    figures["resident_mib"] = resident_mib() - before
    figures["disk_mib"] = disk_bytes(directory) / MIB
    either = zip(given.keys[::10], given.values[::10], written[::10], strict=True)
    assert all(get(key) in (old, new) for key, old, (_, new) in either)
    store.store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    run(*sys.argv[1:])
