"""Many keys looked up as one, against a loop of single gets.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from rounds import DIRECTORY, in_turns, print_figures, program, write_input
from rows import Row, report

PAIRS, VALUE_BYTES, ROUNDS = 1_000_000, 100, 5


def main() -> int:
    print(f"{PAIRS:,} random pairs of 16 and {VALUE_BYTES} bytes, one thread, median of {ROUNDS}")
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        inputs = write_input(Path(folder, "input"), PAIRS, VALUE_BYTES)
        commands = {"skiplith": program("one_many.py", DIRECTORY, *inputs)}
        rounds = in_turns(commands, ROUNDS, folder)["skiplith"]
    print_figures({name: {"ns": values} for name, values in rounds.items()}, {"ns": "ns a key"})
    rows = []
    for where, what in (("fresh", "in the memtable"), ("settled", "in tables")):
        pairs = zip(rounds[f"{where}, loop"], rounds[f"{where}, get_many"], strict=True)
        ratio = median(loop / many for loop, many in pairs)
        rows.append(Row(f"get_many by 1,000, {what}, against a loop of gets", ratio, ">=", 2))
    return report(rows, "many_rows")


if __name__ == "__main__":
    sys.exit(main())
