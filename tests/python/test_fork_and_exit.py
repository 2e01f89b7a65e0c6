"""Processes that fork, and processes that end."""

import gc
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import every_use
import pytest
import skiplith

LIMIT_SECONDS = 60


@pytest.fixture
def used(db: skiplith.DB) -> skiplith.DB:
    db.update({b"k": b"v", b"l": b"w"})
    return db


def in_child(work: Callable[[], None]) -> None:
    """Runs `work` in a forked child and fails when it fails."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_cannot_use_its_parents_database(used: skiplith.DB, unchanged: Any) -> None:
    begun, cursor, batch = iter(used), used.cursor(), used.batch()
    next(begun)
    snapshot, transaction = used.snapshot(), used.transaction()
    in_transaction = iter(transaction)
    next(in_transaction)
    transaction[b"own"] = b"1"

    def work() -> None:
        assert used.closed
        every_use.assert_useless(used)
        made: list[Callable[[], Any]] = [lambda: next(begun), cursor.first, batch.__enter__]
        made += [lambda: next(in_transaction), transaction.commit, transaction.rollback]
        for use_made in made:
            with pytest.raises(skiplith.ClosedError):
                use_made()
        with pytest.raises(skiplith.ClosedError, match=r"fork\(\)"):
            used.get(b"k")
        every_use.assert_useless(snapshot, every_use.READS, r"fork\(\)")
        every_use.assert_useless(transaction, every_use.READS | every_use.WRITES, r"fork\(\)")
        assert snapshot.closed
        assert transaction.closed
        snapshot.close()
        for use in every_use.ABOUT.values():
            use(used)

    with unchanged():
        in_child(work)
    used[b"m"] = b"after the fork"
    assert next(begun) == b"l"
    assert dict(snapshot) == {b"k": b"v", b"l": b"w"}
    snapshot.close()
    transaction.commit()
    used.close()
    with skiplith.open(used.path) as again:
        assert sorted(again) == [b"k", b"l", b"m", b"own"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_drops_its_copies_in_silence(path: Path, tmp_path: Path) -> None:
    holder: list[Any] = [skiplith.open(path)]
    holder[0][b"k"] = b"v"
    holder += [holder[0].snapshot(), holder[0].transaction()]
    holder[2][b"own"] = holder[2][b"k"]

    def work() -> None:
        warnings.simplefilter("error")
        holder.clear()
        gc.collect()
        with pytest.raises(skiplith.LockedError):
            skiplith.open(path)
        with skiplith.open(tmp_path / "own") as own:
            own[b"k"] = b"v"

    in_child(work)
    assert holder[0][b"k"] == holder[1][b"k"] == b"v"
    holder[0].close()


def run(code: str, *arguments: object, interrupt: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs `code`; with `interrupt`, Ctrl-C arrives once it has said "ready"."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code, *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    with process:
        said = ""
        if interrupt:
            assert process.stdout is not None
            said = process.stdout.readline()
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
    return subprocess.CompletedProcess(command, process.returncode, said + out, err)


def test_interpreter_exit_closes_open_databases(path: Path) -> None:
    code = """
import skiplith, sys
db = skiplith.open(sys.argv[1])
db[b"k"] = b"v"
kept = iter(skiplith.open(sys.argv[1] + "2"))
snapshot, transaction = db.snapshot(), db.transaction()
transaction[b"own"] = transaction[b"k"]
sys.modules["keeps"] = db
"""
    done = run(code, path)
    assert (done.returncode, done.stderr) == (0, "")
    with skiplith.open(path) as db:
        assert db[b"k"] == b"v"
        assert db.stats().recovered_records == 1
    skiplith.open(f"{path}2").close()


def test_interpreter_exit_with_daemon_threads_inside_the_engine(path: Path) -> None:
    code = """
import itertools, skiplith, sys, threading
db = skiplith.open(sys.argv[1], gil="release")
begun = threading.Barrier(5)
def work(number):
    begun.wait()
    for n in itertools.count():
        try:
            db.put(b"%d" % number, b"v" * 100, sync=n % 100 == 0)
        except skiplith.ClosedError:
            db.close()  # lets the lock go and takes it back while the interpreter ends
for number in range(4):
    threading.Thread(target=work, args=(number,), daemon=True).start()
begun.wait()
db.put_many((b"%d" % n, b"v") for n in range(1000))
"""
    done = run(code, path)
    assert (done.returncode, done.stderr) == (0, "")
    with skiplith.open(path) as db:
        assert len(db) >= 1000


def test_after_ctrl_c_the_database_is_usable(path: Path) -> None:
    code = """
import skiplith, sys
db = skiplith.open(sys.argv[1])
db.put_many((b"%06d" % n, b"v") for n in range(50_000))
try:
    print("ready", flush=True)
    while True:
        len(db)
except KeyboardInterrupt:
    print(db[b"000007"])
db.close()
"""
    done = run(code, path, interrupt=True)
    assert (done.stdout, done.stderr, done.returncode) == ("ready\nb'v'\n", "", 0)
