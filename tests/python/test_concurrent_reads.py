"""Readers among writers: batches are seen whole, and every read of many keys is one moment."""

import threading
from functools import partial
from itertools import pairwise

import pytest

KEYS = [b"key/%d" % n for n in range(12)]
TURNS = 600

pytestmark = pytest.mark.skiplith(
    memtable=["skiplist", "art", "mutex_map", "rwlock_map"], gil="release", memtable_bytes=65536
)


def until(done, read):
    """Reads again and again until the writers are done, and once more; what was read."""
    found = []
    while not done.is_set():
        found.append(read())
    found.append(read())
    return found


def write_and_read(lab, write, *reads):
    """One writer, several readers, as long as the writer takes; what each of them read."""
    done = threading.Event()

    def writer():
        try:
            write()
        finally:
            done.set()

    return lab.race(writer, *(partial(until, done, read) for read in reads))[1:]


def test_a_batch_is_seen_whole(kv, lab):
    """Every batch gives all keys one value; so at any moment all values are equal."""
    kv.put_many(dict.fromkeys(KEYS, b"%08d" % 0))

    def write():
        for turn in range(1, TURNS + 1):
            kv.put_many(dict.fromkeys(KEYS, b"%08d" % turn))

    seen = write_and_read(
        lab,
        write,
        lambda: kv.get_many(KEYS),
        lambda: [value for _, value in kv.items()],
        lambda: list(kv.values(reverse=True)),
    )
    for moments in seen:
        assert all(len(values) == len(KEYS) for values in moments)
        assert all(len(set(values)) == 1 for values in moments)
        turns = [int(values[0]) for values in moments]
        assert turns == sorted(turns)  # time does not run backwards for a reader
        assert turns[-1] == TURNS
    assert kv.stats().freezes > 0


def test_batches_that_move_keys_never_show_them_twice_or_not_at_all(kv, lab):
    """Each batch deletes one key and puts the next; a reader always finds exactly one."""
    kv[KEYS[0]] = b"here"

    def write():
        for turn in range(TURNS):
            with kv.batch() as batch:
                del batch[KEYS[turn % len(KEYS)]]
                batch[KEYS[(turn + 1) % len(KEYS)]] = b"here"

    seen = write_and_read(
        lab,
        write,
        lambda: sum(value is not None for value in kv.get_many(KEYS)),
        lambda: sum(1 for _ in kv.items()),
        lambda: len(kv),
        lambda: kv.count(prefix=b"key/"),
    )
    assert all(counts == [1] * len(counts) for counts in seen)


def test_an_iteration_sees_a_prefix_of_the_writes(kv, lab):
    """Writes in a known order: whoever sees one sees all before it, wherever it lies."""
    order = [b"%04d" % (n * 7919 % 3000) for n in range(3000)]
    rank = {key: n for n, key in enumerate(order)}

    def write():
        for key in order:
            kv.put(key, key * 5)

    seen = write_and_read(
        lab, write, lambda: list(kv), lambda: [k for k, _ in kv.items(reverse=True)]
    )
    for moments in seen:
        assert all({rank[key] for key in keys} == set(range(len(keys))) for keys in moments)
        assert all(len(before) <= len(after) for before, after in pairwise(moments))


def test_two_readers_agree_on_the_order_of_two_writers(kv, lab):
    """Of two independent writes, no two readers see opposite halves."""
    reads = [[b"left", b"right"], [b"right", b"left"]]
    kv.put_many({b"left": b"%d" % 0, b"right": b"%d" % 0})
    done = [threading.Event(), threading.Event()]

    def write(side):
        for turn in range(1, TURNS + 1):
            kv.put(reads[0][side], b"%d" % turn)
        done[side].set()

    def read(keys):
        found = set()
        while not all(event.is_set() for event in done):
            pair = dict(zip(keys, map(int, kv.get_many(keys)), strict=True))
            found.add((pair[b"left"], pair[b"right"]))
        return found

    *_, first, second = lab.race(
        *(partial(write, side) for side in (0, 1)), *(partial(read, keys) for keys in reads)
    )
    # All moments of one history: sorted by one side, the other never goes back.
    assert all(a[1] <= b[1] for a, b in pairwise(sorted(first | second)))


def test_a_shared_iterator_hands_out_each_item_once(kv, lab):
    pairs = {b"%05d" % n: b"%d" % n for n in range(5_000)}
    kv.put_many(pairs)
    shared = iter(kv.items())
    taken = lab.race(*[lambda: list(shared)] * lab.threads)
    assert sorted(pair for part in taken for pair in part) == sorted(pairs.items())


def test_a_reader_of_its_own_writes_sees_them(kv, lab):
    """What has returned is visible: to everybody, at once, across freezes."""

    def write_then_read(thread):
        for turn in range(1_000):
            key, value = b"%d/%d" % (thread, turn % 20), b"%d" % turn * 20
            kv.put(key, value)
            assert kv.get(key) == value
            assert kv.get_many([key]) == [value]

    lab.race(*(partial(write_then_read, n) for n in range(lab.threads)))
