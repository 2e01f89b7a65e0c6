"""A store that has come to rest: gets, scans and space; then what opening takes.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import skiplith
from rounds import DIRECTORY, in_turns, print_figures, program, write_input
from rows import Row, report
from settled_stores import SETTLED

PAIRS, VALUE_BYTES, ROUNDS = 300_000, 100, 5
MIB = 1 << 20


def settled() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        inputs = write_input(Path(folder, "input"), PAIRS, VALUE_BYTES)
        commands = {name: program("one_settled.py", name, DIRECTORY, *inputs) for name in SETTLED}
        found = in_turns(commands, ROUNDS, folder)
    print_figures(found, {"get_ns": "get, ns", "scan_ns": "scan, ns"})
    print_figures(found, {"space": "space, x"}, digits=2)

    def ratio(figure: str) -> float:
        return median(found["plyvel"][figure]) / median(found["skiplith"][figure])

    gets, scans = ratio("get_ns"), ratio("scan_ns")
    space = median(found["skiplith, uncompressed"]["space"])
    return [
        Row("settled gets per second, against plyvel", gets, ">=", 1.5),
        Row("full scan, pairs per second, against plyvel", scans, ">=", 1),
        Row("space, uncompressed, against the raw data", space, "<=", 1.2),
    ]


def filled(directory: str, table_bytes: int) -> str:
    """A closed database with so much in tables and nothing in the log."""
    value = os.urandom(100_000)
    with skiplith.open(directory, compression="none") as db:
        for n in range(table_bytes // len(value)):
            db[b"%08d" % n] = value
        db.flush()
    return directory


def opening_seconds(directory: str) -> float:
    begun = perf_counter()
    db = skiplith.open(directory)
    seconds = perf_counter() - begun
    db.close()
    return seconds


def opening() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        small = filled(f"{folder}/small", 10 * MIB)
        large = filled(f"{folder}/large", 2048 * MIB)
        os.sync()
        pairs = [(opening_seconds(small), opening_seconds(large)) for _ in range(2 * ROUNDS)]
    few, many = (median(times) for times in zip(*pairs, strict=True))
    print(f"\nopening {10} MiB of tables: {few * 1e3:.1f} ms, {2048} MiB: {many * 1e3:.1f} ms")
    return [Row("opening 2 GiB, against 10 MiB", many / few, "<=", 2)]


def main() -> int:
    print(f"{PAIRS:,} random pairs of 16 and {VALUE_BYTES} bytes, one thread, median of {ROUNDS}")
    rows = settled() + opening()
    return report(rows, "settled_rows")


if __name__ == "__main__":
    sys.exit(main())
