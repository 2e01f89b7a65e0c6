"""lab.workload: what runs, what of it is counted, and what cannot be meant."""

from collections import Counter
from typing import Any

import pytest
import skiplith
from skiplith import lab
from skiplith._workload_plan import KINDS
from skiplith._workload_result import summary


class Watched(dict):
    """A mapping that counts the keys it is asked for and keeps what is put."""

    def __init__(self):
        self.asked = []
        self.given = []

    def get(self, key, default=None):
        self.asked.append(key)
        return super().get(key, default)

    def put(self, key, value):
        self.given.append((key, value))


def asked(**options: Any) -> Counter[bytes]:
    target = Watched()
    lab.workload(target, mix={"get": 1}, threads=1, **options)
    return Counter(target.asked)


def test_every_operation_is_run_counted_and_timed(db):
    result = lab.workload(db, ops=3001, mix={"get": 1, "put": 3}, keys=100, threads=3)
    stats = db.stats()
    assert result.operations == stats.gets + stats.puts == 3001
    assert result.threads == 3
    assert {kind: latency.count for kind, latency in result.latencies.items()} == {
        "get": stats.gets,
        "put": stats.puts,
    }
    assert 0.7 < stats.puts / 3001 < 0.8
    assert result.seconds > 0
    assert result.rate == pytest.approx(3001 / result.seconds)
    assert sum(result.rates.values()) == pytest.approx(result.rate)
    for latency in result.latencies.values():
        assert 0 < latency.p50 <= latency.p90 <= latency.p99 <= latency.p99_9 <= latency.max
        assert latency.mean <= latency.max


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_operation_runs_on_a_database(db, kind):
    result = lab.workload(db, ops=200, mix={kind: 1}, keys=10, threads=2)
    assert result.latencies.keys() == {kind}
    stats = db.stats()
    if kind in ("put", "compare_and_set", "increment", "setdefault", "update"):
        assert len(db) == 10
        assert stats.puts > 0
    else:
        assert len(db) == 0


def test_all_kinds_at_once_on_a_database(db):
    result = lab.workload(db, ops=5000, mix=dict.fromkeys(KINDS, 1), keys=50)
    assert result.latencies.keys() == set(KINDS)
    assert result.operations == 5000


def test_a_dict_can_be_compared():
    kinds = ["get", "put", "delete", "setdefault", "pop", "popitem", "update"]
    target: dict[bytes, bytes] = {}
    result = lab.workload(target, ops=2000, mix=dict.fromkeys(kinds, 1), keys=20)
    assert result.latencies.keys() == set(kinds)
    assert result.gil_releases is result.gil_wait_seconds is None
    assert target.keys() <= {b"%016d" % n for n in range(20)}


def test_the_databases_own_use_of_the_gil_is_counted(tmp_path):
    with skiplith.open(tmp_path / "db", gil="release") as db:
        lab.workload(db, ops=100, mix={"put": 1}, threads=1)  # counted before, not below
        result = lab.workload(db, ops=300, mix={"put": 1}, threads=1)
        assert result.gil_releases == 300
        assert result.gil_wait_seconds is not None
        assert 0 < result.gil_wait_seconds < db.stats().gil_wait_seconds


def test_a_number_of_keys_stands_for_their_decimal_names():
    assert asked(ops=1000, keys=3).keys() == {b"%016d" % n for n in range(3)}


def test_keys_of_ones_own():
    keys = [b"lemon", b"", b"\x00"]
    assert asked(ops=1000, keys=keys).keys() == set(keys)


def test_uniform_takes_all_keys_about_equally_often():
    counts = asked(ops=20_000, keys=20)
    assert all(800 < counts[b"%016d" % n] < 1200 for n in range(20))


def test_zipfian_takes_the_first_keys_most_often():
    counts = asked(ops=20_000, keys=1000, distribution="zipfian")
    first, second, tenth = (counts[b"%016d" % n] for n in (0, 1, 9))
    assert 1.8 < first / second < 2.2
    assert 8 < first / tenth < 12
    assert max(counts.values()) == first


def test_sequential_takes_the_keys_in_order():
    target = Watched()
    lab.workload(target, ops=15, mix={"get": 1}, keys=10, threads=1, distribution="sequential")
    assert target.asked == [b"%016d" % (n % 10) for n in range(15)]


def test_sequential_threads_begin_apart(db):
    lab.workload(db, ops=40, mix={"put": 1}, keys=40, threads=4, distribution="sequential")
    assert len(db) == 40


