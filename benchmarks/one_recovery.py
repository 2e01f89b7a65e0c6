"""One store whose writer was killed, opened again.

    one_recovery.py STORE DIRECTORY RECORDS BUFFER_BYTES
        prints {"open_ms": ..., "per_second": ...}

The writer is a child of its own, so that this process opens a store for the first time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

VALUE_BYTES = 100


def skiplith(**options: Any) -> Callable[[str, int], Any]:
    import skiplith

    return lambda path, size: skiplith.open(path, memtable_bytes=size, **options)


def plyvel() -> Callable[[str, int], Any]:
    import plyvel

    return lambda path, size: plyvel.DB(path, create_if_missing=True, write_buffer_size=size)


def rocksdict() -> Callable[[str, int], Any]:
    from rocksdict import Options, Rdict

    def opened(path: str, size: int) -> Any:
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(size)
        return Rdict(path, options)

    return opened


# Each imports its module, and gives what opens a store.
OPENERS: dict[str, Callable[[], Callable[[str, int], Any]]] = {
    "skiplith": skiplith,
    "skiplith, skiplist": lambda: skiplith(memtable="skiplist"),
    "plyvel": plyvel,
    "rocksdict": rocksdict,
}


def key_of(n: int) -> bytes:
    """Any order but ascending: an odd factor takes no number to the same place twice."""
    return b"%016x" % (n * 0x9E3779B97F4A7C15 % 2**64)


def write(name: str, directory: str, records: int, buffer_bytes: int) -> None:
    put = OPENERS[name]()(directory, buffer_bytes).put
    for n in range(records):
        put(key_of(n), os.urandom(VALUE_BYTES))
    os.kill(os.getpid(), signal.SIGKILL)


def recover(name: str, directory: str, records: int, buffer_bytes: int) -> None:
    numbers = [str(records), str(buffer_bytes)]
    killed = subprocess.run([sys.executable, __file__, "write", name, directory, *numbers])
    assert killed.returncode == -signal.SIGKILL
    open_store = OPENERS[name]()
    begun = perf_counter()
    store = open_store(directory, buffer_bytes)
    seconds = perf_counter() - begun
    assert all(len(store.get(key_of(n))) == VALUE_BYTES for n in range(records))
    store.close()
    print(json.dumps({"open_ms": seconds * 1e3, "per_second": records / seconds}))


if __name__ == "__main__":
    run = recover
    if sys.argv[1] == "write":
        run = write
        del sys.argv[1]
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
