"""Tools for testing what is built on Skiplith: threads that race, load, histories of calls, files
that lose power, and files that fail.

In pytest they are at hand as the fixture `lab`; see skiplith_pytest.

>>> import skiplith
>>> from skiplith import lab
>>> files = lab.memory_files()
>>> with skiplith.open("data", files=files) as db:
...     db[b"lemon"] = b"yellow"
"""

from __future__ import annotations

import errno as _errno
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from skiplith._core import lab as _lab
from skiplith._core.lab import FaultyFiles, History, MemoryFiles, RecordedDB
from skiplith._experiment import Lab
from skiplith._race import race
from skiplith._workload import workload
from skiplith._workload_result import Latency, WorkloadResult

__all__ = [
    "Fault",
    "FaultyFiles",
    "History",
    "Lab",
    "Latency",
    "MemoryFiles",
    "RecordedDB",
    "WorkloadResult",
    "faulty_files",
    "history",
    "memory_files",
    "race",
    "workload",
]

for _public in (Lab, Latency, WorkloadResult):
    _public.__module__ = __name__


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule of faulty files: which call is struck, and what happens to it.

    Operations on a segment, which is a file of the log: "create_segment", "segment_grow",
    "segment_write" (not where it is mapped), "segment_sync", "segment_finish"; on another file that
    is written: "create_appendable", "append", "append_sync", "append_close"; on one that is read:
    "open_readable", "read"; on directories: "list", "make_directories", "sync_directory", "lock";
    on names: "kind_of", "rename" (by either), "remove".

    >>> Fault("segment_grow", errno=28)  # the disk is full
    Fault(operation='segment_grow', path='*', nth=1, errno=28, sticky=False, done='nothing', \
delay_ms=0)
    """

    operation: str
    path: str = "*"
    """A pattern, as of a shell, for the file's name without its directory."""
    nth: int = 1
    """Of the calls that match, from when the rule was given."""
    errno: int = _errno.EIO
    """What it fails with; 0: it is only delayed."""
    sticky: bool = False
    """All later ones too."""
    done: Literal["nothing", "half", "all"] = "nothing"
    """How much of it happens all the same: of the bytes to be written, or of a call as a whole."""
    delay_ms: int = 0
    """Milliseconds before it begins."""


def memory_files(*, form: Literal["mapped", "write"] = "mapped") -> MemoryFiles:
    """Files in memory, empty, to pass as `files=` to `skiplith.open`; see MemoryFiles.

    `form` is how the log is written on them unless `wal_sink` says so: by stores into mapped memory
    or by calls.

    Raises TypeError and ValueError (arguments).

    >>> files = lab.memory_files()
    >>> with skiplith.open("data", files=files) as db:
    ...     db.put(b"lemon", b"yellow", sync=True)
    ...     db.put(b"plum", b"purple")
    ...     after = files.crash(seed=7, keep=0)  # a power cut that takes all it may
    >>> with skiplith.open("data", files=after) as db:
    ...     dict(db.items())
    {b'lemon': b'yellow'}
    """
    return _lab.memory_files(form)


def faulty_files(
    rules: Iterable[Fault], inner: MemoryFiles | FaultyFiles | None = None
) -> FaultyFiles:
    """Files that fail as the rules say, to pass as `files=` to `skiplith.open`; see FaultyFiles.

    Everything else goes to `inner`, by default the operating system's files. Of several rules that
    strike one call, the first decides how it fails.

    Raises TypeError and ValueError (a rule makes no sense).

    >>> files = lab.faulty_files([lab.Fault("rename", path="CURRENT")], lab.memory_files())
    >>> skiplith.open("data", files=files)
    Traceback (most recent call last):
    skiplith.StorageError: [Errno 5] injected: ...
    """
    files = _lab.faulty_files(inner)
    for rule in rules:
        files.fail_at(rule)
    return files


def history() -> History:
    """An empty record of what threads do to one database; see History.

    Raises nothing.

    >>> h = lab.history()
    >>> with skiplith.open("data", gil="release") as db:
    ...     t = h.wrap(db)
    ...     t[b"lemon"] = b"yellow"
    ...     t.get(b"lemon")
    b'yellow'
    >>> h.check()
    'linearizable'
    """
    return _lab.history()
