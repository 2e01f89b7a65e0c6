"""YCSB's core workloads A to F, with values of 1,000 bytes, one thread; nothing is promised.

ycsb.py [--quick]      `make compare` runs it; every round as CSV in build/bench/
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence

from at_rest import ORDERED, AtRest, at_rest
from costs import print_costs
from rounds import DIRECTORY, in_turns, print_figures, program, write_rounds
from ycsb_plan import VALUE_BYTES, WORKLOADS


def measure(
    rest: AtRest, workload: str, operations: int, rounds: int, stores: Sequence[str]
) -> None:
    commands = {
        name: program(
            "one_ycsb.py", workload, name, DIRECTORY, rest.directory(name), rest.input, operations
        )
        for name in stores
    }
    found = in_turns(commands, rounds, rest.folder)
    for figures in found.values():
        figures["per_second"] = [1e9 / ns for ns in figures["operation_ns"]]
    print(f"\n{workload}: {WORKLOADS[workload].what}")
    print_figures(found, {"per_second": "operations/s"})
    print_costs(found, ["operation"])
    write_rounds(found, f"ycsb_{workload.lower()}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stores", nargs="+", choices=ORDERED, default=ORDERED)
    parser.add_argument("--quick", action="store_true", help="one round of little, says little")
    given = parser.parse_args()
    if given.quick:
        given.records, given.operations, given.rounds = 2_000, 2_000, 1
    print(
        f"{given.records:,} records of {VALUE_BYTES:,} bytes, {given.operations:,} operations, "
        f"CPython {platform.python_version()}, median of {given.rounds}"
    )
    with at_rest(given.stores, given.records, VALUE_BYTES) as rest:
        for workload in WORKLOADS:
            measure(rest, workload, given.operations, given.rounds, given.stores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
