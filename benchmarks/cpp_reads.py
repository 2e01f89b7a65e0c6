"""Reads of whole stores from C++, at rest and not: ours, RocksDB's, LevelDB's.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from statistics import median

import one_cpp
from rounds import DIRECTORY, Figures, in_turns, print_figures, program, write_rounds
from rows import Row, report

STORES = ("skiplith", "rocksdb", "leveldb")
ROUNDS = 3
# Figures with their titles, in lines of a screen's width.
COLUMNS = (
    {"get": "get", "get_2_threads": "2 threads", "missing_get": "missing"},
    {"fresh_get": "fresh get", "cold_get": "cold get"},
    {"scan": "scan", "scan_backwards": "backwards"},
    {"seek_10": "seek + 10", "seek_100": "seek + 100"},
    {"get_beside_puts": "get beside", "put_beside_gets": "put beside"},
)


def measure(rounds: int) -> Figures:
    programs = {store: f"store_{store}_bench" for store in STORES}
    one_cpp.build(*programs.values())
    commands = {
        store: program("one_cpp.py", programs[store], f"reads/{store}", DIRECTORY)
        for store in STORES
    }
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        return in_turns(commands, rounds, folder)


def promised(figures: Figures) -> list[Row]:
    ours = figures["skiplith"]

    def ratio(one: list[float], other: list[float]) -> float:
        """How many times faster `one` is: the median of the rounds, in each of which both ran."""
        return median(b / a for a, b in zip(one, other, strict=True))

    gets, scans = (ratio(ours[name], figures["rocksdb"][name]) for name in ("get", "scan"))
    threads = ratio(ours["get_2_threads"], ours["get"])
    return [
        Row("C++: settled gets per second, against rocksdb", gets, ">=", 4),
        Row("C++: full scan, pairs per second, against rocksdb", scans, ">=", 2),
        Row("C++: settled gets, two threads in all against one", threads, ">=", 1.8),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds

    figures = measure(rounds)
    print(f"C++: keys of 16 bytes, values of 100, ns, median of {rounds} rounds")
    for columns in COLUMNS:
        print_figures(figures, columns)
    write_rounds(figures, "cpp_reads")
    return report(promised(figures), "cpp_reads_rows")


if __name__ == "__main__":
    sys.exit(main())
