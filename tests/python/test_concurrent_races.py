"""The rare branches of the write path are taken, not hoped for, and change nothing."""

from functools import partial

import pytest

LIMIT_MS = 60_000  # a bound on waiting for what must happen; passing tests never come near

pytestmark = pytest.mark.skiplith(gil="release", memtable_bytes=65536)


@pytest.mark.skiplith(memtable=["skiplist", "art"], memtable_bytes=64 << 20)
def test_inserts_that_lose_their_place_to_another_try_again(kv, lab, sync_points):
    """Threads insert neighbours until one of them meets another between look and link."""
    written = 0
    retry = {"skiplist": "skiplist_cas_retry", "art": "art_retry"}[kv.options.memtable]
    while sync_points.hits(retry) == 0:
        assert written < 4_000_000, "no insert ever lost its place"
        end = written + lab.threads * 5_000

        def insert(first, end=end):
            kv.put_many((b"%010d" % n, b"%d" % n) for n in range(first, end, lab.threads))

        lab.race(*(partial(insert, written + n) for n in range(lab.threads)))
        written = end
    assert kv.count() == written
    assert all(int(key) == int(value) for key, value in kv.items())


@pytest.mark.skiplith(memtable=["skiplist", "art", "mutex_map", "rwlock_map"])
def test_of_two_that_freeze_the_same_memtable_one_loses(kv, lab, sync_points):
    value = b"v" * 1_000
    pause = sync_points.Pause("freeze_prepared", 2)

    def write(thread):
        for n in range(100):
            kv.put(b"%d/%d" % (thread, n), value)

    def release_when_both_are_there():
        try:
            assert pause.wait_reached(2, LIMIT_MS)
        finally:
            pause.release()

    lab.race(partial(write, 0), partial(write, 1), release_when_both_are_there)
    assert sync_points.hits("freeze_double_check_lost") >= 1
    assert kv.stats().freezes >= 1
    assert dict(kv.items()) == {b"%d/%d" % (t, n): value for t in (0, 1) for n in range(100)}


def test_a_modification_whose_memtable_freezes_in_between_starts_over(kv, lab, sync_points):
    """Paused between its read and its lock, overtaken by freezes: the sum is still exact."""
    kv.increment(b"counter", 5)
    pause = sync_points.Pause("read_modify_write_read", 1)

    def overtake():
        try:
            assert pause.wait_reached(1, LIMIT_MS)
            freezes = kv.stats().freezes
            while kv.stats().freezes < freezes + 2:
                kv.put(b"filler", b"v" * 5_000)
        finally:
            pause.release()

    total, _ = lab.race(partial(kv.increment, b"counter", 2), overtake)
    assert total == 7
    assert int.from_bytes(kv[b"counter"], "little") == 7
