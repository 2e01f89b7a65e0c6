"""Read-modify-write from several threads: nothing is lost, nothing happens twice."""

import random
import struct
from collections import Counter
from functools import partial

import pytest

# A freeze every few hundred writes, so that the races cross memtables.
pytestmark = pytest.mark.skiplith(
    memtable=["skiplist", "art", "mutex_map", "rwlock_map"],
    gil=["auto", "release"],
    memtable_bytes=65536,
)


@pytest.fixture
def each_thread(lab):
    """A race of threads that differ by their number: each calls the function with its own."""
    return lambda function: lab.race(*(partial(function, n) for n in range(lab.threads)))


def test_increments_add_up(kv, each_thread):
    keys = [b"counter/%d" % n for n in range(7)]
    before = dict.fromkeys(keys, 0)

    def count(thread):
        rng = random.Random(thread)
        added = Counter()
        for _ in range(2_000):
            key, amount = rng.choice(keys), rng.randint(-3, 9)
            kv.increment(key, amount)
            added[key] += amount
        return added

    for added in each_thread(count):
        for key in keys:
            before[key] += added[key]
    assert {key: struct.unpack("<q", value)[0] for key, value in kv.items()} == before
    assert kv.stats().freezes > 0


def test_every_increment_returns_another_number(kv, each_thread, lab):
    def count(_):
        return [kv.increment(b"ticket") for _ in range(2_000)]

    tickets = [ticket for taken in each_thread(count) for ticket in taken]
    assert sorted(tickets) == list(range(1, lab.threads * 2_000 + 1))


def test_increments_among_batches_that_reset_them(kv, each_thread, lab):
    """A batch and an increment of the same key happen one after the other, never half."""
    base = 1_000_000

    def run(thread):
        for turn in range(1, 501):
            if thread == 0:
                with kv.batch() as batch:
                    batch[b"left"] = batch[b"right"] = struct.pack("<q", turn * base)
            else:
                kv.increment(b"left")
                kv.increment(b"right")

    each_thread(run)
    for key in (b"left", b"right"):
        resets, increments = divmod(struct.unpack("<q", kv[key])[0], base)
        assert resets == 500
        assert 0 <= increments <= (lab.threads - 1) * 500


def test_setdefault_has_one_winner(kv, each_thread):
    def claim(thread):
        mine = b"%d" % thread
        return [kv.setdefault(b"%d" % n, mine) == mine for n in range(1_500)]

    claims = each_thread(claim)
    assert all(sum(won) == 1 for won in zip(*claims, strict=True))


def test_one_of_racing_deletes_succeeds(kv, each_thread):
    kv.put_many((b"%d" % n, b"v" * 50) for n in range(1_500))

    def delete(_):
        return [succeeds(kv, b"%d" % n) for n in range(1_500)]

    deleted = each_thread(delete)
    assert all(sum(succeeded) == 1 for succeeded in zip(*deleted, strict=True))
    assert not kv


def succeeds(kv, key):
    try:
        del kv[key]
    except KeyError:
        return False
    return True


def test_one_of_racing_pops_gets_the_value(kv, each_thread):
    kv.put_many((b"%d" % n, b"value %d" % n) for n in range(1_500))

    def pop(_):
        return [kv.pop(b"%d" % n, None) for n in range(1_500)]

    for n, popped in enumerate(zip(*each_thread(pop), strict=True)):
        assert sorted(popped, key=bool)[-1] == b"value %d" % n
        assert sum(value is not None for value in popped) == 1


def test_popitem_drains_each_pair_once(kv, each_thread):
    pairs = {b"%04d" % n: b"v%d" % n for n in range(600)}
    kv.put_many(pairs)

    def drain(thread):
        taken = []
        while True:
            try:
                taken.append(kv.popitem(last=thread % 2 == 0))
            except KeyError:
                return taken

    taken = [pair for pairs in each_thread(drain) for pair in pairs]
    assert len(taken) == len(pairs)
    assert dict(taken) == pairs
    assert not kv


def test_compare_and_set_is_a_lock(kv, each_thread, lab):
    """Adds to a plain value under optimistic retries: the sum is exact."""
    kv[b"sum"] = b"0"

    def add(_):
        retries = 0
        for _ in range(400):
            while True:
                seen = kv[b"sum"]
                if kv.compare_and_set(b"sum", seen, b"%d" % (int(seen) + 1)):
                    break
                retries += 1
        return retries

    each_thread(add)
    assert kv[b"sum"] == b"%d" % (lab.threads * 400)


def test_compare_and_set_from_absent_has_one_winner(kv, each_thread):
    def claim(thread):
        return [kv.compare_and_set(b"%d" % n, None, b"%d" % thread) for n in range(1_000)]

    for n, won in enumerate(zip(*each_thread(claim), strict=True)):
        assert sum(won) == 1
        assert kv[b"%d" % n] == b"%d" % won.index(True)
