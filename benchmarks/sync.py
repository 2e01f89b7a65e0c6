"""Puts that wait for the disk, by number of threads, against other stores.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from one_sync import SYNCED
from rows import ROOT, Row, report

ROUNDS = 7
SECONDS = 0.5  # of puts, in each process
THREADS = (1, 2, 4, 8, 16)
# Of these figures something is promised: in each round they come one after the other, and the ratio
# is the median of the rounds' ratios, since what else the machine does changes from round to round.
ONE, OURS, THEIRS = PROMISED = ("skiplith", 1), ("skiplith", 8), ("plyvel", 8)

Runs = dict[tuple[str, int], list[float]]


def file_system(directory: Path) -> str:
    command = ["findmnt", "--noheadings", "--output", "FSTYPE", "--target", str(directory)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def bare_fdatasync_us(directory: Path, count: int = 300) -> float:
    """The least that a put alone can take: one page of an allocated, mapped file, as our log is."""
    with (directory / "bare").open("w+b") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20)
        with mmap.mmap(file.fileno(), 1 << 20) as page:
            times = []
            for n in range(count):
                page[4096 + n * 128 : 4096 + n * 128 + 128] = bytes(range(128))
                begun = perf_counter_ns()
                os.fdatasync(file.fileno())
                times.append((perf_counter_ns() - begun) / 1e3)
    return median(times)


def measure(folder: Path) -> tuple[Runs, dict[int, list[float]], list[float]]:
    """Puts per second, our fdatasyncs per put, and the disk alone, of each round."""
    rates: Runs = defaultdict(list)
    syncs: dict[int, list[float]] = defaultdict(list)
    bare = []
    others = [shape for shape in product(SYNCED, THREADS) if shape not in PROMISED]
    for turn in range(ROUNDS):
        bare.append(bare_fdatasync_us(folder))
        shuffle = random.Random(turn).sample
        for name, threads in shuffle(PROMISED, len(PROMISED)) + shuffle(others, len(others)):
            program = [sys.executable, str(ROOT / "benchmarks/one_sync.py"), name]
            with tempfile.TemporaryDirectory(dir=folder) as directory:
                command = [*program, directory, str(threads), str(SECONDS)]
                answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            found = json.loads(answer.stdout)
            rates[name, threads].append(found["per_second"])
            if name == "skiplith":
                syncs[threads].append(found["syncs_per_put"])
    return rates, syncs, bare


def print_table(rates: Runs, syncs: dict[int, list[float]]) -> None:
    print("puts per second, thousands, by threads")
    print(f"{'':22}" + "".join(f"{threads:>19}" for threads in THREADS))
    for name in SYNCED:
        line = f"{name:22}"
        for threads in THREADS:
            found = [rate / 1e3 for rate in rates[name, threads]]
            line += f"{f'{median(found):.1f} [{min(found):.1f}..{max(found):.1f}]':>19}"
        print(line)
    each = "".join(f"{median(syncs[threads]):>19.2f}" for threads in THREADS)
    print(f"{'our fdatasyncs a put':22}{each}")


def main() -> int:
    scratch = ROOT / "build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-", dir=scratch) as folder:
        kind = file_system(Path(folder))
        print(f"values of 100 bytes, put with sync on {kind}, median of {ROUNDS} and spread")
        rates, syncs, bare = measure(Path(folder))
    print(f"one fdatasync alone: {median(bare):.0f} us [{min(bare):.0f}..{max(bare):.0f}]")
    print_table(rates, syncs)

    def ratio(other: tuple[str, int]) -> float:
        return median(a / b for a, b in zip(rates[OURS], rates[other], strict=True))

    rows = [
        Row("sync=True, 8 threads against 1", ratio(ONE), ">=", 4),
        Row("sync=True, 8 threads, against plyvel's", ratio(THEIRS), ">=", 1.5),
    ]
    return report(rows, "sync_rows")


if __name__ == "__main__":
    sys.exit(main())
