"""Bad directories: a typed error that names the file, and every file as it was."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skiplith

FLAGS = ["r", "w", "c", "n"]


@pytest.mark.parametrize("flag", FLAGS)
def test_a_path_that_is_a_file(tmp_path: Path, unchanged: Any, flag: Any) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for path in (file, file / "db"):
        with unchanged(), pytest.raises((skiplith.Error, FileNotFoundError)) as caught:
            skiplith.open(path, flag)
        assert str(file) in str(caught.value)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "data.sst.bak", "folder/file"])
def test_a_foreign_directory(tmp_path: Path, unchanged: Any, flag: Any, name: str) -> None:
    foreign = tmp_path / "foreign"
    (foreign / name).parent.mkdir(parents=True)
    (foreign / name).write_text("mine")
    expected = FileNotFoundError if flag in "rw" else skiplith.FormatError
    with unchanged(), pytest.raises(expected) as caught:
        skiplith.open(foreign, flag)
    assert str(foreign) in str(caught.value)
    if flag not in "rw":
        assert caught.value.path == str(foreign)  # type: ignore[attr-defined]


@pytest.mark.parametrize("flag", ["r", "w"])
def test_where_no_database_is(tmp_path: Path, unchanged: Any, flag: Any) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "missing")
    for name in ("missing", "empty", "dangling"):
        with unchanged(), pytest.raises(FileNotFoundError) as caught:
            skiplith.open(tmp_path / name, flag)
        assert not isinstance(caught.value, skiplith.Error)
        assert caught.value.filename == str(tmp_path / name)


# --- second opens ---

OPEN_ELSEWHERE = """
import sys, skiplith
try:
    skiplith.open(sys.argv[1], sys.argv[2]).close()
    print("opened")
except skiplith.LockedError as error:
    print("locked", error.path)
"""


def open_elsewhere(path: Path, flag: str) -> str:
    command = [sys.executable, "-c", OPEN_ELSEWHERE, str(path), flag]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("flag", FLAGS)
def test_a_second_open(db: skiplith.DB, tmp_path: Path, unchanged: Any, flag: Any) -> None:
    db[b"a"] = b"1"
    link = tmp_path / "link"
    link.symlink_to(db.path)
    with unchanged():
        for path in (Path(db.path), link, tmp_path / "link" / ".." / "db"):
            with pytest.raises(skiplith.LockedError) as caught:
                skiplith.open(path, flag)
            assert caught.value.path in (str(path), db.path)
            assert caught.value.path in str(caught.value)
        assert open_elsewhere(Path(db.path), flag).startswith("locked ")
        assert open_elsewhere(link, flag).startswith("locked ")
    assert db[b"a"] == b"1"
    db.close()
    assert open_elsewhere(link, flag) == "opened"


def test_readers_share_and_keep_writers_out(path: Path, unchanged: Any) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
    with skiplith.open(path, "r") as reader, unchanged():
        for flag in ("w", "c", "n"):
            with pytest.raises(skiplith.LockedError):
                skiplith.open(path, flag)  # type: ignore[arg-type]
            assert open_elsewhere(path, flag).startswith("locked ")
        assert open_elsewhere(path, "r") == "opened"
        assert reader[b"a"] == b"1"
    assert open_elsewhere(path, "w") == "opened"


# --- damage ---


def delete(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def zero(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def flip(offset: int) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[offset] ^= 0x40
        file.write_bytes(content)

    damage.__name__ = f"flip_{offset}"
    return damage


def replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: list[tuple[str, Callable[[Path], None]]] = [
    *[("CURRENT", damage) for damage in (delete, empty, halve, zero, flip(0), flip(20))],
    *[("*.manifest", damage) for damage in (delete, empty, halve, zero, flip(0), flip(90))],
    *[("*.log", damage) for damage in (delete, empty, halve, zero, flip(0), flip(4200))],
    *[(name, replace_by_folder) for name in ("CURRENT", "*.manifest", "*.log")],
]


@pytest.mark.parametrize("flag", ["r", "w", "c"])
@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_damaged_and_missing_files(
    path: Path, unchanged: Any, name: str, damage: Callable[[Path], None], flag: Any
) -> None:
    with skiplith.open(path) as db:
        db.update((b"key %03d" % n, b"value" * 20) for n in range(1000))
    [file] = path.glob(name)
    damage(file)
    with (
        unchanged(),
        pytest.raises((skiplith.CorruptionError, skiplith.StorageError)) as caught,
    ):
        skiplith.open(path, flag)
    assert str(file) in str(caught.value)
    error: Any = caught.value
    if isinstance(error, skiplith.CorruptionError):
        assert error.path == str(file)
        assert 0 <= error.offset <= 1 << 20
    else:
        assert error.filename == str(file)
        assert error.errno


def test_a_damaged_database_can_be_made_new(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
    (path / "CURRENT").unlink()
    with skiplith.open(path, "n") as db:
        assert not db


def test_a_lock_file_may_be_missing(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
    (path / "LOCK").unlink()
    with skiplith.open(path, "r") as db:
        assert db[b"a"] == b"1"
    with skiplith.open(path, "w") as db:
        assert db[b"a"] == b"1"


def test_after_a_failed_open_the_directory_is_free(path: Path) -> None:
    with skiplith.open(path) as db:
        db[b"a"] = b"1"
    current = (path / "CURRENT").read_bytes()
    (path / "CURRENT").unlink()
    with pytest.raises(skiplith.CorruptionError):
        skiplith.open(path)
    (path / "CURRENT").write_bytes(current)
    with skiplith.open(path) as db:
        assert db[b"a"] == b"1"
