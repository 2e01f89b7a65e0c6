"""Kills drivers, reopens what they left, judges it, and goes on with the same database."""

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

import skiplith
from killing.driver import MEMTABLE_BYTES, Run
from killing.judge import judge
from killing.work import Write, nth_write

# phase -> the sync points to die at, each with the highest hit to choose; None: SIGKILL from
# outside after some acknowledgement
PHASES: dict[str, list[tuple[str | None, int]]] = {
    "creation": [("manifest_written", 1), ("segment_created", 1), ("manifest_appended", 1)],
    "log append": [
        ("write_lane_held", 300),
        ("write_entry_locked", 300),
        ("write_payload_logged", 200),
        ("write_announced", 300),
        ("write_sequenced", 300),
        ("write_logged", 200),
        ("write_linked", 300),
        ("batch_pending", 60),
        ("batch_before_commit_word", 60),
        ("segment_grow", 3),
    ],
    "freeze": [
        ("freeze_prepared", 8),
        ("freeze_exclusive", 8),
        ("freeze_swapped", 8),
        ("segment_created", 6),
        ("manifest_appended", 6),
    ],
    "flush": [
        ("flush_begin", 5),
        ("flush_written", 5),
        ("flush_named", 5),
        ("flush_installed", 5),
    ],
    "compaction": [
        ("compaction_begin", 2),
        ("compaction_written", 1),
        ("compaction_named", 2),
        ("compaction_installed", 2),
    ],
    "manifest": [("manifest_appended", 12), ("manifest_written", 1)],
    "sync": [
        ("sync_leader", 12),
        ("sync_drained", 12),
        ("sync_done", 12),
        ("sync_follower", 6),
    ],
    "recovery": [
        ("recovery_begin", 1),
        ("recovery_replayed", 1),
        ("recovery_written", 1),
        ("recovery_installed", 1),
        ("manifest_written", 1),
        ("manifest_appended", 1),
    ],
    "close": [("close_begin", 1), ("close_synced", 1), ("close_footer", 1)],
    "anywhere": [(None, 400)],
}
# From when on the point is armed; else "write".
WHEN = {"creation": "open", "recovery": "open", "manifest": "open", "close": "close"}
STAYS = {"creation", "recovery"}  # phases in which nothing is written


@dataclass(frozen=True, slots=True)
class Kill:
    """One death to die."""

    phase: str
    point: str | None
    highest: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What stays the same over the rounds of one database."""

    memtable: str
    wal_sink: str
    writers: int
    sync: bool

    def __str__(self) -> str:
        return f"{self.memtable}, {self.wal_sink}, {self.writers} writers, sync={self.sync}"


MEMTABLES = ("skiplist", "art", "mutex_map", "rwlock_map")
SINKS = ("mapped", "write")
SHAPES = ((1, False), (8, True), (8, False), (1, True))  # writers, sync
# All combinations. Of each eight in a row, every memtable with both ways to write the log.
KINDS = [
    Kind(memtable, wal_sink, *SHAPES[(turn + n) % len(SHAPES)])
    for turn in range(len(SHAPES))
    for wal_sink in SINKS
    for n, memtable in enumerate(MEMTABLES)
]


@dataclass(slots=True)
class Tally:
    """What was killed and what was looked at."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)  # phase, kind
    acknowledged: int = 0
    survived: int = 0  # drivers that never came to the point
    largest: int = 0  # bytes of a database's tables

    def add(self, other: "Tally") -> None:
        self.kills += other.kills
        self.acknowledged += other.acknowledged
        self.survived += other.survived
        self.largest = max(self.largest, other.largest)

    def per_phase(self) -> Counter[str]:
        totals: Counter[str] = Counter()
        for (phase, _), count in self.kills.items():
            totals[phase] += count
        return totals


class BrokenPromiseError(AssertionError):
    """A database broke a promise."""


