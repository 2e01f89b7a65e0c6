"""Reads every byte of every file of a database, from cpp/FORMAT.md alone and without the engine.

For a database that nobody writes to: what a crash may leave half written is damage here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from reading.manifest import Manifest, TableFacts, read_current, read_manifest
from reading.segment import CLEAR, PUT, Segment, read_segment
from reading.table import Table, read_table
from reading.taker import Damaged

_NUMBERED = re.compile(r"(\d{6,})\.(manifest|log|sst|tmp)")


@dataclass
class Database:
    manifest: Manifest
    segments: list[Segment] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    """Files that the manifest does not call live, on their way in or out; they are not read."""

    def items(self) -> dict[bytes, bytes]:
        """What it holds: of each key the newest version, behind the newest clear."""
        versions = [entry for table in self.tables for entry in table.entries]
        newest: dict[bytes, tuple[int, bytes | None]] = {}
        for key, sequence, value in versions:
            if key not in newest or newest[key][0] < sequence:
                newest[key] = (sequence, value)
        for segment in self.segments:
            for sequence, kind, key, value in segment.mutations:
                if kind == CLEAR:
                    newest.clear()
                else:
                    newest[key] = (sequence, value if kind == PUT else None)
        return {key: value for key, (_, value) in sorted(newest.items()) if value is not None}


def read_database(directory: Path) -> Database:
    files = {path.name: path.read_bytes() for path in sorted(directory.iterdir())}
    if files.get("LOCK") != b"":
        raise Damaged("LOCK: not there, or not empty")
    if "CURRENT" not in files:
        raise Damaged("CURRENT: not there")
    current = read_current(files["CURRENT"])
    if current not in files:
        raise Damaged(f"{current}: not there")
    database = Database(read_manifest(current, files[current]))
    for name in sorted(files.keys() - {"LOCK", "CURRENT", current}):
        _read_live(database, name, files[name])
    if {segment.number for segment in database.segments} != database.manifest.segments:
        raise Damaged("a live segment is not there")
    if {table.number for table in database.tables} != database.manifest.tables.keys():
        raise Damaged("a live table is not there")
    database.segments.sort(key=lambda segment: segment.number)
    _check_sequences(database)
    _check_levels(list(database.manifest.tables.values()))
    return database


def read_file(database: Database, name: str, data: bytes) -> Segment | Table | Manifest | str:
    """One file of a database whose manifest has been read."""
    if name == "CURRENT":
        return read_current(data)
    if name.endswith(".manifest"):
        return read_manifest(name, data)
    if name.endswith(".log"):
        return read_segment(name, data, database.manifest.database_id)
    return read_table(name, data, database.manifest.database_id)


def _read_live(database: Database, name: str, data: bytes) -> None:
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        raise Damaged(f"{name}: not a name of ours")
    number = int(numbered[1])
    live_tables, live_segments = database.manifest.tables, database.manifest.segments
    if number not in (live_tables if numbered[2] == "sst" else live_segments):
        database.unnamed.append(name)
        return
    read = read_file(database, name, data)
    if isinstance(read, Segment):
        database.segments.append(read)
    elif isinstance(read, Table):
        told = live_tables[number]
        read = _with_sequence(read, told)
        if _facts_of(read, told.level, len(data)) != told:
            raise Damaged(f"{name}: not the table that the manifest tells of")
        database.tables.append(read)


def _with_sequence(table: Table, told: TableFacts) -> Table:
    """A loaded table's entries have the sequence that the manifest tells."""
    if table.properties.largest_sequence != 0 or told.smallest_sequence != told.largest_sequence:
        return table
    sequence = told.largest_sequence
    return replace(
        table,
        entries=[entry._replace(sequence=sequence) for entry in table.entries],
        properties=table.properties._replace(smallest_sequence=sequence, largest_sequence=sequence),
    )


def _facts_of(table: Table, level: int, file_bytes: int) -> TableFacts:
    properties = table.properties
    return TableFacts(
        number=table.number,
        level=level,
        file_bytes=file_bytes,
        entries=properties.entries,
        tombstones=properties.tombstones,
        old_versions=properties.old_versions,
        smallest_sequence=properties.smallest_sequence,
        largest_sequence=properties.largest_sequence,
        smallest_key=properties.smallest_key,
        largest_key=properties.largest_key,
    )


def _check_sequences(database: Database) -> None:
    """Dense behind the base, ascending from segment to segment."""
    sequence = database.manifest.base_sequence
    for segment in database.segments:
        for mutation in segment.mutations:
            sequence += 1
            if mutation.sequence != sequence:
                raise Damaged(f"segment {segment.number}: sequence {sequence} is missing")
        if segment.footer is not None and segment.footer.last_sequence != sequence:
            raise Damaged(f"segment {segment.number}: the footer's last sequence")
        if (segment.synced_through or 0) > sequence:
            raise Damaged(f"segment {segment.number}: synced through what is not there")
    for table in database.tables:
        if table.properties.largest_sequence > database.manifest.base_sequence:
            raise Damaged(f"table {table.number}: sequences of the live segments")


def _check_levels(tables: list[TableFacts]) -> None:
    """Below level 0 no two tables of a level have keys in common ranges."""
    for level in range(1, 7):
        ranges = sorted((t.smallest_key, t.largest_key) for t in tables if t.level == level)
        for (_, largest), (smallest, _) in pairwise(ranges):
            if largest >= smallest:
                raise Damaged(f"level {level}: tables that overlap")
