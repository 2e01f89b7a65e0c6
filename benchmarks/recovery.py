"""Opening after SIGKILL, with a write buffer that was nearly full.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import sys
import tempfile
from statistics import median

from one_recovery import OPENERS
from rounds import DIRECTORY, in_turns, print_figures, program, write_rounds
from rows import Row, report

ROUNDS = 7
MIB = 1 << 20
RECORD_BYTES = 200  # a record of 116 takes less in any memtable: nearly full, not beyond
BUFFERS = {"skiplith, 1 MiB": 1, "skiplith, 16 MiB": 16}


def main() -> int:
    sizes = {**BUFFERS, **dict.fromkeys(OPENERS, 64)}
    commands = {}
    for name, mib in sizes.items():
        store = name.removesuffix(f", {mib} MiB")
        records = mib * MIB // RECORD_BYTES
        commands[name] = program("one_recovery.py", store, DIRECTORY, records, mib * MIB)
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        figures = in_turns(commands, ROUNDS, folder)
    print(f"recovery of {64 * MIB // RECORD_BYTES:,} records, and of what smaller memtables hold:")
    for found in figures.values():
        found["thousands"] = [each / 1e3 for each in found["per_second"]]
    print_figures(figures, {"open_ms": "open, ms", "thousands": "1000s / s"}, digits=1)
    write_rounds(figures, "recovery")
    ours, plyvel = (median(figures[name]["per_second"]) for name in ("skiplith", "plyvel"))
    rows = [Row("recovery, records per second, against plyvel", ours / plyvel, ">=", 3)]
    return report(rows, "recovery_rows")


if __name__ == "__main__":
    sys.exit(main())
