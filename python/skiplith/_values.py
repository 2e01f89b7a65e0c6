"""Plain values that a database hands out about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """What a database was opened with; `skiplith.open` says what each option means."""

    sync: bool
    sync_interval_ms: int
    wal: bool
    wal_sink: Literal["auto", "mapped", "write"]
    memtable: Literal["skiplist", "mutex_map", "rwlock_map"]
    memtable_bytes: int
    gil: Literal["auto", "release", "hold"]


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters since opening and present sizes; made by `DB.stats`.

    Sizes are in bytes. The counters are exact once no call is in progress.
    """

    memtable_used_bytes: int
    """Memory of the active memtable."""
    frozen_memtables: int
    frozen_bytes: int
    """Memory of all frozen memtables."""
    log_bytes: int
    """Of all log segments in use."""
    gets: int
    """Keys looked up."""
    puts: int
    """Pairs set, those in batches too."""
    deletes: int
    """Keys deleted, those in batches too."""
    batches: int
    freezes: int
    """How often the active memtable was full and a new one took its place."""
    freeze_races_lost: int
    """How often a writer came to freeze and found it done."""
    bytes_written: int
    """Of keys and values, as given."""
    bytes_read: int
    """Of values, as returned."""
    syncs: int
    """Rounds of fdatasync."""
    synced_writes: int
    """Writes that waited for one; many share a round."""
    stall_seconds: float
    """Time that writers spent waiting for room."""
    gil_releases: int
    """How often an operation let the interpreter's lock go."""
    gil_wait_seconds: float
    """Time that operations then spent getting it back."""
    recovered_records: int
    """Records that opening replayed from the log."""
    recovery_seconds: float
