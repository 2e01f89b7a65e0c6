"""Sorted pairs into a fresh database: load() against put_many().

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter_ns

import skiplith
from one_store import pieces
from rounds import DIRECTORY, KEY_BYTES, in_turns, print_figures, program, write_input, write_rounds
from rows import Row, report

PAIRS, VALUE_BYTES, ROUNDS, BATCH = 300_000, 100, 5, 1_000
Pairs = list[tuple[bytes, bytes]]


def put_many(db: skiplith.DB, pairs: Pairs) -> None:
    for begin in range(0, len(pairs), BATCH):
        db.put_many(pairs[begin : begin + BATCH])


def put_many_and_flush(db: skiplith.DB, pairs: Pairs) -> None:
    put_many(db, pairs)
    db.flush()


WAYS: dict[str, Callable[[skiplith.DB, Pairs], None]] = {
    "load": skiplith.DB.load,
    f"put_many by {BATCH:,}": put_many,
    f"put_many by {BATCH:,}, flush": put_many_and_flush,
}


def one(way: str, directory: str, keys_path: str, values_path: str) -> None:
    """One way, in a process of its own."""
    keys = sorted(pieces(keys_path, KEY_BYTES))
    values = pieces(values_path, Path(values_path).stat().st_size // len(keys))
    # Made anew, one after the other, as whoever reads them from somewhere makes them.
    pairs = [(bytes(bytearray(key)), value) for key, value in zip(keys, values, strict=True)]
    gc.collect()
    gc.disable()
    with skiplith.open(directory) as db:
        begun = perf_counter_ns()
        WAYS[way](db, pairs)
        pair_ns = (perf_counter_ns() - begun) / len(pairs)
        assert all(db[key] == value for key, value in pairs[::10])
    print(json.dumps({"pair_ns": pair_ns}))


def main() -> int:
    print(f"{PAIRS:,} sorted pairs of {KEY_BYTES} and {VALUE_BYTES} bytes, median of {ROUNDS}")
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        keys, values, _ = write_input(Path(folder, "input"), PAIRS, VALUE_BYTES)
        commands = {way: program("load.py", way, DIRECTORY, keys, values) for way in WAYS}
        found = in_turns(commands, ROUNDS, folder)
    print_figures(found, {"pair_ns": "a pair, ns"})
    write_rounds(found, "load")
    load, put_many, flushed = (median(found[way]["pair_ns"]) for way in WAYS)
    print(f"against put_many that ends in tables too: {flushed / load:.2f}x")
    return report(
        [Row("load of sorted pairs, against own put_many", put_many / load, ">=", 3)], "load_rows"
    )


if __name__ == "__main__":
    one(*sys.argv[1:]) if len(sys.argv) > 1 else sys.exit(main())
