"""The database against a dict, in every engine and both sinks, reopened at random."""

import shutil
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import model_inputs
import pytest
import skiplith
from crash_image import crash_image
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from model_inputs import ENGINES, INT64, MAX, MIN, SINKS, bounds, keys, moves, numbers, values


class AgainstDict(RuleBasedStateMachine):
    """Every rule does the same to the database and to a dict, and compares."""

    memtable: str
    wal_sink: str
    seen: Counter[str]  # what all runs of one test came by

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="skiplith-model-"))
        self.directory = self.root / "0"
        self.model: dict[bytes, bytes] = {}
        self.db: skiplith.DB | None = None
        self.options: dict[str, Any] = {"memtable": self.memtable, "wal_sink": self.wal_sink}

    @initialize(options=model_inputs.openings)
    def open_empty(self, options):
        self.options |= options
        self.db = self.open()

    def open(self) -> skiplith.DB:
        manifest = (self.directory / "CURRENT").read_bytes() if self.directory.exists() else b""
        db = skiplith.open(self.directory, memtable_bytes=65536, cache_bytes=20_000, **self.options)
        self.seen["rotations"] += (self.directory / "CURRENT").read_bytes() != manifest
        self.seen["recovered"] += db.stats().recovered_records
        is_mapped = f"{self.directory}/" in Path("/proc/self/maps").read_text()
        self.seen["mapped" if is_mapped else "write"] += 1
        return db

    def close(self) -> None:
        if self.db is not None:
            stats = self.db.stats()
            self.seen["freezes"] += stats.freezes
            self.seen["flushes"] += stats.flushes
            self.seen["compactions"] += stats.compactions
            self.db.close()
            self.db = None

    def teardown(self) -> None:
        # Whatever the run was, it ends with a freeze and a death.
        if self.db is not None:
            assert dict(self.db.items()) == self.model
            for key in (b"large", b"larger"):
                self.db[key] = self.model[key] = bytes(80_000)
            self.db.compact()
            self.reopen_after("die")
        self.close()
        shutil.rmtree(self.root)

    @rule(how=st.sampled_from(["close", "look", "die"]))
    def reopen(self, how):
        self.reopen_after(how)

    def reopen_after(self, how: str) -> None:
        if how == "die":
            self.die()
        self.close()
        if how == "look":
            with skiplith.open(self.directory, "r") as db:
                assert list(db.items()) == sorted(self.model.items())
        self.db = self.open()
        assert list(self.db.items()) == sorted(self.model.items())
        self.seen[how] += 1

    def die(self) -> None:
        """Goes on with a copy of the files as they are while open: what SIGKILL leaves."""
        image = self.root / str(int(self.directory.name) + 1)
        crash_image(self.directory, image)
        self.close()
        shutil.rmtree(self.directory)
        self.directory = image

    @rule(wait=st.booleans())
    def flush(self, wait):
        self.db.flush(wait)

    @rule(start=bounds, stop=bounds)
    def compact(self, start, stop):
        self.db.compact(start, stop)
        self.db.verify()

    # --- one key ---

    @rule(key=keys, value=values, sync=st.sampled_from([None, True, False]))
    def put(self, key, value, sync):
        self.db.put(key, value, sync=sync)
        self.model[key] = value

    @rule(key=keys, value=values)
    def set_item(self, key, value):
        self.db[key] = value
        self.model[key] = value

    @rule(key=keys)
    def delete(self, key):
        self.db.delete(key)
        self.model.pop(key, None)

    @rule(key=keys)
    def delete_item(self, key):
        if key in self.model:
            del self.db[key]
            del self.model[key]
        else:
            with pytest.raises(KeyError) as raised:
                del self.db[key]
            assert raised.value.args == (key,)

    @rule(key=keys)
    def read(self, key):
        assert self.db.get(key) == self.model.get(key)
        assert self.db.get(key, b"other") == self.model.get(key, b"other")
        assert (key in self.db) == (key in self.model)
        if key in self.model:
            assert self.db[key] == self.model[key]
        else:
            with pytest.raises(KeyError):
                self.db[key]

    @rule(key=keys, value=values)
    def setdefault(self, key, value):
        assert self.db.setdefault(key, value) == self.model.setdefault(key, value)

    @rule(key=keys)
    def pop(self, key):
        assert self.db.pop(key, None) == self.model.pop(key, None)

    @rule(key=keys)
    def pop_or_key_error(self, key):
        if key in self.model:
            assert self.db.pop(key) == self.model.pop(key)
        else:
            with pytest.raises(KeyError):
                self.db.pop(key)

    @rule(last=st.booleans())
    def popitem(self, last):
        if self.model:
            key = max(self.model) if last else min(self.model)
            assert self.db.popitem(last) == (key, self.model.pop(key))
        else:
            with pytest.raises(KeyError):
                self.db.popitem(last)

    @rule(key=keys, expected=st.one_of(st.none(), values), new=st.one_of(st.none(), values))
    def compare_and_set_guessing(self, key, expected, new):
        self.compare_and_set(key, expected, new)

    @rule(key=keys, new=st.one_of(st.none(), values))
    def compare_and_set_knowing(self, key, new):
        self.compare_and_set(key, self.model.get(key), new)

    def compare_and_set(self, key, expected, new):
        matches = self.model.get(key) == expected
        assert self.db.compare_and_set(key, expected, new) is matches
        if matches and new is None:
            self.model.pop(key, None)
        elif matches:
            self.model[key] = new

    @rule(key=keys, amount=numbers)
    def increment(self, key, amount):
        old = self.model.get(key, INT64.pack(0))
        if len(old) != 8:
            with pytest.raises(ValueError, match="8"):
                self.db.increment(key, amount)
            return
        total = INT64.unpack(old)[0] + amount
        if not MIN <= total <= MAX:
            with pytest.raises(OverflowError):
                self.db.increment(key, amount)
            return
        assert self.db.increment(key, amount) == total
        self.model[key] = INT64.pack(total)

    # --- many keys ---

    @rule(pairs=st.lists(st.tuples(keys, values), max_size=8), how=st.sampled_from("mpl"))
    def put_many_or_load(self, pairs, how):
        put_many = self.db.load if how == "l" else self.db.put_many
        put_many(pairs if how == "p" else dict(sorted(dict(pairs).items())))
        self.model.update(pairs)

    @rule(pairs=st.lists(st.tuples(keys, values), max_size=8))
    def write_many(self, pairs):
        assert self.db.write_many(iter(pairs), batch_bytes=20) == len(pairs)
        self.model.update(pairs)

    @rule(wanted=st.lists(keys, max_size=6))
    def delete_many(self, wanted):
        self.db.delete_many(wanted)
        for key in wanted:
            self.model.pop(key, None)

    @rule(wanted=st.lists(keys, max_size=6), default=st.sampled_from([None, b"none"]))
    def get_many(self, wanted, default):
        expected = [self.model.get(key, default) for key in wanted]
        assert self.db.get_many(wanted, default) == expected

    @rule(pairs=st.lists(st.tuples(keys, values), max_size=4), operator=st.booleans())
    def update(self, pairs, operator):
        if operator:
            self.db |= dict(pairs)
        else:
            self.db.update(pairs)
        self.model |= dict(pairs)

    @rule(steps=st.lists(st.tuples(keys, st.one_of(st.none(), values)), max_size=6))
    def batch(self, steps):
        with self.db.batch() as batch:
            for key, value in steps:
                if value is None:
                    del batch[key]
                else:
                    batch[key] = value
            assert dict(self.db.items()) == self.model
        for key, value in steps:
            self.model.pop(key, None)
            if value is not None:
                self.model[key] = value

    @rule(key=keys, value=values)
    def dropped_batch(self, key, value):
        def fail():
            with self.db.batch() as batch:
                batch[key] = value
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()

    @rule(really=st.integers(0, 9))
    def clear(self, really):
        if really == 0:
            self.db.clear()
            self.model.clear()

    @rule(count=st.integers(5, 40), key=keys)
    def fill(self, count, key):
        """Enough for a freeze."""
        for turn in range(count):
            self.db[key] = self.model[key] = bytes([turn]) * 5_000

    # --- ranges ---

    def in_range(self, start, stop, prefix, include_start, include_stop):
        def inside(key):
            after = start is None or key > start or (include_start and key == start)
            before = stop is None or key < stop or (include_stop and key == stop)
            return after and before and key.startswith(prefix or b"")

        return [(key, self.model[key]) for key in sorted(self.model) if inside(key)]

    @rule(
        start=bounds,
        stop=bounds,
        prefix=bounds,
        reverse=st.booleans(),
        include_start=st.booleans(),
        include_stop=st.booleans(),
    )
    def ranges(self, start, stop, prefix, reverse, include_start, include_stop):
        expected = self.in_range(start, stop, prefix, include_start, include_stop)
        if reverse:
            expected.reverse()
        chosen = {
            "prefix": prefix,
            "reverse": reverse,
            "include_start": include_start,
            "include_stop": include_stop,
        }
        items = self.db.items(start, stop, **chosen)
        assert list(items) == expected
        assert list(reversed(items)) == expected[::-1]
        assert list(items) == expected  # once more
        assert list(self.db.keys(start, stop, **chosen)) == [key for key, _ in expected]
        assert list(self.db.values(start, stop, **chosen)) == [value for _, value in expected]

    @rule(start=bounds, stop=bounds, prefix=bounds, key=keys)
    def membership_and_count(self, start, stop, prefix, key):
        expected = dict(self.in_range(start, stop, prefix, True, False))
        assert self.db.count(start, stop, prefix=prefix) == len(expected)
        assert (key in self.db.keys(start, stop, prefix=prefix)) == (key in expected)
        pair = (key, self.model.get(key, b""))
        assert (pair in self.db.items(start, stop, prefix=prefix)) == (key in expected)
        assert list(self.db[start:stop]) == self.in_range(start, stop, None, True, False)

    @rule()
    def edges(self):
        if self.model:
            low, high = min(self.model), max(self.model)
            assert self.db.first() == (low, self.model[low])
            assert self.db.last() == (high, self.model[high])
        else:
            for edge in (self.db.first, self.db.last):
                with pytest.raises(KeyError):
                    edge()

    @rule(taken=st.integers(0, 3), steps=st.lists(st.tuples(keys, values), max_size=3))
    def iteration_is_one_point_in_time(self, taken, steps):
        expected = sorted(self.model.items())
        with iter(self.db.items()) as items:
            found = list(islice(items, taken))
            if found:
                for key, value in steps:
                    self.db[key] = self.model[key] = value
            found += items
        assert found == expected

    @rule(path=st.lists(moves, max_size=12))
    def cursor(self, path):
        ordered = sorted(self.model)
        place = None  # in `ordered`; None: not on a pair
        with self.db.cursor() as cursor:
            assert not cursor.valid
            for move in path:
                if move in ("next", "prev"):
                    if place is None:
                        continue
                    place += 1 if move == "next" else -1
                elif move == "first":
                    place = 0
                elif move == "last":
                    place = len(ordered) - 1
                else:
                    name, key = move
                    after = name == "seek"
                    place = bisect_left(ordered, key) if after else bisect_right(ordered, key) - 1
                place = place if 0 <= place < len(ordered) else None
                name, *arguments = (move,) if isinstance(move, str) else move
                assert getattr(cursor, name)(*arguments) == (place is not None)
                assert cursor.valid == (place is not None)
                if place is not None:
                    assert cursor.key == ordered[place]
                    assert cursor.value == self.model[ordered[place]]

    @invariant()
    def the_keys_are_the_same(self):
        if self.db is not None:
            assert list(self.db) == sorted(self.model)
            assert list(reversed(self.db)) == sorted(self.model, reverse=True)
            assert len(self.db) == len(self.model)
            assert bool(self.db) == bool(self.model)


def run(memtable, wal_sink, base=AgainstDict, **limits):
    seen = Counter()
    chosen = {"memtable": memtable, "wal_sink": wal_sink, "seen": seen}
    machine = type(base.__name__, (base,), chosen)
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None, database=None, suppress_health_check=list(HealthCheck), **limits
        ),
    )
    for event in ("freezes", "flushes", "compactions", "recovered", "die"):
        assert seen[event] > 0, event
    assert seen["rotations"] > 1
    assert {sink for sink in SINKS if seen[sink]} == {wal_sink}
    return seen


@pytest.mark.parametrize("wal_sink", SINKS)
@pytest.mark.parametrize("memtable", ENGINES)
def test_behaves_as_a_sorted_dict(memtable, wal_sink):
    run(memtable, wal_sink, max_examples=15, stateful_step_count=40, derandomize=True)


@pytest.mark.slow_prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("wal_sink", SINKS)
@pytest.mark.parametrize("memtable", ENGINES)
def test_behaves_as_a_sorted_dict_in_many_runs(memtable, wal_sink):
    run(memtable, wal_sink, max_examples=200, stateful_step_count=60)
