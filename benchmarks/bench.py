"""Runs every program that has promised figures, and ends with all their rows in one table.

bench.py [PROGRAM ...]      status 1 when a row was missed, or a program failed
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rows

PROGRAMS = [
    "run",
    "load",
    "threads",
    "sync",
    "tail",
    "recovery",
    "gets",
    "scans",
    "disk",
    "many",
    "transactions",
    "cpp_rows",
    "cpp_reads",
]


def run_all(programs: list[str]) -> int:
    """Each program is a file beside this one that ends with `report(rows, "NAME_rows")`."""
    for old in rows.OUT.glob("*_rows.csv"):
        old.unlink()
    texts: list[rows.Texts] = []
    seen: set[Path] = set()
    missed = False
    for name in programs:
        print(f"\n{name}.py", flush=True)
        program = rows.ROOT / "benchmarks" / f"{name}.py"
        missed |= subprocess.run([sys.executable, str(program)]).returncode != 0
        left = sorted(set(rows.OUT.glob("*_rows.csv")) - seen)
        seen.update(left)
        for path in left:
            texts += rows.reported(path)
        if not left:
            texts.append((f"{name}.py", "no figure", "", "MISS"))
    rows.print_rows(texts)
    return int(missed)


if __name__ == "__main__":
    sys.exit(run_all(sys.argv[1:] or PROGRAMS))
