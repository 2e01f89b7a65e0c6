"""Opening: flags and options, and what a database says about itself."""

import dataclasses
import inspect
import os
import re
from pathlib import Path
from typing import Any

import every_use
import pytest
import skiplith

OPTIONS = [field.name for field in dataclasses.fields(skiplith.Options)]


def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"k"] = b"v"
    flag: Any
    for flag in ("r", "w", "c"):
        with skiplith.open(path, flag) as db:
            assert dict(db.items()) == {b"k": b"v"}
    with skiplith.open(path, "n") as db:
        assert not db


@pytest.mark.parametrize("flag", ["c", "n"])
def test_directories_are_made_with_their_parents(tmp_path: Path, flag: Any) -> None:
    deep = tmp_path / "a" / "b" / "c"
    with skiplith.open(deep, flag) as db:
        db[b"k"] = b"v"
    assert deep.is_dir()


@pytest.mark.parametrize("form", [str, os.fsencode, Path, os.fspath], ids=lambda f: f.__name__)
def test_paths_of_every_kind(path: Path, form) -> None:
    with skiplith.open(form(path)) as db:
        assert db.path == str(path)
        assert type(db.path) is str


def test_a_relative_path_means_the_directory_at_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with skiplith.open("here", memtable_bytes=65536) as db:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        for n in range(3000):  # several memtables, and a new file for each
            db[b"%d" % n] = b"v" * 100
        assert db.path == str(tmp_path / "here")
        assert db.stats().freezes >= 2
    assert list(Path().iterdir()) == []


def test_names_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff \n\xe2\x82\xac"
    with skiplith.open(name) as db:
        assert os.fsencode(db.path) == name
        repr(db)


def test_reading_does_not_write(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"k"] = b"v"
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}
    with skiplith.open(path, "r") as db, skiplith.open(path, "r") as other:
        assert db[b"k"] == other[b"k"] == b"v"
        assert db.count() == 1
        db.sync()
        for write in (every_use.WRITES | every_use.DB_WRITES).values():
            with pytest.raises(skiplith.ReadOnlyError):
                write(db)
        with pytest.raises(skiplith.ReadOnlyError), db.batch() as batch:
            batch[b"k"] = b"w"
    assert before == {f: (f.stat().st_mtime_ns, f.read_bytes()) for f in path.iterdir()}


def test_new_removes_only_our_own_files(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"k"] = b"v"
    (path / "notes.txt").write_text("mine")
    with skiplith.open(path, "n") as db:
        assert not db
    assert (path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sync": True},
        {"sync_interval_ms": 5},
        {"wal": False},
        {"wal_sink": "mapped"},
        {"wal_sink": "write"},
        {"memtable": "art"},
        {"memtable": "mutex_map"},
        {"memtable": "rwlock_map"},
        {"memtable_bytes": 65536},
        {"memtable_bytes": 8 << 30},
        {"gil": "release"},
        {"gil": "hold"},
    ],
    ids=str,
)
def test_options_hold_and_show(path: Path, options: dict) -> None:
    defaults = {
        parameter.name: parameter.default
        for parameter in inspect.signature(skiplith.open).parameters.values()
        if parameter.name in OPTIONS
    }
    db: Any
    with skiplith.open(path, **options) as db:
        assert dataclasses.asdict(db.options) == defaults | options
        db[b"k"] = b"v"
        assert dict(db.items()) == {b"k": b"v"}
        with pytest.raises(AttributeError):
            db.options = db.options
        with pytest.raises(dataclasses.FrozenInstanceError):
            db.options.sync = True


def test_documented_defaults_are_the_actual_ones(path: Path) -> None:
    documented = dict(re.findall(r"^ *\* (\w+)=(\S+):", skiplith.open.__doc__ or "", re.MULTILINE))
    with skiplith.open(path) as db:
        actual = {name: repr(value) for name, value in dataclasses.asdict(db.options).items()}
    assert {name: text.strip('"') for name, text in documented.items()} == {
        name: text.strip("'") for name, text in actual.items()
    }


def test_constructor_and_open_take_the_same(path: Path) -> None:
    shown = {
        f: [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (skiplith.open, skiplith.DB)
    }
    assert shown[skiplith.open] == shown[skiplith.DB]
    with skiplith.DB(path, "c", memtable="mutex_map"), skiplith.open(path.parent / "b") as opened:
        assert type(opened) is skiplith.DB


def apply_batch(db: skiplith.DB, sync: bool | None) -> None:
    with db.batch(sync=sync) as batch:
        batch[b"k"] = b"w"


WRITES = [
    lambda db, sync: db.put(b"k", b"w", sync=sync),
    lambda db, sync: db.delete(b"k", sync=sync),
    lambda db, sync: db.put_many([(b"k", b"w")], sync=sync),
    lambda db, sync: db.delete_many([b"k"], sync=sync),
    lambda db, sync: db.write_many([(b"k", b"w")], sync=sync),
    lambda db, sync: db.update({b"k": b"w"}, sync=sync),
    lambda db, sync: db.setdefault(b"x", b"w", sync=sync),
    lambda db, sync: db.pop(b"k", sync=sync),
    lambda db, sync: db.popitem(sync=sync),
    lambda db, sync: db.compare_and_set(b"k", b"v", b"w", sync=sync),
    lambda db, sync: db.increment(b"n", sync=sync),
    lambda db, sync: db.clear(sync=sync),
    apply_batch,
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("opened_with", "call", "synced"),
    [
        (False, None, False),
        (False, True, True),
        (False, False, False),
        (True, None, True),
        (True, False, False),
    ],
)
def test_sync_by_option_and_by_call(
    path: Path, write, opened_with: bool, call: bool | None, synced: bool
) -> None:
    with skiplith.open(path, sync=opened_with) as db:
        db.put(b"k", b"v", sync=False)
        write(db, call)
        assert db.stats().synced_writes == int(synced)


def test_stats_follow_what_was_done(path: Path) -> None:
    with skiplith.open(path) as db:
        before = db.stats()
        db[b"a"] = b"12345"
        db.put_many([(b"b", b"1"), (b"c", b"2")])
        db.get(b"a")
        del db[b"b"]
        db.put(b"d", b"", sync=True)
        stats = db.stats()
    assert (before.puts, before.gets, before.deletes, before.batches) == (0, 0, 0, 0)
    assert (stats.puts, stats.deletes, stats.batches) == (4, 1, 1)
    assert stats.gets >= 1
    assert stats.bytes_read >= 5
    assert stats.bytes_written == len(b"a12345b1c2bd")
    assert stats.syncs >= 1
    assert stats.synced_writes == 1
    assert 0 < stats.memtable_used_bytes < 1 << 20
    assert stats.frozen_memtables == stats.frozen_bytes == 0
    assert 0 < stats.log_bytes <= 1 << 20
    numbers = [
        value for value in dataclasses.asdict(stats).values() if isinstance(value, int | float)
    ]
    assert len(numbers) > 20
    assert all(number >= 0 for number in numbers)
    assert [level.tables for level in stats.levels] == [0] * 7
    assert stats.background_error is None
    with skiplith.open(path) as db:
        assert db.stats().recovered_records == 4
        assert db.stats().recovery_seconds > 0
    for attribute in ("path", "options"):
        assert getattr(db, attribute)
    with pytest.raises(skiplith.ClosedError):
        db.stats()


def test_a_small_store_is_small_on_disk(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"k"] = b"v"
    assert sum(file.stat().st_size for file in path.iterdir()) < 1 << 20
