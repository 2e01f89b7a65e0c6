"""The core workloads of YCSB, drawn before the clock: which records, in which order, for what.

A has half updates, B 5 % of them, C none; D reads what was inserted last; E scans; F reads, changes
and writes back. Who is asked for is drawn from a zipfian distribution, in D by age.
"""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

from rounds import KEY_BYTES
from wanted import THETA

VALUE_BYTES = 1_000
LONGEST_SCAN = 100  # pairs; every length is as likely


@dataclass(frozen=True, slots=True)
class Workload:
    """Shares of the operations, in percent."""

    what: str
    weights: dict[str, int]


WORKLOADS = {
    "A": Workload("half reads, half updates", {"read": 50, "update": 50}),
    "B": Workload("reads, 5 % updates", {"read": 95, "update": 5}),
    "C": Workload("reads", {"read": 100}),
    "D": Workload("reads of the latest, 5 % inserts", {"read latest": 95, "insert": 5}),
    "E": Workload("scans, 5 % inserts", {"scan": 95, "insert": 5}),
    "F": Workload("half reads, half read-modify-writes", {"read": 50, "modify": 50}),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """`length` is of a scan, `value` of a write."""

    kind: str
    key: bytes
    length: int
    value: bytes


class Records:
    """Random keys: those asked for most lie everywhere, and so do those that were inserted last."""

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = list(keys)
        self.rng = random.Random(4)
        self.sums = list(accumulate(1 / rank**THETA for rank in range(1, len(keys) + 1)))

    def drawn(self) -> int:
        """A number below that of the first records, 0 most often."""
        return min(bisect(self.sums, self.rng.random() * self.sums[-1]), len(self.sums) - 1)

    def insert(self) -> bytes:
        self.keys.append(self.rng.randbytes(KEY_BYTES))
        return self.keys[-1]


def plan(workload: str, records: Records, operations: int) -> list[Operation]:
    """The same in each process; keys that are inserted on the way are added to the records."""
    rng, weights = records.rng, WORKLOADS[workload].weights
    planned = []
    for kind in rng.choices(list(weights), list(weights.values()), k=operations):
        length = rng.randint(1, LONGEST_SCAN) if kind == "scan" else 0
        value = rng.randbytes(VALUE_BYTES) if kind in ("update", "insert", "modify") else b""
        if kind == "insert":
            key = records.insert()
        elif kind == "read latest":
            key = records.keys[-1 - records.drawn()]
        else:
            key = records.keys[records.drawn()]
        planned.append(Operation(kind, key, length, value))
    return planned
