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
    memtable: Literal["skiplist", "art", "mutex_map", "rwlock_map"]
    memtable_bytes: int
    cache_bytes: int
    compression: str | tuple[str, ...]
    filter_bits: int
    compaction: Literal["leveled", "tiered", "none"]
    gil: Literal["auto", "release", "hold"]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of tables: how many, and the bytes of their files."""

    tables: int
    bytes: int


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
    transactions: int
    """Transactions committed that wrote something."""
    conflicts: int
    """Transactions refused, since what they had read had changed."""
    snapshots: int
    """Snapshots that are open."""
    freezes: int
    """How often the active memtable was full and a new one took its place."""
    freeze_races_lost: int
    """How often a writer came to freeze and found it done."""
    flushes: int
    """Memtables written to tables."""
    compactions: int
    bytes_flushed: int
    """Of the tables' files."""
    bytes_compacted: int
    """Of the files that compactions have written."""
    levels: tuple[Level, ...]
    """Level 0, which memtables are flushed to, first."""
    obsolete_entries: int
    """Tombstones and older versions in tables: kept for snapshots, or not yet compacted away."""
    compaction_debt_bytes: int
    """What compactions have to write until none is due, about."""
    write_amplification: float
    """Bytes of tables that flushes and compactions have written, for each of `bytes_written`; 0
    while that is 0. The log is not counted: it adds about one."""
    read_amplification: int
    """The most tables whose keys reach around one key: so many a lookup asks that no filter spares
    it, besides the memory's tables."""
    space_amplification: float
    """Bytes of tables for a byte of what is live in them, at most about: every entry that lies
    above older ones is taken to hide one. 1.0 without tables, infinite when all may be deleted."""
    block_hits: int
    """Lookups in a block of a table that was in memory."""
    block_misses: int
    """Blocks read from their files."""
    filter_hits: int
    """Lookups in a table that its filter spared."""
    filter_misses: int
    """Lookups in a table that its filter let pass and that found nothing."""
    cache_used_bytes: int
    """Of tables' blocks, indexes and filters in memory."""
    background_error: str | None
    """Why the last flush or compaction failed; it is tried again. None: it did not."""
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
