"""Scans of tables at rest: everything, forwards and backwards, keys alone, ranges, and seeks.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from at_rest import AtRest, arguments, at_rest, print_setting
from costs import Promise, print_costs, rows_of
from rounds import DIRECTORY, in_turns, program, write_rounds
from rows import Row, report

PAIRS = 1_000_000
VERBS = ("pairs", "backwards", "keys", "range", "seek")
SCAN, RANGES = "full scan, pairs per second", "ranges of 100 pairs"
PROMISED = (
    Promise(SCAN, "pairs_ns", "lmdb", 1.5),
    Promise(SCAN, "pairs_ns", "plyvel", 3),
    Promise(RANGES, "range_ns", "plyvel", 3),
    Promise(RANGES, "range_ns", "rocksdict", 3),
)


def settled(rest: AtRest, stores: Sequence[str], rounds: int) -> list[Row]:
    commands = {
        name: program("one_scan.py", name, rest.directory(name), rest.input) for name in stores
    }
    found = in_turns(commands, rounds, rest.folder)
    print("\nsettled: a pair; a range of 100; a seek and 10 pairs")
    print_costs(found, VERBS)
    write_rounds(found, "scans")
    return rows_of(found, PROMISED)


def mostly_deleted(rest: AtRest, stores: Sequence[str], rounds: int) -> None:
    commands = {
        name: program("one_scan_deleted.py", name, DIRECTORY, rest.input) for name in stores
    }
    found = in_turns(commands, rounds, rest.folder)
    print("\n90 % deleted, not compacted by us: each pair that is left")
    print_costs(found, ["deleted"])
    write_rounds(found, "scans_of_deleted")


def main() -> int:
    given = arguments(__doc__, PAIRS)
    print_setting(given)
    with at_rest(given.stores, given.pairs) as rest:
        promised = settled(rest, given.stores, given.rounds)
        mostly_deleted(rest, given.stores, given.rounds)
    return report(promised, "scans_rows")


if __name__ == "__main__":
    sys.exit(main())