def test_the_same_seed_is_the_same_run():
    def run(seed):
        target = Watched()
        mix = {"get": 1, "put": 2, "setdefault": 1}
        lab.workload(target, ops=500, mix=mix, keys=50, threads=1, seed=seed)
        return target.asked, target.given, list(target.items())

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_threads_do_different_things_and_write_different_values():
    target = Watched()
    lab.workload(target, ops=4000, mix={"put": 1}, keys=50, threads=4)
    written = {value.split()[0] for _, value in target.given}
    assert written == {b"%d/%d" % (thread, n) for thread in range(4) for n in range(1000)}
    assert {len(value) for _, value in target.given} == {100}


@pytest.mark.parametrize("length", [0, 1, 17, 5000])
def test_values_have_the_length_asked_for(length):
    target = Watched()
    lab.workload(target, ops=50, mix={"put": 1}, value_bytes=length)
    assert {len(value) for _, value in target.given} == {length}


def test_increments_get_along_with_puts(db):
    lab.workload(db, ops=2000, mix={"put": 1, "increment": 1}, keys=10)
    assert {len(value) for value in db.values()} == {8}


def test_fewer_operations_than_threads():
    assert lab.workload({}, ops=1, threads=4).operations == 1


def test_an_operations_error_comes_out_of_the_race(db):
    with pytest.raises(ExceptionGroup) as raised:
        lab.workload(db, ops=100, mix={"put": 1}, keys=[b"k" * 70_000], threads=2)
    assert [type(error) for error in raised.value.exceptions] == [ValueError, ValueError]


def test_percentiles_are_times_that_were_taken():
    result = summary(2.0, 1, {"get": range(1000, 1_001_000, 1000), "put": []}, None)
    latency = result.latencies["get"]
    assert latency == lab.Latency(1000, 500.5, 500.0, 900.0, 990.0, 999.0, 1000.0)
    assert result.rates == {"get": 500.0}


def test_it_prints_as_a_table(db):
    result = lab.workload(db, ops=1234, mix={"put": 1, "get": 1}, keys=10, threads=2)
    first, head, *rows, last = str(result).splitlines()
    assert first.startswith("1,234 operations on 2 threads in ")
    assert " ".join(head.split()) == "count per second mean p50 p90 p99 p99.9 max"
    assert [row.split()[:2] for row in rows] == [
        [kind, str(latency.count)] for kind, latency in result.latencies.items()
    ]
    assert len({len(row) for row in rows}) == 1
    assert last.startswith("GIL let go ")
    assert "GIL" not in str(lab.workload({}, ops=10))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"ops": 0}, ValueError, "ops"),
        ({"threads": 0}, ValueError, "threads"),
        ({"keys": 0}, ValueError, "key"),
        ({"keys": []}, ValueError, "key"),
        ({"mix": {}}, ValueError, "weights"),
        ({"mix": {"get": 0}}, ValueError, "weights"),
        ({"mix": {"get": 2, "put": -1}}, ValueError, "weights"),
        ({"mix": {"get": float("inf")}}, ValueError, "weights"),
        ({"mix": {"get": 1, "got": 1}}, ValueError, r"\['got'\]; there are get, put"),
        ({"distribution": "even"}, ValueError, "'uniform', 'zipfian', 'sequential'"),
        ({"value_bytes": -1}, ValueError, "value_bytes"),
        ({"mix": {"increment": 1}, "value_bytes": 9}, ValueError, "8 bytes"),
        ({"mix": {"increment": 1}}, TypeError, "a dict has no increment"),
        ({"opps": 3}, TypeError, "opps"),
    ],
)
def test_what_makes_no_sense_is_refused(options: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        lab.workload({}, **options)


@pytest.mark.parametrize("distribution", ["uniform", "zipfian", "sequential"])
def test_native_operations_are_counted_and_timed_like_pythons(db, distribution):
    result = lab.workload(
        db,
        ops=3001,
        mix={"get": 1, "put": 3},
        keys=100,
        threads=3,
        distribution=distribution,
        native=True,
    )
    stats = db.stats()
    assert result.operations == stats.gets + stats.puts == 3001
    assert result.latencies["get"].count == stats.gets
    assert 0.7 < stats.puts / 3001 < 0.8
    assert 0 < result.latencies["put"].p50 <= result.latencies["put"].max
    assert result.gil_releases is not None
    assert {len(value) for value in db.values()} == {100}


def test_native_operations_can_be_checked_as_a_history(db):
    history = lab.history()
    result = lab.workload(
        history.wrap(db), ops=200, mix={"get": 1, "put": 1}, keys=20, threads=3, native=True
    )
    assert result.operations == history.operations == 200
    history.assert_linearizable()
