"""One store, one process, one of YCSB's workloads, on a store at rest.

one_ycsb.py WORKLOAD STORE DIRECTORY BUILT INPUT OPERATIONS
    prints {"operation_ns": ..., "operation_cpu_ns": ..., "resident_mib": ..., "disk_mib": ...}

What one_build.py has written at BUILT is copied to DIRECTORY first: the next workload begins there.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable

from costs import MIB, disk_bytes, resident_mib, timed
from one_scan import walk
from settled_stores import SETTLED, Settled
from wanted import Input
from ycsb_plan import Operation, Records, plan


def doing(store: Settled) -> dict[str, Callable[[Operation], object]]:
    get, put = store.store.reader(), store.store.put
    assert store.ordered is not None
    first = store.ordered.first

    def read(operation: Operation) -> None:
        assert get(operation.key) is not None

    def write(operation: Operation) -> None:
        put(operation.key, operation.value)

    def scan(operation: Operation) -> None:
        walk(first(operation.key, operation.length))

    def modify(operation: Operation) -> None:
        read(operation)
        write(operation)

    return {
        "read": read,
        "read latest": read,
        "update": write,
        "insert": write,
        "scan": scan,
        "modify": modify,
    }


def run(workload: str, name: str, directory: str, built: str, folder: str, operations: str) -> None:
    shutil.copytree(built, directory, dirs_exist_ok=True)
    records = Records(Input(folder).keys)
    count = len(records.keys)
    planned = plan(workload, records, int(operations))
    before = resident_mib()
    store = SETTLED[name](directory)
    assert store.is_settled()
    does = doing(store)
    assert store.ordered is not None
    assert walk(store.ordered.pairs()) == count

    def work() -> None:
        for operation in planned:
            does[operation.kind](operation)

    figures = timed("operation", len(planned), work)
    figures["resident_mib"] = resident_mib() - before
    figures["disk_mib"] = disk_bytes(directory) / MIB
    written = {operation.key: operation.value for operation in planned if operation.value}
    get = store.store.reader()
    assert all(get(key) == value for key, value in written.items())
    assert walk(store.ordered.keys()) == len(records.keys)
    store.store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    run(*sys.argv[1:])
