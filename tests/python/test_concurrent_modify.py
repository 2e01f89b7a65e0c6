"""Read-modify-write from several threads: nothing is lost, nothing happens twice."""

import random
import struct
from collections import Counter

import pytest
import skiplith
from together import times

THREADS = 4


@pytest.fixture(params=["skiplist", "art", "mutex_map", "rwlock_map"])
def memtable(request):
    return request.param


@pytest.fixture(params=["auto", "release"])
def gil(request):
    return request.param


@pytest.fixture
def db(tmp_path, memtable, gil):
    """Freezes every few hundred writes, so that the races cross memtables."""
    with skiplith.open(tmp_path / "db", memtable=memtable, gil=gil, memtable_bytes=65536) as db:
        yield db


def test_increments_add_up(db):
    keys = [b"counter/%d" % n for n in range(7)]
    before = dict.fromkeys(keys, 0)

    def count(thread):
        rng = random.Random(thread)
        added = Counter()
        for _ in range(2_000):
            key, amount = rng.choice(keys), rng.randint(-3, 9)
            db.increment(key, amount)
            added[key] += amount
        return added

    for added in times(THREADS, count):
        for key in keys:
            before[key] += added[key]
    assert {key: struct.unpack("<q", value)[0] for key, value in db.items()} == before
    assert db.stats().freezes > 0


def test_every_increment_returns_another_number(db):
    def count(_):
        return [db.increment(b"ticket") for _ in range(2_000)]

    tickets = [ticket for taken in times(THREADS, count) for ticket in taken]
    assert sorted(tickets) == list(range(1, THREADS * 2_000 + 1))


def test_increments_among_batches_that_reset_them(db):
    """A batch and an increment of the same key happen one after the other, never half."""
    base = 1_000_000

    def run(thread):
        for turn in range(1, 501):
            if thread == 0:
                with db.batch() as batch:
                    batch[b"left"] = batch[b"right"] = struct.pack("<q", turn * base)
            else:
                db.increment(b"left")
                db.increment(b"right")

    times(THREADS, run)
    for key in (b"left", b"right"):
        resets, increments = divmod(struct.unpack("<q", db[key])[0], base)
        assert resets == 500
        assert 0 <= increments <= (THREADS - 1) * 500


def test_setdefault_has_one_winner(db):
    def claim(thread):
        mine = b"%d" % thread
        return [db.setdefault(b"%d" % n, mine) == mine for n in range(1_500)]

    claims = times(THREADS, claim)
    assert all(sum(won) == 1 for won in zip(*claims, strict=True))


def test_one_of_racing_deletes_succeeds(db):
    db.put_many((b"%d" % n, b"v" * 50) for n in range(1_500))

    def delete(_):
        return [succeeds(db, b"%d" % n) for n in range(1_500)]

    deleted = times(THREADS, delete)
    assert all(sum(succeeded) == 1 for succeeded in zip(*deleted, strict=True))
    assert not db


def succeeds(db, key):
    try:
        del db[key]
    except KeyError:
        return False
    return True


def test_one_of_racing_pops_gets_the_value(db):
    db.put_many((b"%d" % n, b"value %d" % n) for n in range(1_500))

    def pop(_):
        return [db.pop(b"%d" % n, None) for n in range(1_500)]

    for n, popped in enumerate(zip(*times(THREADS, pop), strict=True)):
        assert sorted(popped, key=bool)[-1] == b"value %d" % n
        assert sum(value is not None for value in popped) == 1


def test_popitem_drains_each_pair_once(db):
    pairs = {b"%04d" % n: b"v%d" % n for n in range(600)}
    db.put_many(pairs)

    def drain(thread):
        taken = []
        while True:
            try:
                taken.append(db.popitem(last=thread % 2 == 0))
            except KeyError:
                return taken

    taken = [pair for pairs in times(THREADS, drain) for pair in pairs]
    assert len(taken) == len(pairs)
    assert dict(taken) == pairs
    assert not db


def test_compare_and_set_is_a_lock(db):
    """Adds to a plain value under optimistic retries: the sum is exact."""
    db[b"sum"] = b"0"

    def add(_):
        retries = 0
        for _ in range(400):
            while True:
                seen = db[b"sum"]
                if db.compare_and_set(b"sum", seen, b"%d" % (int(seen) + 1)):
                    break
                retries += 1
        return retries

    times(THREADS, add)
    assert db[b"sum"] == b"%d" % (THREADS * 400)


def test_compare_and_set_from_absent_has_one_winner(db):
    def claim(thread):
        return [db.compare_and_set(b"%d" % n, None, b"%d" % thread) for n in range(1_000)]

    for n, won in enumerate(zip(*times(THREADS, claim), strict=True)):
        assert sum(won) == 1
        assert db[b"%d" % n] == b"%d" % won.index(True)
