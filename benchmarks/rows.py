"""The promised figures: each a row that says OK or MISS, and a program's exit status."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench"  # what programs leave behind
HEAD = ["row", "figure", "promise", "verdict"]
Texts = tuple[str, str, str, str]  # what was measured, figure, promise, OK or MISS


@dataclass(frozen=True, slots=True)
class Row:
    """`figure` was measured, `bound` is what was promised: at least it, or at most it."""

    what: str
    figure: float
    promise: Literal[">=", "<="]
    bound: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.figure >= self.bound if self.promise == ">=" else self.figure <= self.bound

    def texts(self) -> Texts:
        digits = 2 if self.unit == "x" else 0
        unit = self.unit if self.unit == "x" else f" {self.unit}"
        figure = f"{self.figure:.{digits}f}{unit}"
        return self.what, figure, f"{self.promise} {self.bound:g}{unit}", self.verdict

    @property
    def verdict(self) -> str:
        return "OK" if self.met else "MISS"


def print_rows(rows: Sequence[Texts]) -> None:
    width = max((len(row[0]) for row in rows), default=0)
    print()
    for what, figure, promise, verdict in rows:
        print(f"{what:{width}}{figure:>12}{promise:>12}  {verdict}")


def report(rows: Sequence[Row], name: str) -> int:
    """Prints the rows and leaves them in build/bench/NAME.csv; 1 when one was missed."""
    texts = [row.texts() for row in rows]
    print_rows(texts)
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(texts)
    return 0 if all(row.met for row in rows) else 1


def reported(path: Path) -> list[Texts]:
    """The rows that `report` has left in a file."""
    with path.open(newline="") as file:
        what, figure, promise, verdict = HEAD
        return [
            (row[what], row[figure], row[promise], row[verdict]) for row in csv.DictReader(file)
        ]
