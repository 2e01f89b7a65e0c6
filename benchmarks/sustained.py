"""What a store does all day: 20 million puts over 5 million keys, ours and RocksDB's, from C++.

`make sustained` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from statistics import median

import one_cpp
from rounds import DIRECTORY, Figures, in_turns, print_figures, program, write_rounds
from rows import Row, report

OURS, PEER = "art", "rocksdb"
PROGRAMS = {OURS: "store_skiplith_bench", PEER: "store_rocksdb_bench"}
ROUNDS = 3
CACHE_MIB = 256
# Figures with their titles, and how many digits, in lines of a screen's width.
COLUMNS = (
    ({"wall_ns": "put, ns", "settled_ns": "settled, ns"}, 0),
    ({"p9999_us": "p99.99, us", "above_10_ms": ">10 ms, ms"}, 0),
    ({"written": "written, x", "space": "space, x", "space_compacted": "compacted"}, 2),
    ({"resident_MiB": "memory, MiB", "resident_memtables_MiB": "memtables"}, 0),
)
# The same, with a full cache.
CACHED_COLUMNS = {
    "cached_resident_MiB": "memory, MiB",
    "cached_anonymous_MiB": "anonymous",
    "cached_memtables_MiB": "memtables",
}


def measure(rounds: int) -> Figures:
    one_cpp.build(*PROGRAMS.values())
    commands = {
        store: program("one_cpp.py", built, f"sustained/{store}", DIRECTORY)
        for store, built in PROGRAMS.items()
    }
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        return in_turns(commands, rounds, folder)


def promised(figures: Figures) -> list[Row]:
    ours, its = figures[OURS], figures[PEER]

    def share(name: str) -> float:
        """Of RocksDB's figure: the median of the rounds, in each of which both ran."""
        return median(a / b for a, b in zip(ours[name], its[name], strict=True))

    memory = zip(ours["resident_MiB"], ours["resident_memtables_MiB"], strict=True)
    over_percent = median((a / (b + CACHE_MIB) - 1) * 100 for a, b in memory)
    return [
        Row(
            "sustained overwrite until settled, against rocksdb", 1 / share("settled_ns"), ">=", 1.5
        ),
        Row("sustained: bytes written, against rocksdb's", share("written"), "<=", 1),
        Row("sustained: space, settled", median(ours["space"]), "<=", 1.15),
        Row("sustained: memory over memtables and cache", over_percent, "<=", 15, "%"),
        Row("sustained: p99.99 of a put, against rocksdb", share("p9999_us"), "<=", 0.5),
        Row("sustained: puts above 10 ms, against rocksdb", share("above_10_ms"), "<=", 0.5),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds

    figures = measure(rounds)
    print(f"20,000,000 puts over 5,000,000 keys, C++, median of {rounds} rounds")
    for columns, digits in COLUMNS:
        print_figures(figures, columns, digits)
    print("with a full cache")
    print_figures(figures, CACHED_COLUMNS)
    write_rounds(figures, "sustained")
    return report(promised(figures), "sustained_rows")


if __name__ == "__main__":
    sys.exit(main())
