"""The program that gets killed: opens, writes, closes, and acknowledges what has returned.

Every line of its standard output is one acknowledgement: "open", "WRITER NUMBER", "close".
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import skiplith
from killing.work import COUNTER, Write, nth_write
from skiplith._core import sync_points

NEVER = ""
MEMTABLE_BYTES = 65536  # the least there is


@dataclass(frozen=True, slots=True)
class Run:
    """What the driver is to do."""

    directory: str
    seed: int
    first: list[int]  # the number of each writer's first write
    writes: int  # of each writer
    sync: bool
    wal_sink: str
    memtable: str
    gil: str
    when: str = NEVER  # "open", "write", "close": from when on the point is armed
    point: str = ""  # the sync point to die at
    nth: int = 1
    acknowledges_early: bool = False  # the lie that the test has to catch

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def main(run: Run) -> None:
    def arm(now: str) -> None:
        if run.when == now:
            sync_points.kill_at(run.point, run.nth)

    arm("open")
    names = ("sync", "wal_sink", "memtable", "gil")
    options: dict[str, Any] = {name: getattr(run, name) for name in names}
    db = skiplith.open(run.directory, memtable_bytes=MEMTABLE_BYTES, **options)
    acknowledge(b"open\n")
    arm("write")

    def write_all(writer: int) -> None:
        for number in range(run.first[writer], run.first[writer] + run.writes):
            acknowledgement = b"%d %d\n" % (writer, number)
            if run.acknowledges_early:
                acknowledge(acknowledgement)
            do(db, nth_write(run.seed, writer, number))
            if not run.acknowledges_early:
                acknowledge(acknowledgement)

    with ThreadPoolExecutor(len(run.first)) as pool:
        list(pool.map(write_all, range(len(run.first))))
    arm("close")
    db.close()
    acknowledge(b"close\n")


def acknowledge(line: bytes) -> None:
    os.write(sys.stdout.fileno(), line)  # one system call: in the pipe, come what may


def do(db: skiplith.DB, write: Write) -> None:
    """One call of the database."""
    sync = True if write.sync else None
    if write.is_transaction:
        while not commits(db, write, sync):
            pass
    elif write.increment:
        db.increment(COUNTER, write.increment, sync=sync)
    elif not write.is_batch:
        for key, value in write.changes.items():
            if value is None:
                db.delete(key, sync=sync)
            else:
                db.put(key, value, sync=sync)
    elif len(puts := {k: v for k, v in write.changes.items() if v is not None}) == len(
        write.changes
    ):
        db.put_many(puts, sync=sync)
    else:
        with db.batch(sync=sync) as batch:
            for key, value in write.changes.items():
                if value is None:
                    del batch[key]
                else:
                    batch[key] = value


def commits(db: skiplith.DB, write: Write, sync: bool | None) -> bool:
    """One attempt: writers meet at the counter, and in a range that belongs to one of them."""
    try:
        with db.transaction(sync=sync) as transaction:
            if len(write.changes) % 2 == 0:
                list(transaction.keys(prefix=min(write.changes)[:3]))
            for key, value in write.changes.items():
                transaction.get(key)
                if value is None:
                    transaction.delete(key)
                else:
                    transaction[key] = value
            transaction.increment(COUNTER, write.increment)
    except skiplith.ConflictError:
        return False
    return True


if __name__ == "__main__":
    main(Run(**json.loads(sys.argv[1])))
