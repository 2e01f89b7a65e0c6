"""Transactions and snapshots when the disk is full, and when the database is closed under them."""

import contextlib
import errno
import itertools
from functools import partial

import pytest
import skiplith
from skiplith import lab


@pytest.mark.parametrize("reads", [b"k", b"other"], ids=["by its bits", "with all lanes"])
def test_a_commit_for_which_there_is_no_room_leaves_nothing_behind(reads):
    memory = lab.memory_files()
    full = lab.faulty_files([], memory)
    with skiplith.open("data", files=full) as db:
        db[b"k"] = b"old"
        full.fail_at(lab.Fault("segment_grow", errno=errno.ENOSPC, sticky=True))
        full.fail_at(lab.Fault("create_segment", errno=errno.ENOSPC, sticky=True))
        t = db.transaction()
        t.get(reads)
        t[b"k"] = bytes(8 << 20)
        t[b"l"] = b"new"
        with pytest.raises(skiplith.StorageError) as caught:
            t.commit()
        assert caught.value.errno == errno.ENOSPC
        assert t.closed
        assert dict(db.items()) == {b"k": b"old"}
        full.heal()
        with db.transaction() as t:
            t[b"l"] = t[b"k"]
    with skiplith.open("data", files=memory) as db:
        assert dict(db.items()) == {b"k": b"old", b"l": b"old"}


@pytest.mark.skiplith(gil=["auto", "release"], memtable_bytes=65536)
def test_closing_under_load_raises_closed_error_and_keeps_what_was_committed(kv, lab):
    committed = [0] * 4

    def transfer(thread):
        key = b"sum/%d" % thread
        for turn in itertools.count(1):
            with contextlib.suppress(skiplith.ConflictError):
                with kv.transaction() as t:
                    list(t.items(prefix=b"sum/"))
                    t[key] = b"%d" % turn
                    t[b"filler/%d/%d" % (thread, turn % 50)] = bytes(500)
                committed[thread] = turn

    def look():
        while True:
            with kv.snapshot() as snapshot:
                first = dict(snapshot.items())
                assert dict(snapshot.items()) == first

    def until_closed(work, *arguments):
        with pytest.raises(skiplith.ClosedError):
            work(*arguments)

    def close_soon():
        while min(committed) < 20:
            kv.stats()
        kv.close()

    transfers = [partial(until_closed, transfer, thread) for thread in range(4)]
    lab.race(*transfers, partial(until_closed, look), close_soon)
    with skiplith.open(kv.path) as db:
        for thread in range(4):
            assert int(db[b"sum/%d" % thread]) >= committed[thread]
