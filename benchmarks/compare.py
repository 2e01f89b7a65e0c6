"""The comparison at length: by batch, by value size, by threads, and how long single puts take.

compare.py [--quick]      tables here; every round as CSV and plots in build/bench/

One thing is varied at a time, from single puts of 100 bytes by one thread.
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import tail
from rounds import DIRECTORY, Rounds, in_turns, program, write_input
from rows import OUT, ROOT


@dataclass(frozen=True, slots=True)
class Case:
    store: str
    batch: int = 1
    value_bytes: int = 100
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What is varied, and of which operations the time is asked for."""

    field: Literal["batch", "value_bytes", "threads"]
    values: tuple[int, ...]
    operations: tuple[str, ...]
    stores: tuple[str, ...]

    def cases(self, store: str) -> list[Case]:
        usual: dict[str, Any] = asdict(Case(store))
        return [Case(**{**usual, self.field: value}) for value in self.values]


SHARED = (
    "skiplith",
    "skiplith, skiplist",
    "plyvel",
    "rocksdict",
    "lmdb",
    "sqlite3",
    "dict",
)
QUESTIONS = (
    Question("batch", (1, 10, 100, 1000), ("put",), (*SHARED, "lmdb, one transaction")),
    Question(
        "value_bytes",
        (16, 100, 1 << 10, 16 << 10, 64 << 10),
        ("put", "get"),
        (*SHARED, "lmdb, one transaction", "plyvel, 4 MiB buffer"),
    ),
    Question(
        "threads",
        (1, 2, 4, 8),
        ("put", "get"),
        (*SHARED, "skiplith, mutex_map", "skiplith, rwlock_map"),
    ),
)

Results = dict[Case, Rounds]


@dataclass(frozen=True, slots=True)
class Size:
    pairs: int  # of each case, but with large values not more than so many bytes
    value_bytes: int
    rounds: int
    puts: int  # of which each is timed
    put_rounds: int


FULL = Size(pairs=100_000, value_bytes=64 << 20, rounds=5, puts=1_000_000, put_rounds=5)
QUICK = Size(pairs=5_000, value_bytes=8 << 20, rounds=1, puts=50_000, put_rounds=1)


def measure(size: Size) -> Results:
    cases = {case for q in QUESTIONS for store in q.stores for case in q.cases(store)}
    ordered = sorted(cases, key=lambda c: (c.store, c.batch, c.value_bytes, c.threads))
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        inputs = {
            value: write_input(
                Path(folder, f"input-{value}"), min(size.pairs, size.value_bytes // value), value
            )
            for value in sorted({case.value_bytes for case in cases})
        }
        commands = {
            case: program(
                "one_store.py",
                case.store,
                DIRECTORY,
                *inputs[case.value_bytes],
                case.batch,
                case.threads,
            )
            for case in ordered
        }
        return in_turns(commands, size.rounds, folder)


def print_tables(results: Results) -> None:
    for q in QUESTIONS:
        for operation in q.operations:
            print(f"\n{operation} by {q.field}, us each, median and spread")
            print(f"{'':24}" + "".join(f"{value:>24,}" for value in q.values))
            for store in q.stores:
                line = f"{store:24}"
                for case in q.cases(store):
                    us = [ns / 1e3 for ns in results[case][f"{operation}_ns"]]
                    cell = f"{median(us):.3g} [{min(us):.3g}..{max(us):.3g}]"
                    line += f"{cell:>24}"
                print(line)


def write_csv(results: Results) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / "compare.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["store", "batch", "value_bytes", "threads", "figure", "round", "value"])
        for c, found in results.items():
            for figure, values in found.items():
                for n, value in enumerate(values, 1):
                    row = [c.store, c.batch, c.value_bytes, c.threads, figure, n, f"{value:.1f}"]
                    writer.writerow(row)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about a minute, says little")
    size = QUICK if parser.parse_args().quick else FULL
    print(
        f"{size.pairs:,} random keys of 16 bytes, no sync, CPython {platform.python_version()}, "
        f"median of {size.rounds}"
    )
    results = measure(size)
    print_tables(results)
    write_csv(results)
    print()
    slow = tail.measure([name for name in SHARED if name != "dict"], size.puts, size.put_rounds)
    import plots  # only here: what measures needs no plotting library

    for path in (OUT / "compare.csv", *plots.draw(QUESTIONS, results, slow)):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
