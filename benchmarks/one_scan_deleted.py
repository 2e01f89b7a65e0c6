"""One store, one process: nine of ten pairs deleted, then everything scanned.

one_scan_deleted.py STORE DIRECTORY INPUT
    prints {"deleted_ns": ..., "deleted_cpu_ns": ..., ...}: ns for each pair that is left
"""

from __future__ import annotations

import json
import sys

from costs import MIB, disk_bytes, resident_mib, timed
from one_scan import walk
from settled_stores import SETTLED
from wanted import TOGETHER, Input

KEPT = 10  # one of so many


def run(name: str, directory: str, folder: str) -> None:
    given = Input(folder)
    order = given.chosen("order")
    left = len(order) // KEPT
    assert given.values  # loaded, so that they are not counted as the store's memory
    before = resident_mib()
    store = SETTLED[name](directory)
    ordered = store.ordered
    assert ordered is not None
    given.fill(store.store)
    for n in range(left, len(order), TOGETHER):
        store.delete_many(order[n : n + TOGETHER])
    assert walk(ordered.pairs()) == left
    figures = timed("deleted", left, lambda: walk(ordered.pairs()))
    figures["resident_mib"] = resident_mib() - before
    figures["disk_mib"] = disk_bytes(directory) / MIB
    assert [key for key, _ in ordered.pairs()] == sorted(order[:left])
    store.store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    run(*sys.argv[1:])
