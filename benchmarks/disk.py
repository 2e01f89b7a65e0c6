"""What tables take: space on the disk, and the time to open them.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import skiplith
from costs import MIB
from rounds import DIRECTORY, in_turns, print_figures, program
from rows import Row, report
from wanted import Input

PAIRS, VALUE_BYTES, ROUNDS = 300_000, 100, 5
LARGE_MIB = 2048
UNCOMPRESSED = "skiplith, uncompressed"
STORES = ("skiplith", UNCOMPRESSED, "plyvel", "rocksdict", "lmdb")


def space(pairs: int, rounds: int, stores: list[str]) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        given = Input.write(Path(folder, "input"), pairs, VALUE_BYTES)
        commands = {name: program("one_build.py", name, DIRECTORY, given) for name in stores}
        found = in_turns(commands, rounds, folder)
    print_figures(found, {"space": "space, x"}, digits=2)
    used = median(found[UNCOMPRESSED]["space"])
    return [Row("space, uncompressed, against the raw data", used, "<=", 1.2)]


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


def opening(large_mib: int, rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        small = filled(f"{folder}/small", 10 * MIB)
        large = filled(f"{folder}/large", large_mib * MIB)
        os.sync()
        pairs = [(opening_seconds(small), opening_seconds(large)) for _ in range(2 * rounds)]
    few, many = (median(times) for times in zip(*pairs, strict=True))
    print(f"\nopening 10 MiB of tables: {few * 1e3:.1f} ms, {large_mib} MiB: {many * 1e3:.1f} ms")
    return [Row(f"opening {large_mib} MiB, against 10 MiB", many / few, "<=", 2)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--large-mib", type=int, default=LARGE_MIB)
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    given = parser.parse_args()
    print(f"{given.pairs:,} random pairs of 16 and {VALUE_BYTES} bytes, median of {given.rounds}")
    rows = space(given.pairs, given.rounds, given.stores)
    return report(rows + opening(given.large_mib, given.rounds), "disk_rows")


if __name__ == "__main__":
    sys.exit(main())
