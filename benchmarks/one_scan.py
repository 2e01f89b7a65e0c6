"""One store at rest, one process: everything scanned, ranges of a hundred pairs, ten from a key on.

one_scan.py STORE DIRECTORY INPUT
    prints {"pairs_ns": ..., "pairs_cpu_ns": ..., "backwards_ns": ..., ...}: ns a pair,
    and of "range" and "seek" ns for all of one's pairs
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable

from costs import MIB, disk_bytes, resident_mib, timed
from settled_stores import SETTLED
from wanted import Input

RANGE, SEEK = 100, 10  # pairs


def walk(things: Iterable[object]) -> int:
    count = 0
    for _ in things:
        count += 1
    return count


def run(name: str, directory: str, folder: str) -> None:
    keys = sorted(Input(folder).keys)
    rng = random.Random(3)
    starts = [rng.randrange(len(keys) - RANGE) for _ in range(len(keys) // 20)]
    ranges = [(keys[n], keys[n + RANGE]) for n in starts[: len(starts) // 5]]
    seeks = [keys[n] for n in starts]
    before = resident_mib()
    store = SETTLED[name](directory)
    assert store.is_settled()
    ordered = store.ordered
    assert ordered is not None

    def all_ranges() -> int:
        return sum(walk(ordered.between(start, stop, RANGE)) for start, stop in ranges)

    def all_seeks() -> int:
        return sum(walk(ordered.first(start, SEEK)) for start in seeks)

    # Of each how many operations are timed, and how many pairs they find.
    verbs: dict[str, tuple[Callable[[], int], int, int]] = {
        "pairs": (lambda: walk(ordered.pairs()), len(keys), len(keys)),
        "backwards": (lambda: walk(ordered.backwards()), len(keys), len(keys)),
        "keys": (lambda: walk(ordered.keys()), len(keys), len(keys)),
        "range": (all_ranges, len(ranges), RANGE * len(ranges)),
        "seek": (all_seeks, len(seeks), SEEK * len(seeks)),
    }
    assert list(ordered.keys()) == keys  # and all that it reads is in memory now
    figures: dict[str, float] = {}
    for verb, (work, operations, pairs) in verbs.items():
        assert work() == pairs
        figures |= timed(verb, operations, work)
    figures["resident_mib"] = resident_mib() - before
    figures["disk_mib"] = disk_bytes(directory) / MIB
    store.store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    run(*sys.argv[1:])
