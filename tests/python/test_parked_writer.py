"""A writer that stands still in the middle of its log append: who goes on, and who waits for it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import skiplith

LIMIT_MS = 60_000
THREADS = 20  # more than there are lanes


@pytest.fixture(params=["skiplist", "art"])
def db(request: pytest.FixtureRequest, path: Path) -> Iterator[skiplith.DB]:
    # Else the parked writer keeps the interpreter's lock.
    with skiplith.open(path, memtable=request.param, gil="release") as db:
        db[b"a"] = b"1"
        yield db


@pytest.fixture
def parked(db: skiplith.DB, sync_points: Any) -> Iterator[Any]:
    pause = sync_points.Pause("write_sequenced", 1)
    writer = threading.Thread(target=db.put, args=(b"slow", b"1"))
    writer.start()
    assert pause.wait_reached(1, LIMIT_MS)
    yield pause
    pause.release()
    writer.join()


def test_others_write_and_read_beside_a_parked_writer(db: skiplith.DB, parked: Any) -> None:
    def write_and_read(thread: int) -> None:
        for n in range(20):
            db[b"%d/%d" % (thread, n)] = b"%d" % n
            assert db[b"%d/%d" % (thread, n)] == b"%d" % n

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write_and_read, range(THREADS)))
    assert b"slow" not in db


def items(db: skiplith.DB) -> dict[bytes, bytes]:
    return dict(db.items())


def snapshot(db: skiplith.DB) -> dict[bytes, bytes]:
    with db.snapshot() as then:
        return dict(then.items())


@pytest.mark.parametrize(
    ("wait", "begun", "not_yet"),
    [
        (items, "gate_set", "snapshot_drained"),
        (snapshot, "gate_set", "snapshot_drained"),
        (skiplith.DB.sync, "sync_leader", "sync_drained"),
        (skiplith.DB.flush, "freeze_prepared", "freeze_exclusive"),
    ],
)
def test_what_needs_all_writes_so_far_waits_for_a_parked_writer(
    db: skiplith.DB,
    parked: Any,
    sync_points: Any,
    wait: Callable[[skiplith.DB], Any],
    begun: str,
    not_yet: str,
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[Any] = pool.submit(wait, db)
        while sync_points.hits(begun) == 0:
            pass
        assert db[b"a"] == b"1"  # no get waits
        assert sync_points.hits(not_yet) == 0
        assert not waiting.done()
        parked.release()
        found = waiting.result()
    assert found is None or found == {b"a": b"1", b"slow": b"1"}
    assert db[b"slow"] == b"1"
