"""What each thread of a workload will do, decided before any of them starts."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, chain, islice
from random import Random
from typing import Any

DISTRIBUTIONS = ("uniform", "zipfian", "sequential")

_SEVERAL = 4  # keys of an update or a get_many, items of a scan
_VALUES = 1000  # different ones that a thread writes before it begins again
_ZIPF_EXPONENT = 0.99

# kind -> what it is called with, made of all keys, the place of one and a value
_ARGUMENTS: Mapping[str, Callable[[Sequence[bytes], int, bytes], tuple[Any, ...]]] = {
    "get": lambda keys, n, value: (keys[n],),
    "put": lambda keys, n, value: (keys[n], value),
    "delete": lambda keys, n, value: (keys[n],),
    "compare_and_set": lambda keys, n, value: (keys[n], value),
    "increment": lambda keys, n, value: (keys[n],),
    "setdefault": lambda keys, n, value: (keys[n], value),
    "pop": lambda keys, n, value: (keys[n], None),
    "popitem": lambda keys, n, value: (),
    "update": lambda keys, n, value: (dict.fromkeys(_neighbours(keys, n), value),),
    "get_many": lambda keys, n, value: (_neighbours(keys, n),),
    "items": lambda keys, n, value: (keys[n],),
}
KINDS = tuple(_ARGUMENTS)


class Plan:
    """The operations of one thread, with all they need made, so that running them is little else.

    The same arguments make the same plan.
    """

    def __init__(
        self,
        calls: Mapping[str, Callable[..., object]],
        weights: Sequence[float],
        keys: Sequence[bytes],
        places: Sequence[int],
        values: Sequence[bytes],
        rng: Random,
    ) -> None:
        self.times = {kind: array("Q") for kind in calls}
        """Nanoseconds of every operation that was run."""
        self._steps = [
            (
                calls[kind],
                _ARGUMENTS[kind](keys, place, values[n % len(values)]),
                self.times[kind].append,
            )
            for n, (kind, place) in enumerate(
                zip(rng.choices(list(calls), weights, k=len(places)), places, strict=True)
            )
        ]

    def run(self) -> tuple[int, int]:
        """Runs them; when it began and ended, in nanoseconds of `time.perf_counter_ns`."""
        now = time.perf_counter_ns
        begin = now()
        for call, arguments, note in self._steps:
            before = now()
            call(*arguments)
            note(now() - before)
        return begin, now()


def plans(
    target: Any,
    *,
    ops: int,
    mix: Mapping[str, float],
    keys: Sequence[bytes],
    threads: int,
    distribution: str,
    seed: int,
    value_bytes: int,
) -> list[Plan]:
    """One for each thread. Raises TypeError for a kind of operation that the target lacks."""
    calls = {kind: _call(target, kind) for kind in mix}
    weights = list(mix.values())
    popularity = _popularity(distribution, len(keys))
    made = []
    for thread in range(threads):
        rng = Random(f"{seed}/{thread}")
        count = ops // threads + (thread < ops % threads)
        places: Sequence[int]
        if popularity is None:
            first = thread * len(keys) // threads
            places = [(first + n) % len(keys) for n in range(count)]
        else:
            places = rng.choices(range(len(keys)), cum_weights=popularity, k=count)
        values = [
            (b"%d/%d " % (thread, n) + rng.randbytes(value_bytes))[:value_bytes]
            for n in range(min(count, _VALUES))
        ]
        made.append(Plan(calls, weights, keys, places, values, rng))
    return made


def _popularity(distribution: str, keys: int) -> Sequence[float] | None:
    """Cumulative weights of the keys; None when they come in order."""
    if distribution == "uniform":
        return range(1, keys + 1)
    if distribution == "zipfian":
        return list(accumulate(1 / rank**_ZIPF_EXPONENT for rank in range(1, keys + 1)))
    return None


def _neighbours(keys: Sequence[bytes], n: int) -> list[bytes]:
    """The key at `n` and those after it, from the first again after the last."""
    return list(islice(chain(keys[n : n + _SEVERAL], keys[:_SEVERAL]), _SEVERAL))


def _call(target: Any, kind: str) -> Callable[..., object]:
    """What does an operation of that kind on the target, which may be a plain mapping."""

    def put(key: bytes, value: bytes) -> None:
        target[key] = value

    def delete(key: bytes) -> None:
        target.pop(key, None)

    def compare_and_set(key: bytes, value: bytes) -> None:
        target.compare_and_set(key, target.get(key), value)

    def popitem() -> None:
        with suppress(KeyError):
            target.popitem()

    def items(key: bytes) -> None:
        list(islice(target.items(key), _SEVERAL))

    stand_ins: dict[str, Callable[..., None]] = {"put": put, "delete": delete}
    around: dict[str, Callable[..., None]] = {
        "compare_and_set": compare_and_set,
        "popitem": popitem,
        "items": items,
    }
    if not hasattr(target, kind):
        if kind not in stand_ins:
            raise TypeError(f"a {type(target).__name__} has no {kind}")
        return stand_ins[kind]
    return around.get(kind) or getattr(target, kind)
