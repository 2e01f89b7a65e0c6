"""Runs one benchmark of a C++ program and prints its counters as a JSON object.

one_cpp.py PROGRAM NAME DIRECTORY     the store lies in DIRECTORY; NAME without what follows a `/`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from rows import ROOT

BUILT = ROOT / "build" / "release" / "benchmarks"
# Numbers that Google Benchmark itself tells of every run.
OF_EVERY_RUN = {
    "family_index",
    "per_family_instance_index",
    "repetitions",
    "repetition_index",
    "threads",
    "iterations",
    "real_time",
    "cpu_time",
}


def build(*programs: str) -> None:
    configure = ["cmake", "--preset", "release", "--log-level=WARNING"]
    build = ["cmake", "--build", "--preset", "release", "--target", *programs]
    for command in (configure, build):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def run(program: str, name_pattern: str, directory: str) -> dict[str, float]:
    """What it tells of the one benchmark whose name matches, in a process of its own."""
    answer = subprocess.run(
        [str(BUILT / program), f"--benchmark_filter=^{name_pattern}$", "--benchmark_format=json"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": directory},
    )
    (found,) = json.loads(answer.stdout)["benchmarks"]
    numbers = {name: value for name, value in found.items() if isinstance(value, (int, float))}
    return {name: numbers[name] for name in numbers.keys() - OF_EVERY_RUN}


if __name__ == "__main__":
    program, name, directory = sys.argv[1:]
    print(json.dumps(run(program, f"{name}(/.*)?", directory)))
