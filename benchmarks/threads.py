"""Python threads in one store: how much more two of them get done than one.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from rows import ROOT, Row, report

ROUNDS = 5
FREE_THREADED = "3.13t"


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table: work done by one thread and by more of them, in the same rounds."""

    store: str
    work: str
    python: str
    more: tuple[int, ...] = (2,)
    rates: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def scaling(self, threads: int) -> list[float]:
        """Of each round: the total of so many threads against one."""
        return [more / one for more, one in zip(self.rates[threads], self.rates[1], strict=True)]


def free_threaded() -> str | None:
    """Its interpreter in an environment with this package, or none where there is none."""
    find = subprocess.run(
        [ROOT / "scripts/find_python.sh", FREE_THREADED], stdout=subprocess.PIPE, text=True
    )
    if find.returncode != 0:
        return None
    venv = ROOT / "build" / f"venv-{FREE_THREADED}"
    install = [str(ROOT / "scripts/install_python.sh"), find.stdout.strip(), str(venv), "test"]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    return str(venv / "bin" / "python")


def measure(cases: list[Case]) -> None:
    runs = [(case, threads) for case in cases for threads in (1, *case.more)]
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        for turn in range(ROUNDS):
            for done, (case, threads) in enumerate(random.Random(turn).sample(runs, len(runs))):
                os.sync()
                with tempfile.TemporaryDirectory(dir=folder) as directory:
                    program = [case.python, str(ROOT / "benchmarks/one_threaded.py")]
                    arguments = [case.store, case.work, str(threads), directory]
                    answer = subprocess.run(
                        [*program, *arguments], check=True, stdout=subprocess.PIPE
                    )
                case.rates[threads].append(json.loads(answer.stdout)["per_second"])
                told = f"round {turn + 1} of {ROUNDS}: {done + 1} of {len(runs)}"
                print(told, end="\r", file=sys.stderr)
    print(" " * 60, end="\r", file=sys.stderr)


def print_cases(title: str, cases: list[Case]) -> None:
    print(f"\n{title}\n{'':36}{'1 thread, k/s':>16}{'2 threads':>22}{'4 threads':>22}")
    for case in cases:
        line = f"{f'{case.store}: {case.work}':36}{median(case.rates[1]) / 1e3:16,.1f}"
        for threads in case.more:
            found = case.scaling(threads)
            line += f"{f'{median(found):.2f}x [{min(found):.2f}..{max(found):.2f}]':>22}"
        print(line)


def promised(stock: list[Case]) -> list[Row]:
    rows = []
    for case, least in zip(stock, (0.95, 0.95, 1.6, 1.4, 0.95, 0.95), strict=True):
        for threads in case.more:
            what = f"{case.store}: {case.work}, {threads} threads against 1"
            rows.append(Row(what, median(case.scaling(threads)), ">=", least))
    return rows


def promised_free_threaded(engine: Case, nothing: Case) -> Row:
    share = median(
        ours / forced for ours, forced in zip(engine.scaling(2), nothing.scaling(2), strict=True)
    )
    return Row("free-threaded: puts' scaling, against nothing's", share, ">=", 0.9)


def main() -> int:
    ours = [
        Case("skiplith", "put", sys.executable, (2, 4)),
        Case("skiplith, skiplist", "put", sys.executable, (2, 4)),
        Case("skiplith", "put_many", sys.executable),
        Case("skiplith", "put 64 KiB", sys.executable),
        Case("skiplith", "get", sys.executable),
        Case("skiplith", "settled get", sys.executable),
    ]
    others = [
        Case("plyvel", "put", sys.executable, (2, 4)),
        Case("plyvel", "put_many", sys.executable),
        Case("plyvel", "put 64 KiB", sys.executable),
        Case("plyvel", "get", sys.executable),
    ]
    free = [
        Case(store, work, python)
        for python in [free_threaded()]
        if python is not None
        for work in ("put", "put, shared value", "get")
        for store in ("skiplith", "nothing")
    ]
    measure([*ours, *others, *free])
    print_cases(f"CPython {platform.python_version()}", [*ours, *others])
    rows = promised(ours)
    if free:
        print_cases(f"free-threaded CPython {FREE_THREADED}", free)
        rows.append(promised_free_threaded(free[0], free[1]))
    status = report(rows, "threads_rows")
    if not free:
        print(f"free-threaded scaling: not run: no free-threaded CPython {FREE_THREADED}")
    return status


if __name__ == "__main__":
    sys.exit(main())