class Database:
    """One directory over several rounds, and what is known to be in it."""

    def __init__(self, directory: Path, kind: Kind, seed: int) -> None:
        self.directory, self.kind, self.seed = directory, kind, seed
        self.rng = random.Random(seed)
        self.state: dict[bytes, bytes] = {}
        self.first = [0] * kind.writers
        self.tally = Tally()

    def round(self, kill: Kill) -> bool:
        """One driver, one death, one judgement; False when the driver did not die of it."""
        run = self.plan(kill)
        after = self.rng.randint(1, kill.highest) if kill.point is None else None
        died, acknowledged = self.drive(run, after)
        self.settle(run, acknowledged)
        if died:
            self.tally.kills[kill.phase, str(self.kind)] += 1
        else:
            self.tally.survived += 1
        return died

    def plan(self, kill: Kill) -> Run:
        """The run in which to die this death."""
        run = Run(
            directory=str(self.directory),
            seed=self.seed,
            first=self.first,
            writes=self.rng.randint(5, 30) if kill.phase == "close" else 400 // len(self.first),
            sync=self.kind.sync,
            wal_sink=self.kind.wal_sink,
            memtable=self.kind.memtable,
            gil=self.rng.choice(["auto", "release"]),
        )
        if kill.phase in STAYS:
            run = replace(run, writes=0)
        if kill.point is not None:
            nth = self.rng.randint(1, kill.highest)
            run = replace(run, when=WHEN.get(kill.phase, "write"), point=kill.point, nth=nth)
        return run

    def drive(self, run: Run, kill_after: int | None) -> tuple[bool, list[int]]:
        """Whether the driver died of SIGKILL, and how many writes of each writer returned."""
        acknowledged = [0] * len(run.first)
        command = [sys.executable, "-m", "killing.driver", run.to_json()]
        here = Path(__file__).parent.parent
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=here) as driver:
            assert driver.stdout is not None
            # To the end of the pipe: what came before the signal is acknowledged too.
            for line in driver.stdout:
                words = line.split()
                if len(words) == 2:
                    writer, number = map(int, words)
                    assert number == run.first[writer] + acknowledged[writer]
                    acknowledged[writer] += 1
                if kill_after is not None and sum(acknowledged) >= kill_after:
                    driver.kill()
        if driver.returncode not in (0, -signal.SIGKILL):
            raise BrokenPromiseError(f"the driver ended with status {driver.returncode}: {run}")
        return driver.returncode != 0, acknowledged

    def settle(self, run: Run, counts: list[int]) -> None:
        """Looks, judges, and makes what was found the next round's beginning."""
        acknowledged: list[Write] = []
        in_flight: list[Write] = []
        for writer, count in enumerate(counts):
            first, end = run.first[writer], run.first[writer] + run.writes
            acknowledged += (nth_write(self.seed, writer, n) for n in range(first, first + count))
            if first + count < end:
                in_flight.append(nth_write(self.seed, writer, first + count))
        for found in self.look():
            problems = judge(self.state, acknowledged, in_flight, found)
            if problems:
                shown = "\n".join(map(str, problems[:10]))
                raise BrokenPromiseError(
                    f"{len(problems)} problems in {self.directory} after {run}:\n{shown}"
                )
            # From here on it is settled whether the last writes happened.
            self.state, acknowledged, in_flight = found, [], []
        self.first = [first + count + 1 for first, count in zip(run.first, counts, strict=True)]
        self.tally.acknowledged += sum(counts)

    def look(self) -> Iterator[dict[bytes, bytes]]:
        """What the directory holds: read-only, and sometimes also by a recovery that writes."""
        if not (self.directory / "CURRENT").exists():
            yield {}  # killed before it was one
            return
        flags: list[Literal["r", "w"]] = ["r", "w", "r"] if self.rng.random() < 0.3 else ["r"]
        for flag in flags:
            options: dict[str, Any] = {"memtable": self.kind.memtable}
            with skiplith.open(
                self.directory, flag, memtable_bytes=MEMTABLE_BYTES, **options
            ) as db:
                found = dict(db.items())
                tables = sum(level.bytes for level in db.stats().levels)
                self.tally.largest = max(self.tally.largest, tables)
                if list(reversed(db)) != sorted(found, reverse=True):
                    raise BrokenPromiseError(f"backwards is not forwards in {self.directory}")
                yield found


def kills(database: int, rounds: int) -> Iterator[Kill]:
    """A database's deaths: at its creation, then each phase in turn, each of its points in turn.

    Each database takes up where the one before it stopped.
    """
    points = {phase: cycle(points) for phase, points in PHASES.items()}
    order = [
        *("log append", "recovery", "flush", "freeze", "compaction"),
        *("sync", "recovery", "close", "manifest", "anywhere"),
    ]
    turns = ((phase, *next(points[phase])) for phase in cycle(order))
    yield Kill("creation", *PHASES["creation"][database % len(PHASES["creation"])])
    for turn in islice(turns, database * (rounds - 1), None):
        yield Kill(*turn)


def campaign(root: Path, *, databases: int, rounds: int, seed: int, at_once: int = 2) -> Tally:
    """Databases of all kinds, each killed `rounds` times."""

    def one_database(index: int) -> Tally:
        database = Database(root / str(index), KINDS[index % len(KINDS)], seed + index)
        done = 0
        for kill in islice(kills(index, rounds), 3 * rounds + 10):
            # What has no data yet has nothing to recover.
            if kill.phase == "recovery" and not database.state:
                continue
            done += database.round(kill)
            if done == rounds:
                return database.tally
        raise BrokenPromiseError(f"the points are hardly ever reached: {database.tally}")

    tally = Tally()
    with ThreadPoolExecutor(at_once) as pool:
        for part in pool.map(one_database, range(databases)):
            tally.add(part)
    return tally


def table(tally: Tally) -> str:
    """Kills per phase and kind of database."""
    phases = list(PHASES)
    lines = [f"{'':40}" + "".join(f"{phase:>12}" for phase in phases)]
    for kind in map(str, KINDS):
        counts = [tally.kills[phase, kind] for phase in phases]
        if any(counts):
            lines.append(f"{kind:40}" + "".join(f"{count:12}" for count in counts))
    totals = tally.per_phase()
    lines.append(f"{'all':40}" + "".join(f"{totals[phase]:12}" for phase in phases))
    lines.append(
        f"{totals.total()} kills, {tally.acknowledged:,} acknowledged writes, none lost; "
        f"{tally.survived} drivers never came to their point"
    )
    return "\n".join(lines)
