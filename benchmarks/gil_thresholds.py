"""From which size on does a call gain by letting the GIL go? Where gil.h's thresholds come from.

    gil_thresholds.py [--trials 60]

Every size is written, or looked up, with the GIL held and with it let go, in turns, in three
situations: one thread alone; two threads that both do so; one beside one that only computes. Not
part of `make bench`: it promises nothing.

A trial takes milliseconds, and what counts is the ninth decile of the trials' rates: whatever else
the machine does can only slow a trial down, and does not meet all of them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import Literal

import skiplith

SECONDS = 4e-3  # of a trial
BESIDE_SECONDS = 4 * sys.getswitchinterval()  # of one that waits for a thread that computes
MOST_BYTES = 96 << 20  # in a memtable, before it is cleared: no flush meanwhile
Policy = Literal["hold", "release"]
POLICIES: list[Policy] = ["hold", "release"]

Call = Callable[[skiplith.DB], object]


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    make: Callable[[int], Call]  # one thread's call


def batch_of(operations: int, value_bytes: int) -> Size:
    def make(seed: int) -> Call:
        rng = random.Random(seed)
        batches = [
            [(rng.randbytes(16), rng.randbytes(value_bytes)) for _ in range(operations)]
            for _ in range(1 + 4096 // operations if value_bytes < 1024 else 4)
        ]
        return lambda db: db.put_many(rng.choice(batches))

    return Size(f"put_many, {operations} x {value_bytes} B", make)


def value_of(value_bytes: int) -> Size:
    def make(seed: int) -> Call:
        rng = random.Random(seed)
        keys = [rng.randbytes(16) for _ in range(64)]
        value = rng.randbytes(value_bytes)
        return lambda db: db.put(rng.choice(keys), value)

    return Size(f"put, {value_bytes} B", make)


def keys_of(count: int) -> Size:
    def make(seed: int) -> Call:
        rng = random.Random(seed)
        pairs = [(rng.randbytes(16), rng.randbytes(100)) for _ in range(max(count, 4096))]
        lists = [[key for key, _ in pairs[i : i + count]] for i in range(0, len(pairs), count)]

        def call(db: skiplith.DB) -> object:
            if pairs[0][0] not in db:
                db.put_many(pairs)
            return db.get_many(rng.choice(lists))

        return call

    return Size(f"get_many, {count} keys", make)


SIZES = [
    *(keys_of(count) for count in (4, 8, 16, 32, 64, 256, 1024)),
    *(batch_of(operations, 100) for operations in (1, 4, 8, 16, 32, 64, 256, 1024)),
    *(batch_of(4, value_bytes) for value_bytes in (256, 1024, 4096, 16384, 65536)),
    *(value_of(2**n) for n in range(10, 21)),
]


def write(db: skiplith.DB, calls: list[Call], seconds: float) -> float:
    """Calls per second of so many threads, in all."""
    ready = threading.Barrier(len(calls))
    done: list[tuple[float, float, int]] = []

    def work(call: Call) -> None:
        count = 0
        ready.wait()
        end = begun = perf_counter()
        while end - begun < seconds:
            call(db)
            count += 1
            end = perf_counter()
        done.append((begun, end, count))

    workers = [threading.Thread(target=work, args=(call,)) for call in calls]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed = max(end for _, end, _ in done) - min(begun for begun, _, _ in done)
    return sum(count for _, _, count in done) / elapsed


def write_beside(db: skiplith.DB, call: Call) -> tuple[float, float]:
    """Calls per second beside a thread that counts as fast as it gets to, and that one's rate."""
    ready, stop = threading.Event(), threading.Event()
    count = 0

    def compute() -> None:
        nonlocal count
        ready.set()
        while not stop.is_set():
            count += 1

    worker = threading.Thread(target=compute)
    worker.start()
    ready.wait()
    begun, counted = perf_counter(), count
    rate = write(db, [call], BESIDE_SECONDS)
    beside = (count - counted) / (perf_counter() - begun)
    stop.set()
    worker.join()
    return rate, beside


def measure(
    size: Size, dbs: dict[Policy, skiplith.DB], trials: int
) -> dict[tuple[Policy, str], float]:
    calls = [size.make(seed) for seed in (1, 2)]
    found: dict[tuple[Policy, str], list[float]] = defaultdict(list)
    for turn in range(trials):
        for policy in POLICIES if turn % 2 else reversed(POLICIES):
            db = dbs[policy]
            if db.stats().memtable_used_bytes > MOST_BYTES:
                db.clear()
            found[policy, "alone"].append(write(db, calls[:1], SECONDS))
            found[policy, "two"].append(write(db, calls, SECONDS))
            writes, counts = write_beside(db, calls[0])
            found[policy, "beside"].append(writes)
            found[policy, "computing"].append(counts)
    return {place: quantiles(rates, n=10)[-1] for place, rates in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    trials = parser.parse_args().trials
    print("hold / release; two: calls per second of both, against one alone that holds")
    head = ("alone, us", "two", "one beside, us", "computing, M/s")
    print(f"{'':28}" + "".join(f"{name:>24}" for name in head))
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        dbs = {
            policy: skiplith.open(f"{folder}/{policy}", gil=policy, memtable_bytes=256 << 20)
            for policy in POLICIES
        }
        for size in SIZES:
            rates = measure(size, dbs, trials)
            alone = rates["hold", "alone"]
            line = f"{size.name:28}"
            for place, show in (
                ("alone", lambda rate: f"{1e6 / rate:.1f}"),
                ("two", lambda rate, alone=alone: f"{rate / alone:.2f}x"),
                ("beside", lambda rate: f"{1e6 / rate:.1f}"),
                ("computing", lambda rate: f"{rate / 1e6:.1f}"),
            ):
                both = " / ".join(show(rates[policy, place]) for policy in POLICIES)
                line += f"{both:>24}"
            print(line, flush=True)
        for db in dbs.values():
            db.close()


if __name__ == "__main__":
    main()
