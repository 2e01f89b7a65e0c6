"""One store, one process: every key looked up, as many that are not there, and some very often.

one_get.py fresh|settled STORE DIRECTORY INPUT
    prints {"get_ns": ..., "get_cpu_ns": ..., "missing_ns": ..., "zipfian_ns": ..., ...}

fresh: all pairs are written first, and lie in memory; settled: one_build.py has written them.
"""

from __future__ import annotations

import json
import sys
from functools import partial

from costs import MIB, disk_bytes, resident_mib, timed
from settled_stores import SETTLED
from stores import Get
from wanted import Input


def look_up(get: Get, keys: list[bytes]) -> None:
    for key in keys:
        get(key)


def run(where: str, name: str, directory: str, folder: str) -> None:
    given = Input(folder)
    order = given.chosen("order")
    lists = {"get": order, "missing": given.missing(), "zipfian": given.chosen("zipfian")}
    if where == "fresh":
        assert given.values  # loaded, so that they are not counted as the store's memory
    before = resident_mib()
    store = SETTLED[name](directory)
    if where == "fresh":
        given.fill(store.store)
        assert store.in_memory()
    else:
        assert store.is_settled()
        # Brings into memory what the store keeps there; all have room for all of it.
        if store.ordered is not None:
            assert sum(1 for _ in store.ordered.pairs()) == len(order)
    get = store.store.reader()
    assert all(get(key) is not None for key in order)
    figures: dict[str, float] = {}
    for verb, keys in lists.items():
        figures |= timed(verb, len(keys), partial(look_up, get, keys))
    figures["resident_mib"] = resident_mib() - before
    figures["disk_mib"] = disk_bytes(directory) / MIB
    assert all(get(key) == value for key, value in given.samples())
    assert all(get(key) is None for key in lists["missing"][::10])
    store.store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    run(*sys.argv[1:])
