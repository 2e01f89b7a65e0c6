"""Programs measured in turns, in a process and a directory each, every round another first."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from rows import OUT, ROOT

KEY_BYTES = 16
DIRECTORY = "DIRECTORY"  # in a command: where this run's store lies

Rounds = dict[str, list[float]]  # figure -> one value for each round
Figures = dict[str, Rounds]  # by what was measured
Name = TypeVar("Name", bound=Hashable)


def program(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "benchmarks" / name), *map(str, arguments)]


def write_input(directory: Path, pairs: int, value_bytes: int) -> list[str]:
    """The files that every process reads its keys, values and order of reading from."""
    rng = random.Random(1)
    order = list(range(pairs))
    rng.shuffle(order)
    contents = {
        "keys": rng.randbytes(KEY_BYTES * pairs),
        "values": rng.randbytes(value_bytes * pairs),
        "order": array("I", order).tobytes(),
    }
    directory.mkdir(exist_ok=True)
    for name, data in contents.items():
        (directory / name).write_bytes(data)
    return [str(directory / name) for name in contents]


def in_turns(
    commands: Mapping[Name, Sequence[str]], rounds: int, folder: str
) -> dict[Name, Rounds]:
    """Runs every command once a round; each prints its figures as a JSON object."""
    figures: dict[Name, Rounds] = {name: defaultdict(list) for name in commands}
    for turn in range(rounds):
        for name in random.Random(turn).sample(list(commands), len(commands)):
            print(
                f"round {turn + 1} of {rounds}: {name!s:50}", end="\r", file=sys.stderr, flush=True
            )
            os.sync()  # what was left to write before is not this one's time
            with tempfile.TemporaryDirectory(dir=folder) as directory:
                command = [directory if part == DIRECTORY else part for part in commands[name]]
                answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            for figure, value in json.loads(answer.stdout).items():
                figures[name][figure].append(value)
    print(" " * 72, end="\r", file=sys.stderr)
    return figures


def print_figures(figures: Figures, columns: Mapping[str, str], digits: int = 0) -> None:
    """A line for each that was measured: medians, and the least and greatest of the rounds."""
    print(f"{'':26}" + "".join(f"{title:>12}{'spread':>19}" for title in columns.values()))
    for name, found in figures.items():
        line = f"{name:26}"
        for figure in columns:
            values = found[figure]
            spread = f"{min(values):.{digits}f}..{max(values):.{digits}f}"
            line += f"{median(values):12.{digits}f}{spread:>19}"
        print(line)


def write_rounds(figures: Figures, name: str) -> None:
    """Every round, in build/bench/NAME.csv."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["store", "figure", "round", "value"])
        for store, found in figures.items():
            for figure, values in found.items():
                writer.writerows([store, figure, n, f"{v:.1f}"] for n, v in enumerate(values, 1))
    print(f"every round: {path.relative_to(ROOT)}")
