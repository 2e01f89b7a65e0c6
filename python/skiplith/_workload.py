"""A load of seeded operations from several threads, every one of them timed."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from math import isfinite
from struct import unpack
from types import MappingProxyType
from typing import Any, Literal, cast

from skiplith._core import lab as _lab
from skiplith._race import race
from skiplith._workload_plan import DISTRIBUTIONS, KINDS, plans
from skiplith._workload_result import WorkloadResult, summary

_HALF_AND_HALF: Mapping[str, float] = MappingProxyType({"get": 0.5, "put": 0.5})
_COUNTER_BYTES = 8


def workload(
    target: Any,
    *,
    ops: int = 10_000,
    mix: Mapping[str, float] = _HALF_AND_HALF,
    keys: int | Sequence[bytes] = 1_000,
    threads: int = 4,
    distribution: Literal["uniform", "zipfian", "sequential"] = "uniform",
    seed: int = 0,
    native: bool = False,
    value_bytes: int | None = None,
) -> WorkloadResult:
    """Calls `target` from several threads at once and times every call; see WorkloadResult.

    `target` is a DB, what a history wraps around one, or any mapping that has what the mix asks
    for. Where put or delete is missing, `target[key] = value` or pop stands in, so that a dict can
    be compared.

    * ops: how many operations, of all threads together.
    * mix: kinds of operation with their weights. The kinds are "get", "put", "delete",
      "compare_and_set" (timed with the get before it that says what to expect), "increment",
      "setdefault", "pop", "popitem" (finding nothing counts too), "update" and "get_many" (of four
      neighbouring keys), "items" (the first four from a key on).
    * keys: what to choose from, different keys; a number n stands for b"%016d" % 0 and so on, n of
      them. None is written beforehand.
    * threads: each does its part of the operations without a pause, all from one start.
    * distribution: "uniform"; "zipfian", where of n keys the first is the most frequent and the
      k-th comes up k ** 0.99 times as rarely; "sequential", each thread in the order of the keys
      from a place of its own, and from the first again after the last.
    * seed: decides each thread's operations, keys and values, not who comes first.
    * native: threads of the engine's own do it, without Python, on a DB or what a history wraps
      around one. `keys` is a number then; a seed's operations and values are others than without.
    * value_bytes: the length of the values; None stands for 100, or for 8 where the mix has
      increments, which work on no other. That of thread 2's operation 17 begins with b"2/17 ",
      both counted from 0, as far as there is room; after a thousand operations they repeat.

    Raises ValueError and TypeError (arguments, or the target lacks something), and the
    ExceptionGroup of `race` with what operations raised.

    >>> with skiplith.open("data") as db:
    ...     result = lab.workload(db, ops=2000, mix={"put": 3, "get": 1}, keys=50, threads=2)
    ...     result.operations, len(db)
    (2000, 50)
    """
    _check(ops=ops, threads=threads, distribution=distribution, keys=keys, native=native)
    mix = _weights(mix)
    value_bytes = _length_of_values(value_bytes, mix)
    before = _gil(target)
    if native:
        seconds, packed = _lab.run_workload(
            target,
            ops=ops,
            mix=mix,
            keys=cast(int, keys),  # anything else was refused
            threads=threads,
            distribution=distribution,
            seed=seed,
            value_bytes=value_bytes,
        )
        times = {kind: array("Q", unpack(f"<{len(p) // 8}Q", p)) for kind, p in packed.items()}
    else:
        planned = plans(
            target,
            ops=ops,
            mix=mix,
            keys=[b"%016d" % n for n in range(keys)] if isinstance(keys, int) else keys,
            threads=threads,
            distribution=distribution,
            seed=seed,
            value_bytes=value_bytes,
        )
        spans = race(*(plan.run for plan in planned), timeout=None)
        seconds = (max(end for _, end in spans) - min(begin for begin, _ in spans)) / 1e9
        times = {kind: array("Q") for kind in mix}
        for plan in planned:
            for kind, taken in plan.times.items():
                times[kind] += taken
    after = _gil(target)
    used = (after[0] - before[0], after[1] - before[1]) if before and after else None
    return summary(seconds, threads, times, used)


def _check(
    *, ops: int, threads: int, distribution: str, keys: int | Sequence[bytes], native: bool
) -> None:
    for name, number in {"ops": ops, "threads": threads}.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"distribution must be one of {DISTRIBUTIONS}, not {distribution!r}")
    if native and not isinstance(keys, int):
        raise TypeError("a native workload makes its own keys: give their number")
    if (keys if isinstance(keys, int) else len(keys)) < 1:
        raise ValueError("at least one key is needed")


def _weights(mix: Mapping[str, float]) -> dict[str, float]:
    """Without the kinds of weight 0."""
    if unknown := sorted(set(mix) - set(KINDS)):
        raise ValueError(f"unknown operations {unknown}; there are {', '.join(KINDS)}")
    if not all(isfinite(weight) and weight >= 0 for weight in mix.values()) or not any(
        mix.values()
    ):
        raise ValueError("weights must be numbers from 0 on, and one of them more")
    return {kind: weight for kind, weight in mix.items() if weight}


def _length_of_values(value_bytes: int | None, mix: Mapping[str, float]) -> int:
    if value_bytes is None:
        return _COUNTER_BYTES if "increment" in mix else 100
    if value_bytes < 0:
        raise ValueError("value_bytes must be at least 0")
    if "increment" in mix and value_bytes != _COUNTER_BYTES:
        raise ValueError(f"a mix with increments needs values of {_COUNTER_BYTES} bytes")
    return value_bytes


def _gil(target: Any) -> tuple[int, float] | None:
    """How often the target has let the lock go, and the seconds of getting it back."""
    if not hasattr(target, "stats"):
        return None
    stats = target.stats()
    return stats.gil_releases, stats.gil_wait_seconds
