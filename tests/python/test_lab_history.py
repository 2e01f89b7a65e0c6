"""Histories of Python threads, each explained by some order; and native load."""

import contextlib
import random
import signal
import struct
import sys
import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest
import skiplith
from skiplith import lab
from skiplith._core import lab as core
from skiplith._core import sync_points as points

THREADS = 4
KEYS = [b"key%d" % n for n in range(4)]
anything: Any = lab  # to call it wrongly


def work(t: lab.RecordedDB, rng: random.Random, operations: int) -> None:
    """Any operation on any key; what is written was never written before."""

    def value() -> bytes:
        number = struct.pack("<q", rng.getrandbits(60))
        return number if rng.random() < 0.5 else number * rng.randint(100, 500)

    def delete() -> None:
        with contextlib.suppress(KeyError):
            del t[rng.choice(KEYS)]

    def popitem() -> None:
        with contextlib.suppress(KeyError):
            t.popitem(last=rng.random() < 0.5)

    def increment() -> None:
        with contextlib.suppress(ValueError):  # the value is no number
            t.increment(rng.choice(KEYS), rng.randint(1, 9))

    def swap() -> None:
        key = rng.choice(KEYS)
        t.compare_and_set(key, t.get(key), rng.choice([None, value()]))

    uses = [
        lambda: t.get(rng.choice(KEYS)),
        lambda: rng.choice(KEYS) in t,
        lambda: t.get_many(KEYS),
        lambda: t.put(rng.choice(KEYS), value(), sync=rng.random() < 0.3),
        lambda: t.delete(rng.choice(KEYS)),
        delete,
        lambda: t.setdefault(rng.choice(KEYS), value()),
        lambda: t.pop(rng.choice(KEYS), None),
        popitem,
        increment,
        swap,
        lambda: t.put_many({key: value() for key in rng.sample(KEYS, 2)}),
        lambda: t.update({key: value() for key in rng.sample(KEYS, 3)}),
        lambda: t.delete_many(rng.sample(KEYS, 2)),
    ]
    for _ in range(operations):
        rng.choice(uses)()


@pytest.mark.parametrize("files", ["memory", "disk"])
def test_histories_of_threads_are_linearizable(path, files):
    # A sync takes a while, on a disk by itself: calls of other threads come beside it.
    delay = lab.Fault("segment_sync", errno=0, sticky=True, delay_ms=1)
    slow = lab.faulty_files([delay], lab.memory_files())
    options: Any = {"files": slow} if files == "memory" else {}
    operations, overlapping = 0, 0.0
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with skiplith.open(path, gil="release", memtable_bytes=65536, **options) as db:
            for seed in range(40):
                h = lab.history()
                t = h.wrap(db)
                randoms = [random.Random(seed * 10 + n) for n in range(THREADS)]
                lab.race(*(partial(work, t, rng, 30) for rng in randoms))
                assert t.get_many(KEYS) == [db.get(key) for key in KEYS]
                h.assert_linearizable()
                operations += h.operations
                overlapping += h.overlap * h.operations
            stats = db.stats()
    finally:
        sys.setswitchinterval(interval)
    print(f"{operations} operations, {overlapping / operations:.0%} beside another", stats)
    assert overlapping / operations >= 0.3
    assert stats.freezes > 0
    assert stats.flushes > 0


def test_every_call_is_an_operation_that_answers_as_the_database_does(db):
    h = lab.history()
    t = h.wrap(db)
    t[b"a"] = b"1"
    assert t[b"a"] == b"1"
    assert b"a" in t
    assert b"b" not in t
    assert t.get(b"b") is None
    assert t.get(b"b", b"other") == b"other"
    t.put(b"b", b"2", sync=True)
    t.delete(b"b")
    del t[b"a"]
    with pytest.raises(KeyError):
        del t[b"a"]
    with pytest.raises(KeyError):
        t[b"a"]
    assert t.setdefault(b"a", b"3") == b"3"
    assert t.setdefault(b"a") == b"3"
    assert t.setdefault(b"e") == b""
    assert t.pop(b"a") == b"3"
    assert t.pop(b"a", None) is None
    with pytest.raises(KeyError):
        t.pop(b"a")
    assert t.compare_and_set(b"a", None, b"4")
    assert not t.compare_and_set(b"a", b"3", None)
    assert t.increment(b"n", 5) == 5
    with pytest.raises(ValueError, match="8 bytes"):
        t.increment(b"a")
    t.put_many([(b"c", b"5"), (b"c", b"6")])
    t.update({b"d": b"7"}, sync=False)
    assert t.get_many([b"c", b"x", b"d"], b"-") == [b"6", b"-", b"7"]
    t.delete_many([b"c", b"x"])
    assert t.popitem() == (b"n", struct.pack("<q", 5))
    assert t.popitem(last=False) == (b"a", b"4")
    t.clear()
    with pytest.raises(KeyError):
        t.popitem()
    assert h.operations == 29
    assert h.overlap == 0
    assert h.check() == "linearizable"
    assert not db


