"""Single puts and gets, and batches, against other stores and our own engine without Python.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rounds import (
    DIRECTORY,
    KEY_BYTES,
    Figures,
    in_turns,
    print_figures,
    program,
    write_input,
    write_rounds,
)
from rows import ROOT, Row, report

ENGINE = ROOT / "build" / "release" / "benchmarks" / "engine_bench"
IN_CPP = "skiplith, from C++"
VALUE_BYTES = 100
BATCH = 1_000
# The others are in compare.py: these are the promises' own, and their rounds are many.
BATCHES = ["skiplith", "skiplith, skiplist", "plyvel", "plyvel, 4 MiB buffer"]
SINGLES = [*BATCHES, "rocksdict", "lmdb, one transaction", "dict"]


def build_engine_bench() -> None:
    configure = ["cmake", "--preset", "release", "--log-level=WARNING"]
    build = ["cmake", "--build", "--preset", "release", "--target", "engine_bench"]
    for command in (configure, build):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def plyvel(figures: Figures, figure: str) -> float:
    """Of LevelDB's two write buffers the better one counts, for puts and for gets."""
    return min(median(found[figure]) for name, found in figures.items() if "plyvel" in name)


def single_rows(figures: Figures) -> list[Row]:
    def put(name: str) -> float:
        return median(figures[name]["put_ns"])

    art, first = put("skiplith"), "put, one thread, "
    levels, one = plyvel(figures, "put_ns"), "lmdb, one transaction"
    gets = plyvel(figures, "get_ns") / median(figures["skiplith, skiplist"]["get_ns"])
    rows = [
        Row(f"{first}art, against plyvel", levels / art, ">=", 6),
        Row(f"{first}art, against rocksdict", put("rocksdict") / art, ">=", 6),
        Row(f"{first}art, against {one}", put(one) / art, ">=", 2.5),
        Row(f"{first}art, time against a dict's", art / put("dict"), "<=", 3),
        Row(f"{first}skiplist, against plyvel", levels / put("skiplith, skiplist"), ">=", 2.5),
        Row("get, one thread, skiplist, against plyvel", gets, ">=", 1.5),
    ]
    for operation in ("put", "get"):
        # Of the same round: they ran one after the other, on a machine in the same mood.
        both = [figures[name][f"{operation}_ns"] for name in ("skiplith", IN_CPP)]
        ours = median(python - cpp for python, cpp in zip(*both, strict=True))
        rows.append(Row(f"one {operation}, Python minus C++", ours, "<=", 120, "ns"))
    return rows


def measure(
    names: Sequence[str], inputs: list[str], rounds: int, folder: str, batch: int
) -> Figures:
    commands = {name: program("one_store.py", name, DIRECTORY, *inputs, batch) for name in names}
    if batch == 1:
        commands[IN_CPP] = [str(ENGINE), DIRECTORY, *inputs]
    return in_turns(commands, rounds, folder)


def singles(inputs: list[str], rounds: int, folder: str) -> list[Row]:
    figures = measure(SINGLES, inputs, rounds, folder, 1)
    print_figures(figures, {"put_ns": "put, ns", "get_ns": "get, ns"})
    write_rounds(figures, "single_operations")
    return single_rows(figures)


def batches(inputs: list[str], rounds: int, folder: str) -> list[Row]:
    figures = measure(BATCHES, inputs, rounds, folder, BATCH)
    print(f"\nby batches of {BATCH:,}, each pair:")
    print_figures(figures, {"put_ns": "put, ns"})
    write_rounds(figures, "batches")
    peer, what = plyvel(figures, "put_ns"), "against plyvel's write batch"
    art, skiplist = (median(figures[name]["put_ns"]) for name in BATCHES[:2])
    print(f"put_many by {BATCH:,}, skiplist, {what}: {peer / skiplist:.2f}x")
    return [Row(f"put_many by {BATCH:,}, art, {what}", peer / art, ">=", 6)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    build_engine_bench()
    print(
        f"{arguments.pairs:,} random keys of {KEY_BYTES} bytes, values of {VALUE_BYTES} bytes, "
        f"one thread, no sync, CPython {platform.python_version()}, median of {arguments.rounds}"
    )
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        inputs = write_input(Path(folder, "input"), arguments.pairs, VALUE_BYTES)
        rows = singles(inputs, arguments.rounds, folder)
        rows += batches(inputs, arguments.rounds, folder)
    return report(rows, "single_operations_rows")


if __name__ == "__main__":
    sys.exit(main())
