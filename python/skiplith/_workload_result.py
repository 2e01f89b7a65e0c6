"""What a workload measured, as values."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the operations of one kind took; all but `count` in microseconds.

    A percentile is the time that so many of them took at most, and one of them took.

    >>> result = lab.workload({}, ops=1000, keys=100)
    >>> latency = result.latencies["get"]
    >>> latency.p50 <= latency.p99 <= latency.max
    True
    """

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float


@dataclass(frozen=True, slots=True)
class WorkloadResult:
    """What `workload` measured; printed, it is a small table.

    >>> result = lab.workload({}, ops=1000, mix={"get": 1, "put": 1}, keys=100)
    >>> result.operations, sorted(result.latencies)
    (1000, ['get', 'put'])
    """

    seconds: float
    """From the common start to the end of the last operation."""
    operations: int
    threads: int
    rate: float
    """Operations per second, of all threads together."""
    rates: Mapping[str, float]
    """The same, kind by kind: they add up to `rate`."""
    latencies: Mapping[str, Latency]
    """Kind by kind."""
    gil_releases: int | None
    """How often the target let the interpreter's lock go meanwhile; None: it has no `stats`."""
    gil_wait_seconds: float | None
    """Time it then spent getting the lock back, of all threads together."""

    def __str__(self) -> str:
        columns = ["mean", "p50", "p90", "p99", "p99_9", "max"]
        lines = [
            f"{self.operations:,} operations on {self.threads} threads in {self.seconds:.3f} s: "
            f"{self.rate:,.0f} per second; latencies in us",
            f"{'':16}{'count':>10}{'per second':>12}"
            + "".join(f"{column.replace('_', '.'):>10}" for column in columns),
        ]
        for kind, latency in self.latencies.items():
            times = "".join(f"{getattr(latency, column):10.2f}" for column in columns)
            lines.append(f"{kind:16}{latency.count:10,}{self.rates[kind]:12,.0f}{times}")
        if self.gil_releases is not None:
            lines.append(
                f"GIL let go {self.gil_releases:,} times, "
                f"{self.gil_wait_seconds:.3f} s to get it back"
            )
        return "\n".join(lines)


def summary(
    seconds: float,
    threads: int,
    times: Mapping[str, array[int]],
    gil: tuple[int, float] | None,
) -> WorkloadResult:
    """Of every operation's nanoseconds by kind; kinds that never came up are left out."""
    latencies = {kind: _latency(sorted(found)) for kind, found in times.items() if found}
    operations = sum(latency.count for latency in latencies.values())
    return WorkloadResult(
        seconds=seconds,
        operations=operations,
        threads=threads,
        rate=operations / seconds,
        rates={kind: latency.count / seconds for kind, latency in latencies.items()},
        latencies=latencies,
        gil_releases=gil and gil[0],
        gil_wait_seconds=gil and gil[1],
    )


def _latency(ordered: list[int]) -> Latency:
    def percentile(part: float) -> float:
        return ordered[ceil(part * len(ordered)) - 1] / 1e3

    return Latency(
        count=len(ordered),
        mean=sum(ordered) / len(ordered) / 1e3,
        p50=percentile(0.50),
        p90=percentile(0.90),
        p99=percentile(0.99),
        p99_9=percentile(0.999),
        max=ordered[-1] / 1e3,
    )
