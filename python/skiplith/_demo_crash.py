"""A child process that indexes until SIGKILL ends it, and the check of what it left.

The child writes a file's position into its standard output when, and only when, the batch of
that file has returned: that is the acknowledgement which must survive.
"""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import skiplith
from skiplith._demo_words import Source, records, sources


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reopened database holds, against what its dead writer acknowledged."""

    acknowledged: int  # records
    lost: int  # acknowledged records missing or changed
    unacknowledged: int  # records of batches that returned to nobody, yet are there, whole
    torn: int  # files indexed in part
    strays: int  # records that nobody wrote


class ChildError(RuntimeError):
    """The child ended by itself."""


def killed_half_way(
    directory: Path, root: Path, threads: int, progress: Callable[[int], object]
) -> set[int]:
    """Runs the child until half of all bytes are indexed, kills it; the acknowledged positions."""
    chosen = sources(root)
    command = [sys.executable, "-m", __name__, str(directory), str(root), str(threads)]
    half_bytes = sum(source.size_bytes for source in chosen) // 2
    acknowledged: set[int] = set()
    indexed_bytes = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            # Reads to the end of the pipe: what came before the signal is acknowledged too.
            for line in child.stdout:
                position = int(line)
                acknowledged.add(position)
                indexed_bytes += chosen[position].size_bytes
                progress(min(indexed_bytes, half_bytes))
                if indexed_bytes >= half_bytes:
                    child.kill()
        finally:
            child.kill()
    if child.returncode != -signal.SIGKILL:
        raise ChildError(f"the indexing child ended with status {child.returncode}")
    return acknowledged


def check(
    db: skiplith.DB, chosen: Sequence[Source], acknowledged: set[int], threads: int
) -> Verdict:
    """Compares every record of every file, whether acknowledged or not."""

    def compare(position: int) -> tuple[int, int]:
        expected = records(chosen[position])
        found = db.get_many(list(expected))
        right = sum(map(operator.eq, found, expected.values()))
        return len(expected), right

    with ThreadPoolExecutor(threads, thread_name_prefix="check") as pool:
        compared = list(pool.map(compare, range(len(chosen))))
    others = [pair for position, pair in enumerate(compared) if position not in acknowledged]
    wanted = sum(compared[position][0] for position in acknowledged)
    kept = sum(compared[position][1] for position in acknowledged)
    return Verdict(
        acknowledged=wanted,
        lost=wanted - kept,
        unacknowledged=sum(right for total, right in others if right == total),
        torn=sum(0 < right < total for total, right in others),
        strays=db.count() - kept - sum(right for _, right in others),
    )


def _child(directory: str, root: str, threads: int) -> None:
    chosen = sources(Path(root))

    def store(position: int) -> None:
        db.put_many(records(chosen[position]))
        os.write(sys.stdout.fileno(), b"%d\n" % position)

    with skiplith.open(directory) as db, ThreadPoolExecutor(threads) as pool:
        list(pool.map(store, range(len(chosen))))


if __name__ == "__main__":
    _child(sys.argv[1], sys.argv[2], int(sys.argv[3]))
