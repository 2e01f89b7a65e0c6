"""Single puts and gets against other stores, and against our own engine without Python.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from array import array
from collections import defaultdict
from pathlib import Path
from statistics import median

from one_store import KEY_BYTES, VALUE_BYTES
from rows import OUT, ROOT, Row, report
from stores import STORES

ENGINE = ROOT / "build" / "release" / "benchmarks" / "engine_bench"
IN_CPP = "skiplith, from C++"
OPERATIONS = ["put", "get"]

# store -> operation -> nanoseconds of each round
Times = dict[str, dict[str, list[float]]]


def write_input(directory: Path, pairs: int) -> list[str]:
    """The files that every process reads its keys, values and order of reading from."""
    rng = random.Random(1)
    order = list(range(pairs))
    rng.shuffle(order)
    contents = {
        "keys": rng.randbytes(KEY_BYTES * pairs),
        "values": rng.randbytes(VALUE_BYTES * pairs),
        "order": array("I", order).tobytes(),
    }
    for name, data in contents.items():
        (directory / name).write_bytes(data)
    return [str(directory / name) for name in contents]


def build_engine_bench() -> None:
    configure = ["cmake", "--preset", "release", "--log-level=WARNING"]
    build = ["cmake", "--build", "--preset", "release", "--target", "engine_bench"]
    for command in (configure, build):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def measure(pairs: int, rounds: int) -> Times:
    """Each round runs every store once, each in a process of its own, each time another first."""
    names = [IN_CPP, *STORES]
    times: Times = {name: defaultdict(list) for name in names}
    with tempfile.TemporaryDirectory(prefix="skiplith-bench-") as folder:
        inputs = write_input(Path(folder), pairs)
        for turn in range(rounds):
            for name in random.Random(turn).sample(names, len(names)):
                os.sync()  # what the store before has left to write is not this one's time
                program = [sys.executable, str(ROOT / "benchmarks/one_store.py"), name]
                if name == IN_CPP:
                    program = [str(ENGINE)]
                with tempfile.TemporaryDirectory(dir=folder) as directory:
                    command = [*program, directory, *inputs]
                    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
                for operation in OPERATIONS:
                    times[name][operation].append(json.loads(answer.stdout)[f"{operation}_ns"])
                print(f"round {turn + 1} of {rounds}: {name:22}", end="\r", file=sys.stderr)
    print(" " * 60, end="\r", file=sys.stderr)
    return times


def print_stores(times: Times) -> None:
    print(f"{'':22}{'put, ns':>10}{'spread':>16}{'get, ns':>10}{'spread':>16}")
    for name, operations in times.items():
        line = f"{name:22}"
        for operation in OPERATIONS:
            found = operations[operation]
            spread = f"{min(found):.0f}..{max(found):.0f}"
            line += f"{median(found):10.0f}{spread:>16}"
        print(line)


def promised(times: Times) -> list[Row]:
    def ns(name: str, operation: str) -> float:
        return median(times[name][operation])

    rows = []
    for operation, least in (("put", 2.0), ("get", 1.5)):
        ratio = ns("plyvel", operation) / ns("skiplith", operation)
        rows.append(Row(f"{operation}s per second, against plyvel", ratio, ">=", least))
    for operation in OPERATIONS:
        # Of the same round: they ran one after the other, on a machine in the same mood.
        both = zip(times["skiplith"][operation], times[IN_CPP][operation], strict=True)
        ours = median(python - cpp for python, cpp in both)
        rows.append(Row(f"one {operation}, Python minus C++", ours, "<=", 120, "ns"))
    return rows


def write_csv(times: Times) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / "single_operations.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["store", "operation", "round", "ns"])
        for name, operations in times.items():
            for operation, found in operations.items():
                writer.writerows([name, operation, n, f"{t:.1f}"] for n, t in enumerate(found, 1))


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
    times = measure(arguments.pairs, arguments.rounds)
    print_stores(times)
    write_csv(times)
    print(f"every round: {(OUT / 'single_operations.csv').relative_to(ROOT)}")
    return report(promised(times), "single_operations_rows")


if __name__ == "__main__":
    sys.exit(main())
