"""Stores that are written once, brought to rest, and then read by many processes."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rounds import KEY_BYTES, program
from rows import ROOT
from wanted import Input

VALUE_BYTES = 100
ORDERED = ("skiplith", "plyvel", "rocksdict", "lmdb")


@dataclass(frozen=True, slots=True)
class AtRest:
    """`input` is the folder that `Input` reads, `folder` has room for more stores."""

    folder: str
    input: str

    def directory(self, name: str) -> str:
        """Of a store, in whichever way it is read."""
        return f"{self.folder}/{name.partition(',')[0]}"


@contextmanager
def at_rest(names: Sequence[str], pairs: int, value_bytes: int = VALUE_BYTES) -> Iterator[AtRest]:
    """Not in the temporary directory: that may be one in memory, where nothing can be cold."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "build") as folder:
        found = AtRest(folder, Input.write(Path(folder, "input"), pairs, value_bytes))
        for name in names:
            print(f"writing {pairs:,} pairs: {name:30}", end="\r", file=sys.stderr, flush=True)
            directory = found.directory(name)
            Path(directory).mkdir()
            command = program("one_build.py", name, directory, found.input)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        os.sync()
        yield found


def arguments(description: str, pairs: int) -> argparse.Namespace:
    """Fewer pairs and rounds, or stores, say little: that is for trying the programs out."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=pairs)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stores", nargs="+", choices=ORDERED, default=ORDERED)
    return parser.parse_args()


def print_setting(given: argparse.Namespace) -> None:
    print(
        f"{given.pairs:,} random keys of {KEY_BYTES} bytes, values of {VALUE_BYTES} bytes, "
        f"one thread, CPython {platform.python_version()}, median of {given.rounds}"
    )
