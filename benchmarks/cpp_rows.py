"""The engine and its indexes from C++: against each other, and against RocksDB and LevelDB.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median

import one_cpp
from rows import Row, report

OURS = ("skiplist", "art")
OTHERS = ("rocksdb", "leveldb")
SHORT = 300_000
LONG = 2_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One operation on one index."""

    operation: str
    index: str
    threads: int

    @property
    def benchmark(self) -> tuple[str, str]:
        return "index_bench", f"{self.operation}/{self.index}/random/.*/threads:{self.threads}"


@dataclass(frozen=True, slots=True)
class Fill:
    """Random keys into one store: ours are called by their memtable."""

    store: str
    pairs: int
    threads: int

    @property
    def benchmark(self) -> tuple[str, str]:
        ours = self.store in OURS
        program = f"store_{'skiplith' if ours else self.store}_bench"
        name = f"fill_random/{self.store}{'/mapped' if ours else ''}/pairs:{self.pairs}/.*"
        return program, f"{name}/threads:{self.threads}"


Case = Part | Fill
INSERTS = [Part("insert", index, n) for index, n in product((*OURS, "mutex_map"), (1, 2))]
GETS = [Part("get", index, n) for index, n in product(OURS, (1, 2))]
SHORT_FILLS = [Fill(store, SHORT, n) for store, n in product((*OURS, *OTHERS), (1, 2, 4))]
LONG_FILLS = [
    *(Fill(store, LONG, 1) for store in (*OURS, *OTHERS)),
    *(Fill(store, LONG, 2) for store in OURS),
]
# What is compared runs side by side.
GROUPS: list[Sequence[Case]] = [INSERTS, GETS, SHORT_FILLS, LONG_FILLS]

# case -> nanoseconds per operation, of each round
Times = dict[Case, list[float]]


def one_round(turn: int) -> Iterator[Case]:
    """Everything once, each round in another order."""
    rng = random.Random(turn)
    for group in rng.sample(GROUPS, len(GROUPS)):
        yield from rng.sample(group, len(group))


def measure(rounds: int) -> tuple[Times, Times]:
    wall: Times = defaultdict(list)
    flushed: Times = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as directory:
        for turn in range(rounds):
            for case in one_round(turn):
                progress = f"round {turn + 1} of {rounds}: {case}"
                print(f"{progress:79.79}", end="\r", file=sys.stderr)
                found = one_cpp.run(*case.benchmark, directory)
                wall[case].append(found["wall_ns"])
                if isinstance(case, Fill):
                    flushed[case].append(found["flushed_ns"])
    print(" " * 79, end="\r", file=sys.stderr)
    return wall, flushed


def spread(found: list[float]) -> str:
    return f"{min(found):.0f}..{max(found):.0f}"


def print_parts(wall: Times) -> None:
    print("\nIndexes, 450,000 random keys")
    print(f"{'':30}{'ns':>8}{'spread':>14}")
    for part in (*INSERTS, *GETS):
        name = f"{part.index}, {part.operation}, threads: {part.threads}"
        print(f"{name:30}{median(wall[part]):8.0f}{spread(wall[part]):>14}")


def print_fills(wall: Times, flushed: Times) -> None:
    print("\nWhole stores, puts of random keys: until the last has returned, until all is flushed;")
    print("how many times faster our two are")
    print(f"{'':33}{'ns':>8}{'spread':>14}{'flushed':>9}{'spread':>14}{'skiplist':>10}{'art':>7}")
    for fill in (*SHORT_FILLS, *LONG_FILLS):
        line = f"{f'{fill.store}, {fill.pairs:,}, threads: {fill.threads}':33}"
        line += f"{median(wall[fill]):8.0f}{spread(wall[fill]):>14}"
        line += f"{median(flushed[fill]):9.0f}{spread(flushed[fill]):>14}"
        skiplist, art = (faster(Fill(ours, fill.pairs, fill.threads), fill, wall) for ours in OURS)
        print(f"{line}{skiplist:9.1f}x{art:6.1f}x")


def faster(one: Case, other: Case, times: Times) -> float:
    """How many times: the median of the rounds, in each of which both ran."""
    return median(b / a for a, b in zip(times[one], times[other], strict=True))


def promised(wall: Times) -> list[Row]:
    rows = []

    def promise(what: str, one: Case, other: Case, least: float) -> None:
        rows.append(Row(what, faster(one, other, wall), ">=", least))

    for threads, least in ((1, 1.3), (2, 2.5)):
        ours, theirs = (Part("insert", index, threads) for index in ("skiplist", "mutex_map"))
        promise(f"skiplist against mutex_map, inserts, threads: {threads}", ours, theirs, least)
    for operation, threads in product(("insert", "get"), (1, 2)):
        art, skiplist = (Part(operation, index, threads) for index in ("art", "skiplist"))
        promise(f"art against skiplist, {operation}s, threads: {threads}", art, skiplist, 2.5)
    for pairs, store in product((SHORT, LONG), OURS):
        one, two = (Fill(store, pairs, threads) for threads in (1, 2))
        promise(f"{store}, {pairs:,} puts, two threads against one", two, one, 1.6)
    for store in OTHERS:
        what = f"art against {store}, {LONG:,} puts, one thread"
        promise(what, Fill("art", LONG, 1), Fill(store, LONG, 1), 4)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    one_cpp.build(*{case.benchmark[0] for group in GROUPS for case in group})
    print(f"C++, keys of 16 bytes, values of 100, no sync, median of {arguments.rounds} rounds")
    wall, flushed = measure(arguments.rounds)
    print_parts(wall)
    print_fills(wall, flushed)
    return report(promised(wall), "cpp_rows")


if __name__ == "__main__":
    sys.exit(main())
