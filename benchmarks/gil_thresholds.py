"""From which size on does a write gain by letting the GIL go? Where gil.h's thresholds come from.

    gil_thresholds.py [--rounds 7]

Every size is written with the GIL held and with it let go, in turns, in three situations: one
thread alone; two threads that both write; one that writes beside one that only computes. Not part
of `make bench`: it promises nothing.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Literal

import skiplith

SECONDS, BYTES = 0.1, 32 << 20  # a run ends with the first of them
POLICIES: list[Literal["hold", "release"]] = ["hold", "release"]

Call = Callable[[skiplith.DB], object]


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    bytes: int
    call: Callable[[int], Call]  # makes one thread's call


def batch_of(operations: int, value_bytes: int) -> Size:
    def make(seed: int) -> Call:
        rng = random.Random(seed)
        batches = [
            [(rng.randbytes(16), rng.randbytes(value_bytes)) for _ in range(operations)]
            for _ in range(max(1, 2048 // operations))
        ]
        return lambda db: db.put_many(rng.choice(batches))

    size = operations * (16 + value_bytes)
    return Size(f"put_many of {operations} x {value_bytes} B", size, make)


def value_of(value_bytes: int) -> Size:
    def make(seed: int) -> Call:
        rng = random.Random(seed)
        keys = [rng.randbytes(16) for _ in range(64)]
        value = rng.randbytes(value_bytes)
        return lambda db: db.put(rng.choice(keys), value)

    return Size(f"put of {value_bytes} B", 16 + value_bytes, make)


SIZES = [
    *(batch_of(2**n, 100) for n in range(9)),
    *(batch_of(4, 2**n) for n in range(8, 17, 2)),
    *(value_of(2**n) for n in range(10, 21)),
]


def write(db: skiplith.DB, size: Size, threads: int) -> float:
    """Calls per second of so many threads, in all."""
    ready = threading.Barrier(threads)
    done: list[tuple[float, float, int]] = []

    def work(seed: int) -> None:
        call, calls = size.call(seed), 0
        most = BYTES // threads // size.bytes + 1
        ready.wait()
        end = begun = perf_counter()
        while end - begun < SECONDS and calls < most:
            call(db)
            calls += 1
            end = perf_counter()
        done.append((begun, end, calls))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = max(end for _, end, _ in done) - min(begun for begun, _, _ in done)
    return sum(calls for _, _, calls in done) / seconds


@contextmanager
def computing() -> Iterator[Callable[[], float]]:
    """A thread that counts as fast as it gets to; its rate since the last time it was asked."""
    stop = threading.Event()
    count = 0

    def work() -> None:
        nonlocal count
        while not stop.is_set():
            for _ in range(100):
                count += 1

    asked = (perf_counter(), 0)

    def rate() -> float:
        nonlocal asked
        before, asked = asked, (perf_counter(), count)
        return (asked[1] - before[1]) / (asked[0] - before[0])

    worker = threading.Thread(target=work)
    worker.start()
    yield rate
    stop.set()
    worker.join()


def measure(rounds: int) -> None:
    head = ("alone, us", "two write, k/s", "writer beside, k/s", "computing")
    print(f"{'hold / release':28}" + "".join(f"{name:>26}" for name in head))
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        dbs = {
            policy: skiplith.open(f"{folder}/{policy}", gil=policy, memtable_bytes=256 << 20)
            for policy in POLICIES
        }
        for size in SIZES:
            found: dict[tuple[str, str], list[float]] = defaultdict(list)
            for turn in range(rounds):
                for policy in POLICIES if turn % 2 else reversed(POLICIES):
                    db = dbs[policy]
                    for threads, name in ((1, "alone"), (2, "two")):
                        db.clear()
                        found[policy, name].append(write(db, size, threads))
                    db.clear()
                    with computing() as rate:
                        rate()
                        found[policy, "writer"].append(write(db, size, 1))
                        found[policy, "computing"].append(rate())
            line = f"{size.name:28}"
            for name, show in (
                ("alone", lambda rate: 1e6 / rate),
                ("two", lambda rate: rate / 1e3),
                ("writer", lambda rate: rate / 1e3),
                ("computing", lambda rate: rate / 1e6),
            ):
                held, released = (show(median(found[policy, name])) for policy in POLICIES)
                line += f"{f'{held:.3g} / {released:.3g}':>26}"
            print(line, flush=True)
        for db in dbs.values():
            db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    measure(parser.parse_args().rounds)


if __name__ == "__main__":
    main()
