"""One store: all pairs written, brought to rest, closed.

one_build.py STORE DIRECTORY INPUT
    prints {"space": ..., "disk_mib": ...}: bytes on the disk for one of keys and values
"""

from __future__ import annotations

import json
import sys

from costs import MIB, disk_bytes
from settled_stores import SETTLED
from wanted import Input


def run(name: str, directory: str, folder: str) -> None:
    given = Input(folder)
    store = SETTLED[name](directory)
    given.fill(store.store)
    store.settle()
    store.store.close()
    used = disk_bytes(directory)
    raw = sum(map(len, given.keys)) + sum(map(len, given.values))
    print(json.dumps({"space": used / raw, "disk_mib": used / MIB}))


if __name__ == "__main__":
    run(*sys.argv[1:])
