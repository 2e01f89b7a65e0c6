"""A store that has come to rest: gets, scans and space; then what opening takes.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from time import perf_counter

import skiplith
from rows import ROOT, Row, report
from run import write_input
from stores import SETTLED

PAIRS, ROUNDS = 300_000, 5
MIB = 1 << 20


def settled() -> list[Row]:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        inputs = write_input(Path(folder), PAIRS)
        for turn in range(ROUNDS):
            for name in random.Random(turn).sample(list(SETTLED), len(SETTLED)):
                os.sync()
                program = [sys.executable, str(ROOT / "benchmarks/one_settled.py"), name]
                with tempfile.TemporaryDirectory(dir=folder) as directory:
                    answer = subprocess.run(
                        [*program, directory, *inputs], check=True, stdout=subprocess.PIPE
                    )
                for figure, value in json.loads(answer.stdout).items():
                    found[name][figure].append(value)
    print(f"{'settled':26}{'get, ns':>10}{'spread':>14}{'scan, ns':>10}{'spread':>14}{'space':>8}")
    for name, figures in found.items():
        times = ""
        for ns in (figures["get_ns"], figures["scan_ns"]):
            times += f"{median(ns):10.0f}{f'{min(ns):.0f}..{max(ns):.0f}':>14}"
        print(f"{name:26}{times}{median(figures['space']):7.2f}x")

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


def recovering() -> None:
    """A killed writer's log of about memtable_bytes is what an opening replays."""
    print("\nrecovery, by memtable_bytes, with the active memtable nearly full:")
    for size in (1 * MIB, 16 * MIB, 64 * MIB):
        with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
            count = size // 250
            code = (
                "import os, sys, signal, skiplith\n"
                f"db = skiplith.open(sys.argv[1], memtable_bytes={size})\n"
                f"for n in range({count}): db[os.urandom(16)] = bytes(100)\n"
                "os.kill(os.getpid(), signal.SIGKILL)\n"
            )
            subprocess.run([sys.executable, "-c", code, f"{folder}/db"], check=False)
            with skiplith.open(f"{folder}/db", memtable_bytes=size) as db:
                stats = db.stats()
            print(
                f"  {size // MIB:3} MiB: {stats.recovered_records:8,} records in "
                f"{stats.recovery_seconds * 1e3:6.1f} ms"
            )


def main() -> int:
    print(f"{PAIRS:,} random pairs of 16 and 100 bytes, one thread, median of {ROUNDS}")
    rows = settled() + opening()
    recovering()
    return report(rows, "settled_rows")


if __name__ == "__main__":
    sys.exit(main())
