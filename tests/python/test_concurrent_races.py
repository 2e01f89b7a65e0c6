"""The rare branches of the write path are taken, not hoped for, and change nothing."""

import pytest
import skiplith
from skiplith._core import sync_points
from together import times, together

LIMIT_MS = 60_000  # a bound on waiting for what must happen; passing tests never come near


@pytest.fixture(autouse=True)
def sync_points_at_rest():
    yield
    sync_points.reset()


@pytest.mark.parametrize(
    ("memtable", "retry"), [("skiplist", "skiplist_cas_retry"), ("art", "art_retry")]
)
def test_inserts_that_lose_their_place_to_another_try_again(tmp_path, memtable, retry):
    """Threads insert neighbours until one of them meets another between look and link."""
    sync_points.arm()
    written = 0
    with skiplith.open(tmp_path / "db", memtable=memtable, gil="release") as db:
        while sync_points.hits(retry) == 0:
            assert written < 4_000_000, "no insert ever lost its place"
            begin, per_thread, threads = written, 5_000, 4

            def insert(thread, begin=begin, per_thread=per_thread, threads=threads):
                numbers = range(begin + thread, begin + threads * per_thread, threads)
                db.put_many((b"%010d" % n, b"%d" % n) for n in numbers)

            times(threads, insert)
            written += threads * per_thread
        assert db.count() == written
        assert all(int(key) == int(value) for key, value in db.items())


@pytest.mark.parametrize("memtable", ["skiplist", "art", "mutex_map", "rwlock_map"])
def test_of_two_that_freeze_the_same_memtable_one_loses(tmp_path, memtable):
    sync_points.arm()
    value = b"v" * 1_000
    options = {"memtable": memtable, "memtable_bytes": 65536, "gil": "release"}
    with skiplith.open(tmp_path / "db", **options) as db:
        pause = sync_points.Pause("freeze_prepared", 2)

        def write(thread):
            for n in range(100):
                db.put(b"%d/%d" % (thread, n), value)

        def release_when_both_are_there():
            try:
                assert pause.wait_reached(2, LIMIT_MS)
            finally:
                pause.release()

        together(lambda: write(0), lambda: write(1), release_when_both_are_there)
        assert sync_points.hits("freeze_double_check_lost") >= 1
        assert db.stats().freezes >= 1
        assert dict(db.items()) == {b"%d/%d" % (t, n): value for t in (0, 1) for n in range(100)}


def test_a_modification_whose_memtable_freezes_in_between_starts_over(tmp_path):
    """Paused between its read and its lock, overtaken by freezes: the sum is still exact."""
    sync_points.arm()
    with skiplith.open(tmp_path / "db", memtable_bytes=65536, gil="release") as db:
        db.increment(b"counter", 5)
        pause = sync_points.Pause("read_modify_write_read", 1)

        def overtake():
            try:
                assert pause.wait_reached(1, LIMIT_MS)
                freezes = db.stats().freezes
                while db.stats().freezes < freezes + 2:
                    db.put(b"filler", b"v" * 5_000)
            finally:
                pause.release()

        total, _ = together(lambda: db.increment(b"counter", 2), overtake)
        assert total == 7
        assert int.from_bytes(db[b"counter"], "little") == 7