def test_what_the_database_held_before_is_the_beginning(db):
    db[b"a"] = b"old"
    h = lab.history()
    t = h.wrap(db)
    assert t.popitem() == (b"a", b"old")
    h.assert_linearizable()
    assert h.wrap(db).get(b"a") is None  # wrapped once more, it is the same history
    h.assert_linearizable()


def unrecorded_write(db: skiplith.DB) -> lab.History:
    """A history with an answer that nothing in it explains."""
    h = lab.history()
    t = h.wrap(db)
    t[b"k"] = b"mine"
    db[b"k"] = b"another's"
    assert t[b"k"] == b"another's"
    return h


def test_a_violation_is_found_and_explained(db):
    h = unrecorded_write(db)
    assert h.explain() == ""
    assert h.check() == "violation"
    assert "get(b'k') -> b'another\\'s'" in h.explain()
    with pytest.raises(AssertionError, match="No order of these operations") as failed:
        h.assert_linearizable()
    assert str(failed.value) == h.explain()


def test_unknown_is_not_passed(db):
    h = unrecorded_write(db)
    assert h.check(steps=1) == "unknown"
    assert "budget" in h.explain()
    with pytest.raises(AssertionError, match="unknown: The budget ran out"):
        h.assert_linearizable(steps=1)
    assert h.check(seconds=60) == "violation"


def test_answers_outlive_the_database(path):
    h = lab.history()
    with skiplith.open(path) as db:
        t = h.wrap(db)
        t[b"k"] = b"v"
    for use in (lambda: t.get(b"k"), lambda: t.put(b"k", b"v"), lambda: h.wrap(db), t.clear):
        with pytest.raises(skiplith.ClosedError):
            use()
    assert h.operations == 1
    assert h.check() == "linearizable"


def test_overlap_is_of_calls_that_ran_beside_each_other(db, sync_points):
    h = lab.history()
    t = h.wrap(db)
    pause = points.Pause("write_sequenced", 1)

    def write() -> None:
        t.put(b"slow", b"1", sync=True)

    def read() -> None:
        assert pause.wait_reached(1, 60_000)
        assert t.get(b"slow") is None
        pause.release()

    lab.race(write, read)
    t.get(b"slow")
    assert h.operations == 3
    assert h.overlap == pytest.approx(2 / 3)
    h.assert_linearizable()


@pytest.mark.parametrize("gil", ["auto", "release", "hold"])
def test_the_databases_gil_policy_counts(path, gil):
    with skiplith.open(path, gil=gil) as db:
        t = lab.history().wrap(db)
        before = db.stats().gil_releases
        for _ in range(100):
            t[b"k"] = b"v"
            t.get(b"k")
        released = db.stats().gil_releases - before
    assert released >= 200 if gil == "release" else released < 20


MIX = {"get": 5.0, "put": 3, "increment": 1, "update": 1, "read": 1, "setdefault": 1, "erase": 1}


def load(target: Any, **changes: Any) -> tuple[float, dict[str, bytes]]:
    arguments: Any = {
        "ops": 4_000,
        "mix": MIX,
        "keys": 50,
        "threads": 4,
        "distribution": "uniform",
        "seed": 1,
        "value_bytes": 16,
    }
    return core.run_workload(target, **(arguments | changes))


