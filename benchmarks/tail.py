"""How long the slowest puts take, under load without a pause.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from one_tail import PERCENTILES
from rounds import (
    DIRECTORY,
    Figures,
    in_turns,
    print_figures,
    program,
    write_input,
    write_rounds,
)
from rows import Row, report

PAIRS, VALUE_BYTES, ROUNDS = 2_000_000, 100, 5  # 232 MB: three memtables of 64 MiB, and more
NAMES = ["skiplith", "skiplith, skiplist", "plyvel", "rocksdict"]


def measure(names: Sequence[str], pairs: int, rounds: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        keys, values, _ = write_input(Path(folder, "input"), pairs, VALUE_BYTES)
        commands = {name: program("one_tail.py", name, DIRECTORY, keys, values) for name in names}
        figures = in_turns(commands, rounds, folder)
    print(
        f"{pairs:,} puts without a pause, one thread: us; above 10 ms: ms in all; preempted: times"
    )
    columns = ["mean", *PERCENTILES, "max", "above_10_ms", "preempted"]
    for some in (columns[:3], columns[3:6], columns[6:]):
        print_figures(figures, {name: name.replace("_", " ") for name in some}, digits=1)
    write_rounds(figures, "tail")
    return figures


def main() -> int:
    figures = measure(NAMES, PAIRS, ROUNDS)

    ours, *others = (
        median(figures[name]["p99.99"]) for name in ("skiplith", "plyvel", "rocksdict")
    )
    rows = [
        Row(f"p99.99 of a put under load, art, against {peer}", ours / its, "<=", 0.5)
        for peer, its in zip(("plyvel", "rocksdict"), others, strict=True)
    ]
    return report(rows, "tail_rows")


if __name__ == "__main__":
    sys.exit(main())
