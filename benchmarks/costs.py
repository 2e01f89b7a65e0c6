"""What reads cost: time, processor time, memory, disk."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter_ns, process_time_ns

from rounds import Figures, print_figures
from rows import Row

MIB = 1 << 20


def timed(name: str, operations: int, work: Callable[[], object]) -> dict[str, float]:
    """Of one operation: wall time, and the processor time of all of this process' threads."""
    gc.collect()
    gc.disable()
    wall, processor = perf_counter_ns(), process_time_ns()
    work()
    processor, wall = process_time_ns() - processor, perf_counter_ns() - wall
    gc.enable()
    return {f"{name}_ns": wall / operations, f"{name}_cpu_ns": processor / operations}


def resident_mib() -> float:
    """Pages of mapped files count too, where a store reads through them."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def disk_bytes(directory: str) -> int:
    return sum(file.stat().st_blocks * 512 for file in Path(directory).rglob("*") if file.is_file())


def drop_page_cache(directory: str) -> None:
    """The next read of these files comes from the disk, where they lie on one."""
    for path in Path(directory).iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())  # what is not written yet cannot be dropped
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def print_costs(figures: Figures, verbs: Iterable[str]) -> None:
    """A table for each verb, and one of what each store holds."""
    for verb in verbs:
        print()
        print_figures(figures, {f"{verb}_ns": f"{verb}, ns", f"{verb}_cpu_ns": "processor"})
    print()
    print_figures(figures, {"resident_mib": "memory, MiB", "disk_mib": "disk, MiB"})


@dataclass(frozen=True, slots=True)
class Promise:
    """So many times as long as ours theirs takes at least."""

    what: str
    figure: str
    theirs: str
    least: float


def times_as_fast(figures: Figures, figure: str, theirs: str, ours: str = "skiplith") -> float:
    """The median of the ratios within a round: these ran one after the other."""
    both = zip(figures[theirs][figure], figures[ours][figure], strict=True)
    return median(their_ns / our_ns for their_ns, our_ns in both)


def rows_of(figures: Figures, promises: Iterable[Promise]) -> list[Row]:
    """Of the stores that were measured."""
    rows = []
    for promise in promises:
        if promise.theirs in figures:
            ratio = times_as_fast(figures, promise.figure, promise.theirs)
            what = f"{promise.what}, against {promise.theirs}"
            rows.append(Row(what, ratio, ">=", promise.least))
    return rows
