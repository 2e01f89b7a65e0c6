"""One store, one process: keys looked up when none of its files is in the page cache.

one_cold_get.py STORE DIRECTORY INPUT
    prints {"cold_ns": ..., "cold_cpu_ns": ..., "read_mib": ...}
"""

from __future__ import annotations

import json
import resource
import sys

from costs import MIB, disk_bytes, drop_page_cache, resident_mib, timed
from one_get import look_up
from settled_stores import SETTLED
from wanted import Input

GETS = 20_000
SECTOR = 512  # the unit of ru_inblock


def sectors_read() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock


def run(name: str, directory: str, folder: str) -> None:
    wanted = Input(folder).chosen("order")[:GETS]
    drop_page_cache(directory)
    before, sectors = resident_mib(), sectors_read()
    store = SETTLED[name](directory)
    assert store.is_settled()
    get = store.store.reader()
    figures = timed("cold", len(wanted), lambda: look_up(get, wanted))
    figures["resident_mib"] = resident_mib() - before
    figures["read_mib"] = (sectors_read() - sectors) * SECTOR / MIB
    figures["disk_mib"] = disk_bytes(directory) / MIB
    assert all(get(key) is not None for key in wanted)
    store.store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    run(*sys.argv[1:])
