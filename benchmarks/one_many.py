"""get_many by a thousand keys against a loop of gets, all pairs in the memtable, then in tables.

one_many.py DIRECTORY KEYS VALUES ORDER
    prints {"fresh, loop": ..., "fresh, get_many": ..., "settled, loop": ..., ...}: ns a key
"""

from __future__ import annotations

import gc
import json
import sys
from array import array
from pathlib import Path
from time import perf_counter_ns

import skiplith
from one_store import pieces
from rounds import KEY_BYTES

TOGETHER = 1000


def loop(db: skiplith.DB, keys: list[bytes]) -> list[bytes | None]:
    get = db.get
    return [get(key) for key in keys]


def many(db: skiplith.DB, keys: list[bytes]) -> list[bytes | None]:
    return db.get_many(keys)


WAYS = {"loop": loop, "get_many": many}


def measure(db: skiplith.DB, wanted: list[list[bytes]]) -> dict[str, float]:
    """Every key once each way; they take turns, with pieces that neither has just read."""
    ways = list(WAYS.items())
    spent = dict.fromkeys(WAYS, 0)
    gc.collect()
    gc.disable()
    for turn in range(2):
        for n, keys in enumerate(wanted):
            name, way = ways[(n + turn) % 2]
            begun = perf_counter_ns()
            way(db, keys)
            spent[name] += perf_counter_ns() - begun
    gc.enable()
    assert all(loop(db, keys) == many(db, keys) for keys in wanted[::10])
    return {name: ns / sum(map(len, wanted)) for name, ns in spent.items()}


def run(directory: str, keys_path: str, values_path: str, order_path: str) -> None:
    keys = pieces(keys_path, KEY_BYTES)
    values = pieces(values_path, Path(values_path).stat().st_size // len(keys))
    order = [keys[i] for i in array("I", Path(order_path).read_bytes())]
    wanted = [order[i : i + TOGETHER] for i in range(0, len(order), TOGETHER)]
    figures = {}
    with skiplith.open(directory, memtable_bytes=1 << 30) as db:
        db.put_many(zip(keys, values, strict=True))
        assert sum(level.tables for level in db.stats().levels) == 0
        figures["fresh"] = measure(db, wanted)
        db.compact()
    with skiplith.open(directory) as db:
        assert sum(1 for _ in db.items()) == len(keys)  # brings all of it into memory
        figures["settled"] = measure(db, wanted)
    found = {f"{where}, {way}": ns for where, ways in figures.items() for way, ns in ways.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    run(*sys.argv[1:])
