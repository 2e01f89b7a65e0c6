"""`skiplith demo`: real input, several writers, a SIGKILL half-way, and what was left.

Two databases of the same content: `index` is written, asked and closed in peace; `killed` is
written by a child process that dies of SIGKILL, then reopened and checked record by record.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Table

import skiplith
from skiplith import _demo_crash as crash
from skiplith import _demo_words as words

_MB = 1e6


@dataclass(frozen=True, slots=True)
class Indexed:
    """The undisturbed run, in figures."""

    records: int
    bytes: int  # of keys and values
    seconds: float
    settled: skiplith.Stats  # after compact()


@dataclass(frozen=True, slots=True)
class Recovered:
    """The run that was killed, in figures."""

    seconds: float
    batches: int
    records: int
    verdict: crash.Verdict


def run(
    directory: Path | None, threads: int, word: str, shown: int, root: Path | None = None
) -> int:
    """The whole demo; 0 when nothing acknowledged was lost and no batch was torn.

    `root` is the folder to index, the standard library unless given.
    """
    console = Console(highlight=False)
    with ExitStack() as stack:
        if directory is None:
            directory = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="skiplith-demo-"))
            )
        root = root or words.library()
        chosen = words.sources(root)
        total = _total_bytes(chosen) / _MB
        console.print(
            f"{len(chosen):,} files, {total:.1f} MB, below {escape(str(root))}: "
            f"{threads} threads index them into {escape(str(directory))}",
            soft_wrap=True,
        )
        indexed = _index(console, directory / "index", chosen, threads, word, shown)
        recovered = _crash_and_recover(console, directory / "killed", root, chosen, threads)
    console.print(_table(indexed, recovered))
    verdict = recovered.verdict
    if verdict.lost or verdict.torn or verdict.strays:
        console.print("[bold red]The database broke its word.[/]")
        return 1
    console.print("[green]Every acknowledged record survived; every batch is whole or absent.[/]")
    return 0


def _index(
    console: Console,
    directory: Path,
    chosen: Sequence[words.Source],
    threads: int,
    word: str,
    shown: int,
) -> Indexed:
    """Indexes everything with several threads, then answers from it."""
    with skiplith.open(directory, "n") as db, _progress(console) as progress:
        task = progress.add_task("indexing", total=_total_bytes(chosen))
        started = time.perf_counter()
        records = written = 0
        for position, count, size in words.index(db, chosen, threads):
            records += count
            written += size
            progress.advance(task, chosen[position].size_bytes)
        seconds = time.perf_counter() - started
        progress.stop()
        _answer(console, db, word, shown)
        db.compact()
        return Indexed(records, written, seconds, db.stats())


def _answer(console: Console, db: skiplith.DB, word: str, shown: int) -> None:
    """Where does this word occur?"""
    started = time.perf_counter()
    count = db.count(prefix=word.encode() + b"\0")
    elapsed = time.perf_counter() - started
    console.print(
        f"[bold]{escape(word)}[/] occurs on {count:,} lines, counted in {elapsed * 1e3:.2f} ms"
    )
    for place in islice(words.places(db, word), shown):
        line = f"  {place.name}:{place.line}: {place.text}"
        console.print(line, markup=False, no_wrap=True, overflow="ellipsis")


def _crash_and_recover(
    console: Console,
    directory: Path,
    root: Path,
    chosen: Sequence[words.Source],
    threads: int,
) -> Recovered:
    """Lets a child do the same, kills it half-way, reopens and checks what it acknowledged."""
    skiplith.open(directory, "n").close()
    with _progress(console) as progress:
        task = progress.add_task("a child, until SIGKILL", total=_total_bytes(chosen) // 2)
        acknowledged = crash.killed_half_way(
            directory, root, threads, lambda done: progress.update(task, completed=done)
        )
    started = time.perf_counter()
    with skiplith.open(directory, "w") as db:
        seconds = time.perf_counter() - started
        batches, records = db.stats().recovered_records, db.count()
        console.print(f"reopened in {seconds:.2f} s: {records:,} records; checking them all")
        verdict = crash.check(db, chosen, acknowledged, threads)
        return Recovered(seconds, batches, records, verdict)


def _table(indexed: Indexed, recovered: Recovered) -> Table:
    table = Table(title="skiplith demo", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("figure", justify="right")
    stats = indexed.settled
    rows = [
        ("records indexed", f"{indexed.records:,}"),
        ("keys and values", f"{indexed.bytes / _MB:,.1f} MB"),
        ("time", f"{indexed.seconds:.2f} s"),
        ("rate", f"{indexed.records / indexed.seconds:,.0f} records/s"),
        ("", f"{indexed.bytes / _MB / indexed.seconds:,.1f} MB/s"),
        ("freezes", f"{stats.freezes:,}"),
        ("flushes, compactions", f"{stats.flushes:,}, {stats.compactions:,}"),
        ("tables by level, compacted", " ".join(str(level.tables) for level in stats.levels)),
        ("space of tables", f"{sum(level.bytes for level in stats.levels) / _MB:,.1f} MB"),
    ]
    for name, figure in rows:
        table.add_row(name, figure)
    table.add_section()
    verdict = recovered.verdict
    rows = [
        ("recovery after SIGKILL", f"{recovered.seconds:.2f} s"),
        ("batches replayed", f"{recovered.batches:,}"),
        ("records found", f"{recovered.records:,}"),
        ("records acknowledged", f"{verdict.acknowledged:,}"),
        ("acknowledged and lost", f"{verdict.lost:,}"),
        ("not acknowledged, yet there, whole", f"{verdict.unacknowledged:,}"),
        ("batches torn", f"{verdict.torn:,}"),
        ("records nobody wrote", f"{verdict.strays:,}"),
    ]
    for name, figure in rows:
        table.add_row(name, figure)
    return table


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _total_bytes(chosen: Sequence[words.Source]) -> int:
    return sum(source.size_bytes for source in chosen)
