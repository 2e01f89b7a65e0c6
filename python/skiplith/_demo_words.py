"""The demo's input: every word of every Python file below a folder."""

from __future__ import annotations

import os
import re
import struct
import sysconfig
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from skiplith import DB

# Identifiers; bytes from 0x80 on belong to words, so that UTF-8 ones stay whole.
_WORD = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*")
_LINE = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to index."""

    path: Path
    name: bytes  # relative to the folder
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """One answer to "where does this word occur"."""

    name: str
    line: int
    text: str


def library() -> Path:
    """The folder of the standard library."""
    return Path(sysconfig.get_path("stdlib"))


def sources(root: Path) -> list[Source]:
    """The Python files below a folder, without what was installed into it."""
    return [
        Source(path, os.fsencode(path.relative_to(root)), path.stat().st_size)
        for path in sorted(root.rglob("*.py"))
        if path.is_file() and not {"site-packages", "dist-packages"} & set(path.parts)
    ]


def records(source: Source) -> dict[bytes, bytes]:
    """word NUL file NUL line number (4 bytes, big-endian) -> the line, trimmed."""
    found = {}
    for number, line in enumerate(source.path.read_bytes().splitlines(), start=1):
        place = b"\0" + source.name + b"\0" + _LINE.pack(number)
        text = line.strip()
        for word in _WORD.findall(text):
            found[word + place] = text
    return found


def index(db: DB, chosen: Sequence[Source], threads: int) -> Iterator[tuple[int, int, int]]:
    """Writes each file's records as one batch; yields position, records and bytes of each."""

    def store(position: int) -> tuple[int, int, int]:
        pairs = records(chosen[position])
        db.put_many(pairs)
        return position, len(pairs), sum(map(len, pairs)) + sum(map(len, pairs.values()))

    with ThreadPoolExecutor(threads, thread_name_prefix="index") as pool:
        yield from pool.map(store, range(len(chosen)))


def places(db: DB, word: str) -> Iterator[Place]:
    """Where a word occurs, in order of file and line."""
    prefix = word.encode() + b"\0"
    for key, value in db.items(prefix=prefix):
        name, line = key[len(prefix) : -5], key[-4:]
        yield Place(os.fsdecode(name), _LINE.unpack(line)[0], value.decode(errors="replace"))
