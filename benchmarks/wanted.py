"""The keys and values that all processes read from the same files, and which keys are asked for."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from one_store import pieces
from rounds import KEY_BYTES, write_input
from stores import Store

THETA = 0.99  # the nth most wanted key is asked for in proportion to 1 / n ** THETA
TOGETHER = 1_000  # pairs written as one


@dataclass
class Input:
    """Lies in a folder, written once by `write`; a process loads of it what it asks for."""

    folder: str

    @staticmethod
    def write(folder: Path, pairs: int, value_bytes: int) -> str:
        write_input(folder, pairs, value_bytes)
        rng = random.Random(2)
        (folder / "missing").write_bytes(rng.randbytes(KEY_BYTES * pairs))
        by_rank = array("I", (folder / "order").read_bytes())
        weights = list(accumulate(1 / rank**THETA for rank in range(1, pairs + 1)))
        drawn = array("I", rng.choices(by_rank, cum_weights=weights, k=pairs))
        (folder / "zipfian").write_bytes(drawn.tobytes())
        return str(folder)

    @cached_property
    def keys(self) -> list[bytes]:
        return pieces(f"{self.folder}/keys", KEY_BYTES)

    @cached_property
    def values(self) -> list[bytes]:
        path = f"{self.folder}/values"
        return pieces(path, Path(path).stat().st_size // len(self.keys))

    def chosen(self, name: str) -> list[bytes]:
        """Keys by their numbers in a file: "order" has each once, "zipfian" some very often."""
        numbers = array("I", Path(self.folder, name).read_bytes())
        return [self.keys[n] for n in numbers]

    def missing(self) -> list[bytes]:
        """Random as those that are there, so they lie between them."""
        return pieces(f"{self.folder}/missing", KEY_BYTES)

    def fill(self, store: Store) -> None:
        for n in range(0, len(self.keys), TOGETHER):
            batch = slice(n, n + TOGETHER)
            store.put_many(list(zip(self.keys[batch], self.values[batch], strict=True)))

    def samples(self) -> Iterator[tuple[bytes, bytes]]:
        return zip(self.keys[::10], self.values[::10], strict=True)
