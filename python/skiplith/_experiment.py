"""The value of the pytest fixture `lab`."""

from __future__ import annotations

from functools import partial
from typing import Any

from skiplith._race import race
from skiplith._workload import workload


class Lab:
    """What the pytest fixture `lab` hands out: everything in skiplith.lab, and the marker's values.

    `threads` and `seed` are those of the marker `skiplith`, by default 4 and 0. They are the
    defaults of `workload` here.

    >>> experiment = lab.Lab(threads=2, seed=3)
    >>> experiment.workload({}, ops=100).threads
    2
    >>> experiment.race(lambda: 1, lambda: 2)
    [1, 2]
    """

    def __init__(self, threads: int, seed: int) -> None:
        self.threads = threads
        self.seed = seed
        self.race = race
        self.workload = partial(workload, threads=threads, seed=seed)

    # The module that both ask for hands out this class, and so comes after it.

    def __getattr__(self, name: str) -> Any:
        from skiplith import lab

        if name not in lab.__all__:
            raise AttributeError(f"neither the fixture nor skiplith.lab has {name!r}")
        return getattr(lab, name)

    def __dir__(self) -> list[str]:
        from skiplith import lab

        return sorted({*super().__dir__(), *lab.__all__})
