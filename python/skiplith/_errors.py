"""What can go wrong, by class. No message contains keys or values."""

from __future__ import annotations


class Error(Exception):
    """The base of all errors of this package."""


class ClosedError(Error, ValueError):
    """The database, or what was made from it, is closed; or it belongs to this process's parent.

    After `fork()` the child's copies of the parent's databases count as closed: open them again.
    """


class _ErrorAtPath(Error):
    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return self.message if self.path is None else f"{self.message}: {self.path}"


class CorruptionError(_ErrorAtPath):
    """A file's content contradicts its checksum, or another file.

    `path` is the file, `offset` the byte in it from which on it cannot be believed.
    """

    def __init__(self, message: str, path: str | None = None, offset: int = 0) -> None:
        super().__init__(message, path)
        self.args = (message, path, offset)
        self.offset = offset

    def __str__(self) -> str:
        return f"{super().__str__()} (offset {self.offset})"


class StorageError(Error, OSError):
    """A system call failed: `errno`, `strerror` and `filename` as in every OSError."""


class LockedError(_ErrorAtPath):
    """The database at `path` is open already, here or in another process."""


class ReadOnlyError(Error):
    """A write to a database that was opened with flag "r"."""


class ConflictError(Error):
    """What a transaction has read is no longer true: run it again."""


class FormatError(_ErrorAtPath):
    """What is at `path` is no database of this package, or was made by a newer version of it."""


class PoisonedError(Error):
    """An earlier write of the log failed, so nothing is written any more; reads still work.

    `__cause__` is that failure. Closing and opening again recovers what was acknowledged.
    """


# Tracebacks and pickles name them as users import them.
for _class in list(globals().values()):
    if isinstance(_class, type) and issubclass(_class, Error):
        _class.__module__ = "skiplith"
