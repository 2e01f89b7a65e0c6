"""Memory files and faulty files, as skiplith.open() takes them."""

import dataclasses
import doctest
import errno
import gc
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import skiplith
from skiplith import lab

FORMS: list[Any] = ["mapped", "write"]
OPERATIONS = [
    *("create_segment", "segment_grow", "segment_write", "segment_sync", "segment_finish"),
    *("create_appendable", "append", "append_sync", "append_close", "open_readable", "read"),
    *("kind_of", "list", "make_directories", "sync_directory", "rename", "remove", "lock"),
]
MEMTABLES = ["skiplist", "art", "mutex_map", "rwlock_map"]


def contents(files: lab.MemoryFiles, directory: str = "data") -> dict[str, bytes]:
    return {name: files.read(f"{directory}/{name}") for name in files.list(directory)}


def with_faults(*faults: lab.Fault) -> tuple[lab.FaultyFiles, lab.MemoryFiles]:
    memory = lab.memory_files()
    return lab.faulty_files(faults, memory), memory


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memtable", MEMTABLES)
def test_a_database_lives_on_memory_files(memtable, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = lab.memory_files(form=form)
    options: Any = {"files": files, "memtable": memtable, "memtable_bytes": 65536}
    model: dict[bytes, bytes] = {}
    for round_ in range(3):
        with skiplith.open("data", **options) as db:
            assert dict(db.items()) == model
            for n in range(200):
                db[b"%d" % n] = model[b"%d" % n] = b"%d" % round_ * 1000
            del db[b"7"], model[b"7"]
            with db.batch() as batch:
                batch[b"a"] = batch[b"b"] = b"%d" % round_
            model |= {b"a": b"%d" % round_, b"b": b"%d" % round_}
            assert db.stats().freezes > 0
            assert list(db.items()) == sorted(model.items())
    assert not any(tmp_path.iterdir())
    assert "CURRENT" in files.list("data")
    assert files.list(tmp_path / "data") == files.list(b"data")  # a relative path is none in there


def test_the_form_decides_how_the_log_is_written():
    for form, wal_sink, calls in [
        ("mapped", "auto", False),
        ("write", "auto", True),
        ("mapped", "write", True),
        ("write", "mapped", False),
    ]:
        files = lab.faulty_files([], lab.memory_files(form=form))  # type: ignore[arg-type]
        with skiplith.open("data", files=files, wal_sink=wal_sink) as db:  # type: ignore[arg-type]
            db[b"k"] = b"v"
            assert (files.calls("segment_write") > 0) == calls


def test_one_path_may_be_open_in_two_files_at_once(path):
    first, second = lab.memory_files(), lab.memory_files()
    with (
        skiplith.open(path, files=first) as one,
        skiplith.open(path, files=second) as two,
        skiplith.open(path) as three,
    ):
        for n, db in enumerate((one, two, three)):
            db[b"k"] = b"%d" % n
        with pytest.raises(skiplith.LockedError) as locked:
            skiplith.open(path, files=first)
        assert locked.value.path == str(path)
        with skiplith.open(path, files=first.kill()) as four:  # its process is dead
            assert four[b"k"] == b"0"
        assert [db[b"k"] for db in (one, two, three)] == [b"0", b"1", b"2"]
        assert one.path == two.path == str(path)


def test_a_database_keeps_its_files_alive():
    with skiplith.open("data", files=lab.faulty_files([], lab.memory_files())) as db:
        gc.collect()
        db.put(b"k", b"v", sync=True)
        assert list(db.items()) == [(b"k", b"v")]
    db = skiplith.open("data", files=lab.memory_files())
    items = iter(db.items())
    with pytest.warns(ResourceWarning):
        del db, items  # and with it the database, and its files last


def test_a_database_left_open_is_closed_at_exit():
    script = """
import skiplith
from skiplith import lab
files = lab.memory_files()
db = skiplith.open("data", files=files)
db[b"k"] = b"v"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stderr == b""


def test_what_is_planted_is_found():
    files = lab.memory_files()
    with skiplith.open("data", files=files) as db:
        db[b"k"] = b"v" * 1000
    (log,) = [name for name in files.list("data") if name.endswith(".log")]
    content = files.read(f"data/{log}")
    at = content.index(b"v" * 1000)
    files.write(f"data/{log}", content[:at] + b"w" + content[at + 1 :])
    with pytest.raises(skiplith.CorruptionError) as damaged:
        skiplith.open("data", files=files)
    assert damaged.value.path == str(Path("data").absolute() / log)
    files.write(f"data/{log}", bytearray(content))
    with skiplith.open("data", files=files) as db:
        assert db[b"k"] == b"v" * 1000
    with pytest.raises(skiplith.StorageError) as refused:
        files.write("data", b"")
    assert refused.value.errno == errno.EISDIR


@pytest.mark.parametrize(
    ("operation", "memtable_bytes"), [("segment_grow", 64 << 20), ("create_segment", 64 << 10)]
)
def test_a_full_disk_is_an_error_and_nothing_is_lost(operation, memtable_bytes):
    faulty, memory = with_faults()
    db = skiplith.open("data", files=faulty, memtable_bytes=memtable_bytes)
    faulty.fail_at(lab.Fault(operation, errno=errno.ENOSPC, sticky=True))
    written = {}

    def write_on():
        for n in range(10_000):
            db[b"%d" % n] = b"x" * 1000
            written[b"%d" % n] = b"x" * 1000

    with pytest.raises(skiplith.StorageError) as full:
        write_on()
    assert full.value.errno == errno.ENOSPC
    assert re.fullmatch(r".*/data/\d{6}\.log", full.value.filename)
    copy = pickle.loads(pickle.dumps(full.value))
    assert (copy.errno, copy.filename) == (full.value.errno, full.value.filename)
    assert dict(db.items()) == written
    with skiplith.open("data", files=memory.kill()) as after:
        assert dict(after.items()) == written
    faulty.heal()  # somebody made room
    db[b"after"] = b"1"
    db.close()
    with skiplith.open("data", files=memory) as db:
        assert dict(db.items()) == written | {b"after": b"1"}


@pytest.mark.parametrize("done", ["nothing", "all"])
def test_a_failed_sync_poisons(done):
    faulty, memory = with_faults()
    db = skiplith.open("data", files=faulty)
    db.put(b"before", b"1", sync=True)
    faulty.fail_at(lab.Fault("segment_sync", path="*.log", done=done))
    with pytest.raises(skiplith.StorageError) as failed:
        db.put(b"k", b"v", sync=True)
    assert failed.value.errno == errno.EIO
    assert failed.value.filename.endswith(".log")
    with pytest.raises(skiplith.PoisonedError) as poisoned:
        db[b"later"] = b"1"
    cause = poisoned.value.__cause__
    assert isinstance(cause, skiplith.StorageError)
    assert (cause.errno, cause.filename) == (errno.EIO, failed.value.filename)
    assert db[b"before"] == b"1"
    with pytest.raises(skiplith.PoisonedError):
        db.close()
    for after in (memory.kill(), memory.crash(seed=1, keep=0)):
        with skiplith.open("data", files=after) as recovered:
            assert recovered[b"before"] == b"1"
            assert recovered.count() in (1, 2)


def unclosed_and_closed() -> Iterator[lab.MemoryFiles]:
    """A database that was killed, with several segments, and one that was closed."""
    for closed in (False, True):
        memory = lab.memory_files()
        db = skiplith.open("data", files=memory, memtable_bytes=65536)
        for n in range(200):
            db[b"%d" % n] = b"x" * 1000
        killed = memory.kill()
        db.close()
        yield memory if closed else killed


def try_to_open(faulty: lab.FaultyFiles) -> skiplith.StorageError | None:
    try:
        db = skiplith.open("data", files=faulty)
    except skiplith.StorageError as error:
        return error
    faulty.heal()
    with db:
        assert db.count() == 200
    return None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_while_opening_loses_nothing(operation):
    looks = operation in ("open_readable", "read", "kind_of", "list", "lock")
    failed = 0
    for files in unclosed_and_closed():
        counting = lab.faulty_files([], files.kill())
        skiplith.open("data", files=counting).close()
        calls = counting.calls(operation)
        for nth in range(1, calls + 1, 1 + calls // 30):
            memory = files.kill()
            faulty = lab.faulty_files([lab.Fault(operation, nth=nth, sticky=True)], memory)
            before = contents(memory)
            if (error := try_to_open(faulty)) is not None:
                failed += 1
                assert error.errno == errno.EIO
                assert error.filename.startswith(str(Path("data").absolute()))
                if looks and faulty.calls("create_appendable") == 0:
                    assert contents(memory) == before
            with skiplith.open("data", files=memory) as db:
                assert db.count() == 200
    # Of segments an opening only makes the first; that it may fail to remove one is no failure.
    spared = ("make_directories", "remove", "segment_grow", "segment_write", "segment_finish")
    assert (failed > 0) == (operation not in spared)


def test_faults_are_counted_and_healed():
    faulty, _ = with_faults(
        lab.Fault("open_readable", path="CURR*", nth=2, errno=errno.EACCES),
        lab.Fault("list", errno=0, delay_ms=1),
    )
    skiplith.open("data", files=faulty).close()
    skiplith.open("data", files=faulty).close()
    with pytest.raises(skiplith.StorageError) as refused:
        skiplith.open("data", files=faulty)
    assert refused.value.errno == errno.EACCES
    assert refused.value.filename.endswith("/CURRENT")
    assert faulty.failures("open_readable") == 1
    assert faulty.calls("open_readable") > 2
    assert faulty.failures("list") == 0
    faulty.fail_at(lab.Fault("list", sticky=True))
    faulty.heal()
    skiplith.open("data", files=faulty).close()


def test_faulty_files_stand_before_the_systems(path):
    faulty = lab.faulty_files([lab.Fault("rename")])
    with pytest.raises(skiplith.StorageError):
        skiplith.open(path, files=faulty)
    with skiplith.open(path, files=faulty) as db:
        db[b"k"] = b"v"
    with skiplith.open(path) as db:
        assert db[b"k"] == b"v"


anything: Any = lab  # to call it wrongly


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: skiplith.open("data", files=anything), TypeError),
        (lambda: anything.memory_files(form="paper"), ValueError),
        (lambda: anything.memory_files(form=None), TypeError),
        (lambda: anything.memory_files().crash(), TypeError),
        (lambda: anything.memory_files().crash(-1), ValueError),
        (lambda: anything.memory_files().crash(0, 1.5), ValueError),
        (lambda: anything.memory_files().crash(0, float("nan")), ValueError),
        (lambda: anything.memory_files().crash(0, "all"), TypeError),
        (lambda: anything.memory_files().write_back(0, -0.1), ValueError),
        (lambda: anything.memory_files().write("f", "text"), TypeError),
        (lambda: anything.memory_files().read("f"), skiplith.StorageError),
        (lambda: anything.memory_files().list("d"), skiplith.StorageError),
        (lambda: anything.memory_files().list(""), ValueError),
        (lambda: anything.faulty_files([anything.Fault("mistake")]), ValueError),
        (lambda: anything.faulty_files([lab.Fault("read", nth=0)]), ValueError),
        (lambda: anything.faulty_files([lab.Fault("read", errno=-1)]), ValueError),
        (lambda: anything.faulty_files([anything.Fault("read", done="most")]), ValueError),
        (lambda: anything.faulty_files([anything.Fault("read", sticky=1)]), TypeError),
        (lambda: anything.faulty_files([anything.Fault("read", path=b"*")]), TypeError),
        (lambda: anything.faulty_files([], inner="disk"), TypeError),
        (lambda: anything.faulty_files([]).calls("mistake"), ValueError),
        (lambda: anything.faulty_files([]).failures(1), TypeError),
        (lambda: pickle.dumps(anything.memory_files()), TypeError),
        (lambda: pickle.dumps(anything.faulty_files([])), TypeError),
        (lambda: type(anything.memory_files())(), TypeError),
    ],
)
def test_what_makes_no_sense_is_refused(call, error):
    with pytest.raises(error):
        call()


def test_the_operations_are_the_engines_and_documented():
    with pytest.raises(ValueError, match="operation must be one of") as refused:
        lab.faulty_files([]).calls("mistake")
    assert re.findall(r"'(\w+)'", str(refused.value)) == [*OPERATIONS, "mistake"]
    assert set(re.findall(r'"(\w+)"', lab.Fault.__doc__ or "")) >= set(OPERATIONS)


def documented() -> Iterator[Any]:
    yield pytest.param(lab, id="lab")
    for name in lab.__all__:
        public = getattr(lab, name)
        yield pytest.param(public, id=name)
        if inspect.isclass(public) and not dataclasses.is_dataclass(public):
            for method in (m for m in vars(public) if not m.startswith("_")):
                yield pytest.param(getattr(public, method), id=f"{name}.{method}")


@pytest.mark.parametrize("public", list(documented()))
def test_docstring_has_an_example_that_runs(public, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    doc = inspect.getdoc(public) or ""
    names = {"lab": lab, "skiplith": skiplith, "Fault": lab.Fault}
    test = doctest.DocTestParser().get_doctest(doc, names, "lab", None, None)
    assert test.examples
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(test, out=report.append)
    assert report == []
    assert max(len(line) for line in doc.splitlines()) <= 100
    if inspect.isclass(public):
        assert public.__module__ == "skiplith.lab"
