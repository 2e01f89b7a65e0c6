"""What the writers of the kill test write: all of it follows from (seed, writer, number).

So driver and judge need not tell each other: a number in the pipe says everything about a write.
Each writer has keys of its own; all of them share one counter.
"""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

COUNTER = b"counter"
KEYS_PER_WRITER = 150
LENGTHS = [0, 1, 30, 100, 100, 300, 1000, 1000, 3000]  # bytes
LONG = 40_000  # more than one block of a segment
GIANT_EVERY = 97  # this many writes: a batch larger than a young segment
GIANT_PARTS, GIANT_PART = 12, 100_000


@dataclass(frozen=True, slots=True)
class Write:
    """One call; its changes happen together or not at all. A value of None deletes."""

    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    increment: int = 0  # of COUNTER
    is_batch: bool = False
    is_transaction: bool = False  # reads its keys, or all of its writer's, before
    sync: bool = False  # asked for in the call


def value(key: bytes, number: int, length: int) -> bytes:
    """Like no other value: of this key, by this write."""
    stamp = b"%s#%d#" % (key, number)
    return stamp + hashlib.shake_128(stamp).digest(length)


def nth_write(seed: int, writer: int, number: int) -> Write:
    """The write that a writer does as its number-th, from 0."""
    rng = random.Random(f"{seed}/{writer}/{number}")
    sync = rng.random() < 0.05

    def key() -> bytes:
        return b"%02d/%04d" % (writer, rng.randrange(KEYS_PER_WRITER))

    def change(key: bytes) -> bytes | None:
        if rng.random() < 0.25:
            return None
        length = LONG if rng.random() < 0.01 else rng.choice(LENGTHS)
        return value(key, number, length)

    if number % GIANT_EVERY == GIANT_EVERY - 1:
        keys = {key() for _ in range(GIANT_PARTS)}
        return Write({k: value(k, number, GIANT_PART) for k in keys}, is_batch=True, sync=sync)
    kind = rng.random()
    if kind < 0.08:
        return Write(increment=rng.randint(1, 9), sync=sync)
    if kind < 0.35:
        changes = {k: change(k) for k in (key() for _ in range(rng.randint(2, 25)))}
        return Write(changes, is_batch=True, sync=sync)
    if kind < 0.45:
        changes = {k: change(k) for k in (key() for _ in range(rng.randint(1, 5)))}
        return Write(changes, increment=rng.randint(0, 9), is_transaction=True, sync=sync)
    only = key()
    return Write({only: change(only)}, sync=sync)
