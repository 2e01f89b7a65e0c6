"""Snapshots, transactions and increments.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from time import perf_counter_ns

import skiplith
from banks import BANKS
from rows import ROOT, Row, report
from skiplith import lab

ROUNDS = 5
PIECES, PIECE = 150, 1_000  # of random keys, in turns put and written by a transaction each
TRANSFERS = {"skiplith": 40_000, "lmdb": 40_000, "sqlite3, immediate": 8_000}
SHAPES = [(10_000, 1), (10_000, 4), (4, 1), (4, 4)]  # accounts, threads


def transfers() -> None:
    found: dict[tuple[str, int, int], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        for turn in range(ROUNDS):
            for accounts, threads in SHAPES:
                for name in random.Random(turn).sample(list(BANKS), len(BANKS)):
                    os.sync()
                    program = [sys.executable, str(ROOT / "benchmarks/one_bank.py"), name]
                    with tempfile.TemporaryDirectory(dir=folder) as directory:
                        numbers = map(str, (accounts, threads, TRANSFERS[name]))
                        answer = subprocess.run(
                            [*program, directory, *numbers], check=True, stdout=subprocess.PIPE
                        )
                    rate = json.loads(answer.stdout)["per_second"]
                    found[name, accounts, threads].append(rate)
    print("transfers per second, thousands, by accounts and threads")
    print(f"{'':22}" + "".join(f"{f'{a:,} / {t}':>22}" for a, t in SHAPES))
    for name in BANKS:
        line = f"{name:22}"
        for shape in SHAPES:
            rates = [rate / 1e3 for rate in found[(name, *shape)]]
            line += f"{f'{median(rates):.1f} [{min(rates):.1f}..{max(rates):.1f}]':>22}"
        print(line)


def ns_each(count: int, work: Callable[[], object]) -> float:
    begun = perf_counter_ns()
    for _ in range(count):
        work()
    return (perf_counter_ns() - begun) / count


def one_put() -> Row:
    """Pieces of both in turns on one database: the same memory, the same mood of the machine."""
    value = bytes(100)

    def puts(db: skiplith.DB, keys: list[bytes]) -> None:
        for key in keys:
            db[key] = value

    def transactions(db: skiplith.DB, keys: list[bytes]) -> None:
        for key in keys:
            with db.transaction() as t:
                t[key] = value

    ratios = []
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        for turn in range(ROUNDS):
            rng = random.Random(turn)
            times: dict[str, list[float]] = {"put": [], "transaction": []}
            with skiplith.open(f"{folder}/{turn}") as db:
                for _ in range(PIECES):
                    for name, work in (("put", puts), ("transaction", transactions)):
                        keys = [rng.randbytes(16) for _ in range(PIECE)]
                        times[name].append(ns_each(1, partial(work, db, keys)) / PIECE)
            ratios.append(median(times["transaction"]) / median(times["put"]))
            print(
                f"put {median(times['put']):.0f} ns, "
                f"one-put transaction {median(times['transaction']):.0f} ns"
            )
    ratio = median(ratios)
    spread = f"[{min(ratios):.2f}..{max(ratios):.2f}]"
    print(f"one-put transaction against a put: {ratio:.2f}x {spread}")
    return Row("one-put transaction, against a put", ratio, "<=", 2)


def snapshots() -> None:
    """Taken and closed in this thread, while native threads put."""
    print("\none snapshot, taken and closed, us:")
    for writers in (0, 1, 2):
        with (
            tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder,
            skiplith.open(folder) as db,
        ):
            stop = threading.Event()

            def write(db: skiplith.DB = db, stop: threading.Event = stop, n: int = writers) -> None:
                while not stop.is_set():
                    lab.workload(
                        db, ops=200_000, mix={"put": 1}, keys=100_000, threads=n, native=True
                    )

            thread = threading.Thread(target=write)
            if writers:
                thread.start()
            times = []
            for _ in range(20_000):
                begun = perf_counter_ns()
                db.snapshot().close()
                times.append(perf_counter_ns() - begun)
            stop.set()
            if writers:
                thread.join()
        times.sort()
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        print(f"  {writers} writers: p50 {p50 / 1e3:.2f}, p99 {p99 / 1e3:.2f}")


def increments() -> None:
    """Of one key, and of eight; Python threads, gil="auto"."""
    print("\nincrements per second, thousands, by threads")
    print(f"{'':10}" + "".join(f"{threads:>8}" for threads in (1, 2, 4, 8)))
    for keys in (1, 8):
        line = f"{f'{keys} keys':10}"
        for threads in (1, 2, 4, 8):
            rates = []
            for _ in range(3):
                with (
                    tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder,
                    skiplith.open(folder) as db,
                ):
                    each = 200_000 // threads

                    def count(
                        thread: int, db: skiplith.DB = db, each: int = each, keys: int = keys
                    ) -> None:
                        for n in range(each):
                            db.increment(b"%d" % ((n + thread) % keys))

                    begun = perf_counter_ns()
                    with ThreadPoolExecutor(threads) as pool:
                        list(pool.map(count, range(threads)))
                    rates.append(each * threads * 1e6 / (perf_counter_ns() - begun))
                    total = sum(int.from_bytes(value, "little") for value in db.values())
                    assert total == each * threads
            line += f"{median(rates):8.0f}"
        print(line)


def main() -> int:
    row = one_put()
    snapshots()
    increments()
    print()
    transfers()
    return report([row], "transactions_rows")


if __name__ == "__main__":
    sys.exit(main())
