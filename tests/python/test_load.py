"""Loads: sorted pairs straight into tables, all of them or none."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import skiplith
from skiplith import lab

PAIRS = {b"%06d" % n: b"value %d" % n for n in range(5000)}


def names(path: str | Path, suffix: str) -> list[str]:
    return sorted(file.name for file in Path(path).iterdir() if file.suffix == suffix)


def test_loaded_pairs_come_back_by_key_in_order_and_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with skiplith.open(path) as db:
        db.load(iter(PAIRS.items()))
        assert [level.tables for level in db.stats().levels] == [0, 0, 0, 0, 0, 0, 1]
        assert db.stats().bytes_written == 0  # nothing of it went through the log
        assert db[b"004999"] == b"value 4999"
        assert dict(db.items()) == PAIRS
    with skiplith.open(path) as db:
        assert list(db.items(reverse=True)) == list(reversed(PAIRS.items()))
        assert db.stats().recovered_records == 0
        db.verify()


def test_a_mapping_and_another_database_can_be_loaded(db: skiplith.DB, tmp_path: Path) -> None:
    db.load(PAIRS)
    with skiplith.open(tmp_path / "copy") as copy:
        copy.load(db)
        copy.load(db.items(prefix=b"0001"))
        assert dict(copy.items()) == PAIRS


def test_nothing_can_be_loaded(db: skiplith.DB) -> None:
    db.load([])
    assert not db
    assert sum(level.tables for level in db.stats().levels) == 0


def test_a_load_hides_what_was_there_and_is_hidden_by_what_comes(db: skiplith.DB) -> None:
    db.put_many({b"a": b"old", b"b": b"old", b"kept": b"old"})
    db.flush()
    db[b"b"] = b"newer, in memory"
    db.load([(b"a", b"loaded"), (b"b", b"loaded"), (b"c", b"loaded"), (b"d", b"loaded")])
    db[b"c"] = b"later"
    del db[b"d"]
    expected = {b"a": b"loaded", b"b": b"loaded", b"c": b"later", b"kept": b"old"}
    assert dict(db.items()) == expected
    db.compact()
    assert dict(db.items()) == expected


def test_a_snapshot_from_before_does_not_see_a_load(db: skiplith.DB) -> None:
    db[b"a"] = b"before"
    with db.snapshot() as before:
        db.load({b"a": b"loaded", b"b": b"loaded"})
        assert dict(before.items()) == {b"a": b"before"}
        db.compact()
        assert dict(before.items()) == {b"a": b"before"}
        assert b"b" not in before
    assert dict(db.items()) == {b"a": b"loaded", b"b": b"loaded"}


def test_a_transaction_that_has_read_before_a_load_conflicts(db: skiplith.DB) -> None:
    db[b"a"] = b"1"
    t = db.transaction()
    t[b"b"] = t[b"a"]
    db.load([(b"a", b"2")])
    with pytest.raises(skiplith.ConflictError):
        t.commit()
    assert dict(db.items()) == {b"a": b"2"}


def fails_half_way() -> Iterator[tuple[bytes, bytes]]:
    for n in range(40_000):  # more than one piece
        yield b"%06d" % n, b"x" * 100
    raise RuntimeError("no more")


@pytest.mark.parametrize(
    ("pairs", "error", "match"),
    [
        ([(b"b", b"1"), (b"a", b"2")], ValueError, "pair 2 has a smaller key"),
        ([(b"a", b"1"), (b"b", b"1"), (b"b", b"2")], ValueError, "pair 3 has the key of"),
        ([(b"a", b"1"), ("b", b"2")], TypeError, "encode"),
        ([(b"a", b"1"), (b"b", None)], TypeError, None),
        ([(b"a", b"1"), (b"b",)], (TypeError, ValueError), None),
        ([(b"a", b"1"), (b"k" * 65536, b"2")], ValueError, r"65,?535"),
        (5, TypeError, None),
        (fails_half_way(), RuntimeError, "no more"),
        ([*((b"%06d" % n, b"x" * 100) for n in range(40_000)), (b"0", b"")], ValueError, "40001"),
    ],
    ids=["unsorted", "twice", "str", "None", "no pair", "long", "int", "raises", "late"],
)
def test_bad_input_is_refused_and_leaves_nothing_behind(db, pairs, error, match) -> None:
    db[b"here"] = b"before"
    with pytest.raises(error, match=match):
        db.load(pairs)
    assert dict(db.items()) == {b"here": b"before"}
    assert names(db.path, ".sst") == []
    db.load(PAIRS)  # and nothing stands in the way
    assert db.count() == len(PAIRS) + 1


def test_a_database_closed_half_way_refuses_the_rest_and_opens_without_it(tmp_path: Path) -> None:
    db = skiplith.open(tmp_path / "db")

    def pairs() -> Iterator[tuple[bytes, bytes]]:
        for n in range(40_000):
            yield b"%06d" % n, b"x" * 100
        db.close()

    with pytest.raises(skiplith.ClosedError):
        db.load(pairs())
    with skiplith.open(tmp_path / "db") as again:
        assert not again
        assert names(again.path, ".sst") == []


def test_the_iterable_may_use_the_database_and_other_threads_too(db: skiplith.DB) -> None:
    def pairs() -> Iterator[tuple[bytes, bytes]]:
        for n in range(20_000):
            if n % 1000 == 0:
                db.increment(b"seen")
                assert db.get(b"000000") is None
            yield b"%06d" % n, b"x"

    others = [threading.Thread(target=lambda: [db.increment(b"other") for _ in range(2000)])]
    others += [threading.Thread(target=db.load, args=([(b"z", b"1")],))]
    for other in others:
        other.start()
    db.load(pairs())
    for other in others:
        other.join()
    assert int.from_bytes(db[b"seen"], "little") == 20
    assert int.from_bytes(db[b"other"], "little") == 2000
    assert db.count() == 20_003


@pytest.mark.parametrize("wal", [True, False])
def test_a_load_is_durable_on_return_with_all_before_it(wal: bool) -> None:
    files = lab.memory_files()
    db = skiplith.open("data", files=files, wal=wal)
    db[b"before"] = b"1"
    db.load({b"a": b"1", b"b": b"2"})
    db[b"after"] = b"1"
    with skiplith.open("data", files=files.crash(0, keep=0)) as left:
        assert dict(left.items()) == {b"a": b"1", b"b": b"2", b"before": b"1"}
    db.close()


CHANGES = ["create_segment", "create_appendable", "append", "append_sync", "append_close"]
CHANGES += ["sync_directory", "remove"]


@pytest.mark.parametrize("operation", CHANGES)
def test_a_load_that_fails_anywhere_leaves_all_or_nothing(operation: str) -> None:
    before = {b"%06d" % n: b"before" for n in range(0, 5000, 500)}
    chance = random.Random(operation)
    for nth in range(1, 30):
        memory = lab.memory_files()
        faulty = lab.faulty_files([], memory)
        db = skiplith.open("data", files=faulty, memtable_bytes=64 << 10)
        db.put_many(before, sync=True)
        struck = faulty.calls(operation)
        faulty.fail_at(lab.Fault(operation, nth=nth, sticky=True))  # type: ignore[arg-type]
        loaded = True
        try:
            db.load(PAIRS)
        except skiplith.Error:
            loaded = False
        is_over = faulty.calls(operation) - struck < nth
        assert dict(db.items()) == (PAIRS if loaded else before)
        states = [PAIRS] if loaded else [before, PAIRS]
        for left in (memory.crash(nth, keep=chance.random()), memory.crash(nth, keep=0)):
            with skiplith.open("data", files=left) as found:
                assert dict(found.items()) in states
                found.verify()
        faulty.heal()
        try:
            db.close()
        except skiplith.Error:
            assert not loaded
        if is_over:
            return
    raise AssertionError("a load does no end of it")
