"""Skiplith: an embedded, ordered, durable key-value store.

>>> import skiplith
>>> with skiplith.open("data") as db:
...     db[b"lemon"] = b"yellow"
...     db.get(b"lemon")
b'yellow'
"""

import os as _os
from collections.abc import Mapping as _Mapping
from collections.abc import MutableMapping as _MutableMapping
from collections.abc import Sequence as _Sequence
from typing import Literal as _Literal

from skiplith._core import (
    DB,
    Batch,
    Cursor,
    ItemsRange,
    KeysRange,
    RangeIterator,
    Snapshot,
    Transaction,
    ValuesRange,
    __version__,
)
from skiplith._core.lab import FaultyFiles as _FaultyFiles
from skiplith._core.lab import MemoryFiles as _MemoryFiles
from skiplith._errors import (
    ClosedError,
    ConflictError,
    CorruptionError,
    Error,
    FormatError,
    LockedError,
    PoisonedError,
    ReadOnlyError,
    StorageError,
)
from skiplith._values import Level, Options, Stats

__all__ = [
    "DB",
    "Batch",
    "ClosedError",
    "ConflictError",
    "CorruptionError",
    "Cursor",
    "Error",
    "FormatError",
    "ItemsRange",
    "KeysRange",
    "Level",
    "LockedError",
    "Options",
    "PoisonedError",
    "RangeIterator",
    "ReadOnlyError",
    "Snapshot",
    "Stats",
    "StorageError",
    "Transaction",
    "ValuesRange",
    "__version__",
    "open",
    "verify",
]

_MutableMapping.register(DB)
_MutableMapping.register(Transaction)
_Mapping.register(Snapshot)


def open(
    path: str | bytes | _os.PathLike[str] | _os.PathLike[bytes],
    flag: _Literal["r", "w", "c", "n"] = "c",
    *,
    sync: bool = False,
    sync_interval_ms: int = 0,
    wal: bool = True,
    wal_sink: _Literal["auto", "mapped", "write"] = "auto",
    memtable: _Literal["skiplist", "art", "mutex_map", "rwlock_map"] = "art",
    memtable_bytes: int = 67108864,
    cache_bytes: int = 268435456,
    compression: str | _Sequence[str] = "lz4",
    filter_bits: int = 10,
    compaction: _Literal["leveled", "tiered", "none"] = "leveled",
    gil: _Literal["auto", "release", "hold"] = "auto",
    files: _MemoryFiles | _FaultyFiles | None = None,
) -> DB:
    """Opens the database in the directory `path`, after recovering what a crash has left.

    `flag`, as in `dbm`:

    * "r": read-only, must exist; writes nothing, and keeps writers out while it is open.
    * "w": must exist.
    * "c": made if missing. The default.
    * "n": always new and empty. Removes Skiplith's own files, and only from a directory that is
      empty or a database.

    Options, with their defaults:

    * sync=False: every write waits for fdatasync, and so survives the loss of power; without it,
      a write survives the death of the process. The `sync` of a single call overrides it.
    * sync_interval_ms=0: milliseconds after which unsynced writes are synced in the background: it
      bounds what a loss of power can take. 0 leaves that to the operating system.
    * wal=True: False keeps no log. Faster, and a crash loses what is only in memory; not with
      sync=True.
    * wal_sink="auto": how the log is written. "mapped" stores into a mapped file, without a system
      call; "write" calls pwrite for each record; "auto" takes the first on ext4, XFS and tmpfs.
    * memtable="art": the index in memory. "art" is an adaptive radix tree with lock-free reads;
      "skiplist" has no locks at all and takes a little less memory; "mutex_map" and "rwlock_map"
      are ordered maps behind a lock, there for comparison.
    * memtable_bytes=67108864: bytes of memory (64 MiB) at which the active memtable is frozen and
      a new one takes its place; 64 KiB to 8 GiB. Larger ones freeze less often.
    * cache_bytes=268435456: bytes of memory (256 MiB) for tables' blocks, indexes and filters.
    * compression="lz4": of tables: "none", "lz4" or "zstd"; or a sequence, one for each level, the
      last for all deeper ones. "zstd" takes less space and more time.
    * filter_bits=10: bits per key of the tables' Bloom filters, at most 32; 0 for none. Ten let one
      in a hundred lookups of a missing key pass.
    * compaction="leveled": how tables are merged. "tiered" merges those of one size: about half of
      the writing, while up to three times the data's space is taken, and lookups and scans meet
      more tables. "none" compacts only when compact() is called; reads get slower then. Each
      opening may choose anew.
    * gil="auto": when operations let the interpreter's lock go. "auto" does where it pays: where
      they wait, and for long ones. "release" always does and "hold" only where they may wait:
      both for experiments.

    And for tests, `files`: the files to use instead of the operating system's, made by
    skiplith.lab; the database keeps them alive.

    Raises FileNotFoundError ("r" or "w", and no database there), LockedError (open already, here
    or in another process), FormatError (other files in the directory, or a newer version's
    database), CorruptionError (damaged), StorageError (a system call failed), TypeError and
    ValueError (arguments). The directory is as before then.

    >>> with skiplith.open("data", memtable_bytes=1 << 20) as db:
    ...     db[b"lemon"] = b"yellow"
    >>> with skiplith.open("data", "r") as db:
    ...     db[b"lemon"]
    b'yellow'
    """
    return DB(
        path,
        flag,
        sync=sync,
        sync_interval_ms=sync_interval_ms,
        wal=wal,
        wal_sink=wal_sink,
        memtable=memtable,
        memtable_bytes=memtable_bytes,
        cache_bytes=cache_bytes,
        compression=compression,
        filter_bits=filter_bits,
        compaction=compaction,
        gil=gil,
        files=files,
    )


def verify(
    path: str | bytes | _os.PathLike[str] | _os.PathLike[bytes],
    *,
    files: _MemoryFiles | _FaultyFiles | None = None,
) -> None:
    """Reads every file of the database in the directory `path` and checks it; writes nothing.

    The log is replayed into memory as "r" does, and every table is read; see `DB.verify`.

    Raises CorruptionError for the first thing that is wrong, FileNotFoundError, LockedError (open
    for writing), FormatError, StorageError.

    >>> skiplith.open("data").close()
    >>> skiplith.verify("data")
    """
    with open(path, "r", files=files) as db:
        db.verify()
