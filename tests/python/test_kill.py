"""SIGKILL at every step: acknowledged writes survive, batches are whole or absent.

The short form runs always, the long one with `make kill`.
"""

from dataclasses import replace
from itertools import product

import pytest
from killing.campaign import (
    KINDS,
    MEMTABLES,
    PHASES,
    SHAPES,
    SINKS,
    BrokenPromiseError,
    Database,
    Kill,
    Kind,
    campaign,
    table,
)
from killing.driver import MEMTABLE_BYTES
from killing.judge import judge
from killing.work import COUNTER, KEYS_PER_WRITER, Write, nth_write


def test_no_acknowledged_write_is_lost_in_sixty_four_kills(tmp_path, capsys):
    tally = campaign(tmp_path, databases=16, rounds=4, seed=1)
    with capsys.disabled():
        print("\n" + table(tally))
    assert all(tally.per_phase()[phase] >= 2 for phase in PHASES)
    assert {kind for _, kind in tally.kills} == set(map(str, KINDS[:16]))


def test_every_memtable_is_killed_with_both_ways_to_write_the_log():
    pairs = {(kind.memtable, kind.wal_sink) for kind in KINDS[:8]}
    assert (
        pairs == set(product(MEMTABLES, SINKS)) == {(k.memtable, k.wal_sink) for k in KINDS[8:16]}
    )
    assert set(KINDS) == {Kind(*pair, *shape) for pair in pairs for shape in SHAPES}


@pytest.mark.slow_kill
@pytest.mark.timeout(1800)
def test_no_acknowledged_write_is_lost_in_three_hundred_and_twenty_kills(tmp_path, capsys):
    tally = campaign(tmp_path, databases=32, rounds=10, seed=1000)
    with capsys.disabled():
        print("\n" + table(tally))
    assert tally.per_phase().total() == 320
    assert tally.largest >= 10 * MEMTABLE_BYTES
    assert all(tally.per_phase()[phase] >= 10 for phase in PHASES)
    assert {kind for _, kind in tally.kills} == set(map(str, KINDS))


@pytest.mark.parametrize("kind", KINDS[:8], ids=str)
def test_a_driver_that_acknowledges_before_it_logs_is_caught(tmp_path, kind):
    """Soon: what it dies in may be the deletion of a key that was not there."""
    assert any(lie_is_seen(tmp_path / str(nth), kind, nth) for nth in range(20, 30))


def lie_is_seen(directory, kind, nth):
    database = Database(directory, kind, seed=7)
    kill = Kill("log append", "write_lane_held", 1)
    run = replace(database.plan(kill), nth=nth, acknowledges_early=True)
    died, acknowledged = database.drive(run, None)
    assert died
    try:
        database.settle(run, acknowledged)
    except BrokenPromiseError as broken:
        return "Problem(" in str(broken)
    return False


BEFORE = {b"a": b"1", b"b": b"2"}
PUT = Write({b"a": b"3"})
DELETE = Write({b"b": None})
BATCH = Write({b"a": b"4", b"c": b"5", b"b": None}, is_batch=True)
COUNT = Write(increment=2)
TRANSACTION = Write({b"a": b"6"}, increment=2, is_transaction=True)


def number(n):
    return n.to_bytes(8, "little", signed=True)


@pytest.mark.parametrize(
    ("acknowledged", "in_flight", "found"),
    [
        ([], [], BEFORE),
        ([PUT], [], {b"a": b"3", b"b": b"2"}),
        ([], [PUT], BEFORE),
        ([], [PUT], {b"a": b"3", b"b": b"2"}),
        ([PUT, DELETE], [], {b"a": b"3"}),
        ([PUT], [BATCH], {b"a": b"3", b"b": b"2"}),
        ([PUT], [BATCH], {b"a": b"4", b"c": b"5"}),
        ([PUT, BATCH], [], {b"a": b"4", b"c": b"5"}),
        ([COUNT], [COUNT], {**BEFORE, COUNTER: number(2)}),
        ([COUNT], [COUNT], {**BEFORE, COUNTER: number(4)}),
        ([], [Write({b"missing": None})], BEFORE),
        ([], [TRANSACTION], BEFORE),
        ([], [TRANSACTION], {**BEFORE, b"a": b"6", COUNTER: number(2)}),
    ],
)
def test_the_judge_accepts_what_a_crash_may_leave(acknowledged, in_flight, found):
    assert judge(BEFORE, acknowledged, in_flight, found) == []


@pytest.mark.parametrize(
    ("planted", "acknowledged", "in_flight", "found"),
    [
        ("wrong", [PUT], [], BEFORE),
        ("lost", [PUT], [], {b"b": b"2"}),
        ("lost", [], [], {b"a": b"1"}),
        ("invented", [DELETE], [], BEFORE),
        ("invented", [], [], {**BEFORE, b"c": b"never written"}),
        ("wrong", [PUT], [], {b"a": b"3 damaged", b"b": b"2"}),
        ("wrong", [PUT, Write({b"a": b"newer"})], [], {b"a": b"3", b"b": b"2"}),
        ("wrong", [PUT], [BATCH], BEFORE),
        ("torn", [], [BATCH], {b"a": b"4", b"b": b"2"}),
        ("torn", [], [BATCH], {b"a": b"1"}),
        ("torn", [PUT], [BATCH], {b"a": b"3", b"b": b"2", b"c": b"5"}),
        ("lost", [BATCH], [], {b"a": b"4"}),
        ("counter", [COUNT], [], BEFORE),
        ("counter", [COUNT], [COUNT], {**BEFORE, COUNTER: number(3 + 2)}),
        ("counter", [], [COUNT], {**BEFORE, COUNTER: number(-1)}),
        ("counter", [], [TRANSACTION], {**BEFORE, COUNTER: number(2)}),
        ("counter", [], [TRANSACTION], {**BEFORE, b"a": b"6"}),
    ],
)
def test_the_judge_sees_planted_losses(planted, acknowledged, in_flight, found):
    assert planted in {problem.kind for problem in judge(BEFORE, acknowledged, in_flight, found)}


def test_the_work_has_batches_deletes_overwrites_and_long_values():
    writes = [nth_write(1, 0, n) for n in range(500)]
    changes = [change for write in writes for change in write.changes.items()]
    assert writes == [nth_write(1, 0, n) for n in range(500)]
    assert sum(write.is_batch for write in writes) > 50
    assert sum(value is None for _, value in changes) > 50
    assert len({key for key, _ in changes}) == KEYS_PER_WRITER
    assert max(len(value or b"") for _, value in changes) > 65536
    assert any(write.increment for write in writes)
    assert sum(write.is_transaction for write in writes) > 20
    assert any(write.sync for write in writes)
