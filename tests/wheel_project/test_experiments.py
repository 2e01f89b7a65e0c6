"""An experiment with each part of the plugin, where only the wheel and pytest are installed."""

import importlib.metadata
import sys
from pathlib import Path

import pytest
import skiplith


def test_what_is_used_is_what_was_installed(kv, lab):
    kv[b"k"] = b"v"
    for module in (skiplith, skiplith._core, sys.modules["skiplith_pytest"]):
        assert Path(module.__file__).is_relative_to(sys.prefix)
    assert not any((Path(folder) / "CMakeLists.txt").exists() for folder in sys.path)


def test_only_our_own_names_were_installed():
    files = importlib.metadata.files("skiplith")
    names = {file.parts[0] for file in files if file.parts[0] != ".."}
    assert names - {"__pycache__"} == {
        "skiplith",
        "skiplith_pytest.py",
        f"skiplith-{skiplith.__version__}.dist-info",
    }
    assert [file.name for file in files if file.parts[0] == ".."] == ["skiplith"]


@pytest.mark.skiplith(threads=[1, 4], memtable=["skiplist", "mutex_map"], gil="release")
def test_increments_of_a_race_add_up(kv, lab):
    counts = lab.race(*[lambda: kv.increment(b"n")] * lab.threads)
    assert sorted(counts) == list(range(1, lab.threads + 1))


@pytest.mark.skiplith(seed=[1, 2])
def test_a_workload_is_measured(kv, lab):
    result = lab.workload(kv, ops=2000, mix={"get": 3, "put": 1}, keys=100)
    assert result.operations == 2000
    assert result.latencies["get"].p50 > 0
    assert 0 < len(kv) <= 100


def test_a_native_workload_is_measured(kv, lab):
    result = lab.workload(kv, ops=2000, mix={"get": 3, "put": 1}, keys=100, native=True)
    assert result.operations == 2000


@pytest.mark.skiplith(gil="release", memtable_bytes=65536)
def test_a_history_is_checked(kv, lab):
    h = lab.history()
    t = h.wrap(kv)
    lab.workload(t, ops=400, mix={"get": 2, "put": 1, "increment": 1, "pop": 1}, keys=3)
    lab.workload(t, ops=400, mix={"get": 2, "put": 1, "delete": 1}, keys=3, native=True)
    assert h.operations == 800
    assert h.check() == "linearizable"


def test_transfers_keep_the_sum(kv, lab):
    kv.update({b"a": bytes([100]), b"b": bytes([100])})

    def move(t):
        t[b"a"], t[b"b"] = bytes([t[b"a"][0] - 1]), bytes([t[b"b"][0] + 1])

    lab.race(*[lambda: kv.run_transaction(move, retries=1000)] * 4)
    with kv.snapshot() as snapshot:
        assert (snapshot[b"a"], snapshot[b"b"]) == (bytes([96]), bytes([104]))


def test_a_race_that_fails_says_so(lab):
    with pytest.raises(ExceptionGroup):
        lab.race(lambda: 1 / 0, lambda: 1)


def test_a_power_cut_takes_nothing_that_was_synced(lab):
    files = lab.memory_files()
    with skiplith.open("data", files=files) as db:
        db.put(b"k", b"v", sync=True)
        after = files.crash(lab.seed, keep=0)
    with skiplith.open("data", files=after) as db:
        assert db[b"k"] == b"v"
