"""Single gets: from tables at rest, of keys that are missing, from memory, from the disk.

`make bench` runs it; what is measured, and how, is in README.md beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from at_rest import VALUE_BYTES, AtRest, arguments, at_rest, print_setting
from costs import Promise, print_costs, rows_of, times_as_fast
from rounds import DIRECTORY, in_turns, print_figures, program, write_rounds
from rows import Row, report
from wanted import Input

PAIRS = 1_000_000
FRESH_PAIRS = 300_000  # stay in a write buffer of 64 MiB
ONE_TRANSACTION = "lmdb, one transaction"
VERBS = ("get", "missing", "zipfian")


SETTLED = (
    Promise("settled get", "get_ns", "plyvel", 5),
    Promise("settled get", "get_ns", "rocksdict", 4),
    Promise("settled get", "get_ns", ONE_TRANSACTION, 1.6),
    Promise("get of a missing key", "missing_ns", "plyvel", 5),
    Promise("get of a missing key", "missing_ns", "rocksdict", 4),
    Promise("get of a missing key", "missing_ns", ONE_TRANSACTION, 2.5),
)
FRESH = (
    Promise("fresh get", "get_ns", "plyvel", 3.5),
    Promise("fresh get", "get_ns", ONE_TRANSACTION, 1.7),
)


def both_ways(stores: Sequence[str]) -> list[str]:
    """lmdb's gets in a transaction each, as the others' are, and all in one, its fastest."""
    return [*stores, *[ONE_TRANSACTION for name in stores if name == "lmdb"]]


def settled(rest: AtRest, stores: Sequence[str], rounds: int) -> list[Row]:
    commands = {
        name: program("one_get.py", "settled", name, rest.directory(name), rest.input)
        for name in both_ways(stores)
    }
    commands["dict"] = program("one_get.py", "fresh", "dict", DIRECTORY, rest.input)
    found = in_turns(commands, rounds, rest.folder)
    print("\nsettled: all pairs in tables that do not overlap, and in memory")
    print_costs(found, VERBS)
    write_rounds(found, "settled_gets")
    against_dict = 1 / times_as_fast(found, "get_ns", "dict")
    row = Row("settled get, time against a dict's", against_dict, "<=", 2)
    return [*rows_of(found, SETTLED), row]


def fresh(rest: AtRest, stores: Sequence[str], pairs: int, rounds: int) -> list[Row]:
    folder = Input.write(Path(rest.folder, "fresh"), pairs, VALUE_BYTES)
    names = [*both_ways(stores), "dict"]
    commands = {name: program("one_get.py", "fresh", name, DIRECTORY, folder) for name in names}
    found = in_turns(commands, rounds, rest.folder)
    print(f"\nfresh: {pairs:,} pairs, none of them in tables")
    print_costs(found, VERBS)
    write_rounds(found, "fresh_gets")
    return rows_of(found, FRESH)


def cold(rest: AtRest, stores: Sequence[str], rounds: int) -> None:
    commands = {
        name: program("one_cold_get.py", name, rest.directory(name), rest.input) for name in stores
    }
    found = in_turns(commands, rounds, rest.folder)
    print("\ncold: opened with nothing of it in the page cache")
    print_costs(found, ["cold"])
    print_figures(found, {"read_mib": "read, MiB"})
    write_rounds(found, "cold_gets")


def beside_a_writer(rest: AtRest, stores: Sequence[str], rounds: int) -> None:
    commands = {
        name: program("one_get_beside.py", name, DIRECTORY, rest.directory(name), rest.input)
        for name in stores
    }
    found = in_turns(commands, rounds, rest.folder)
    print("\nbeside a writer: one thread gets, another puts; processor time is that of both")
    print_costs(found, ["beside"])
    print_figures(found, {"writes_per_second": "writes / s"})
    write_rounds(found, "gets_beside_a_writer")


def main() -> int:
    given = arguments(__doc__, PAIRS)
    print_setting(given)
    with at_rest(given.stores, given.pairs) as rest:
        promised = settled(rest, given.stores, given.rounds)
        pairs = min(given.pairs, FRESH_PAIRS)
        promised += fresh(rest, given.stores, pairs, given.rounds)
        cold(rest, given.stores, given.rounds)
        beside_a_writer(rest, given.stores, given.rounds)
    return report(promised, "gets_rows")


if __name__ == "__main__":
    sys.exit(main())