@pytest.mark.parametrize("distribution", ["uniform", "zipfian", "sequential"])
def test_a_workload_does_so_many_operations(db, distribution):
    seconds, latencies = load(db, ops=4_003, distribution=distribution)
    assert seconds > 0
    assert set(latencies) == set(MIX)
    counts = {kind: len(packed) // 8 for kind, packed in latencies.items()}
    assert sum(counts.values()) == 4_003
    assert counts["get"] > counts["put"] > counts["increment"] > 0
    assert all(ns > 0 for ns in struct.unpack(f"<{counts['put']}Q", latencies["put"]))
    stats = db.stats()
    assert stats.batches == counts["update"]
    assert db.count(prefix=b"key") <= 50


def test_a_workload_is_the_same_for_the_same_seed(tmp_path):
    def outcome(seed: int) -> tuple[dict[bytes, bytes], dict[str, int]]:
        with skiplith.open(tmp_path / "db", flag="n") as db:
            _, latencies = load(db, threads=1, seed=seed)
            return dict(db.items()), {kind: len(packed) for kind, packed in latencies.items()}

    assert outcome(3) == outcome(3)
    assert outcome(3) != outcome(4)


def test_zipfian_keys_are_not_alike(db):
    """Each put of one thread carries its number, so counters tell how often a key was drawn."""
    load(db, ops=20_000, mix={"increment": 1}, keys=1000, distribution="zipfian", threads=2)
    drawn = Counter({key: struct.unpack("<q", value)[0] for key, value in db.items()})
    assert drawn.total() == 20_000
    (_, most), *_ = drawn.most_common()
    assert 1_500 < most < 6_000  # 1 / zeta(1000, 0.99) is 0.13, and a few ranks share a key
    assert drawn.most_common(100)[-1][1] < most / 10


def test_sequential_keys_come_one_after_the_other(db):
    load(db, ops=100, mix={"increment": 1}, keys=50, distribution="sequential", threads=1)
    assert {value for _, value in db.items()} == {struct.pack("<q", 2)}
    assert db.count() == 50


def test_a_workload_can_be_recorded(path):
    mix: Any = MIX | {"compare_and_set": 1, "pop": 1, "delete": 1, "popitem": 0.2}
    with skiplith.open(path, memtable_bytes=65536) as db:
        h = lab.history()
        load(h.wrap(db), mix=mix, keys=3, ops=600, value_bytes=2000)
        assert h.operations == 600
        h.assert_linearizable()


def test_a_workload_fails_as_its_operations_do(db, path):
    db.close()
    with pytest.raises(skiplith.ClosedError):
        load(db)
    with skiplith.open(path, "r") as reader, pytest.raises(skiplith.ReadOnlyError):
        load(reader)


def test_ctrl_c_ends_a_workload(db):
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        load(db, ops=10**9, mix={"get": 1})
    timer.join()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda db: anything.history().wrap({}), TypeError),
        (lambda db: anything.history().check(steps=-1), ValueError),
        (lambda db: anything.history().check(seconds=0), ValueError),
        (lambda db: anything.history().check(seconds="1"), TypeError),
        (lambda db: anything.history().check(10), TypeError),
        (lambda db: type(anything.history())(), TypeError),
        (lambda db: anything.history().wrap(db)["text"], TypeError),
        (lambda db: anything.history().wrap(db).put("text", b""), TypeError),
        (lambda db: anything.history().wrap(db).get(b"k" * 70_000), ValueError),
        (lambda db: anything.history().wrap(db).update(key=b"v"), TypeError),
        (lambda db: anything.history().wrap(db).__reduce_ex__(2), TypeError),
        (lambda db: anything.history().__reduce_ex__(2), TypeError),
        (lambda db: load({}), TypeError),
        (lambda db: load(db, mix={}), ValueError),
        (lambda db: load(db, mix={"mistake": 1}), ValueError),
        (lambda db: load(db, mix={"get": -1}), ValueError),
        (lambda db: load(db, mix={"get": float("inf")}), ValueError),
        (lambda db: load(db, mix={1: 1}), TypeError),
        (lambda db: load(db, keys=0), ValueError),
        (lambda db: load(db, threads=0), ValueError),
        (lambda db: load(db, threads=10**6), ValueError),
        (lambda db: load(db, distribution="normal"), ValueError),
        (lambda db: load(db, value_bytes=2**40), ValueError),
        (lambda db: load(db, ops=-1), ValueError),
    ],
)
def test_what_makes_no_sense_is_refused(db, call, error):
    with pytest.raises(error):
        call(db)


def test_a_history_is_of_one_database(db, tmp_path):
    h = lab.history()
    h.wrap(db)
    with (
        skiplith.open(tmp_path / "other") as other,
        pytest.raises(ValueError, match="one database"),
    ):
        h.wrap(other)
