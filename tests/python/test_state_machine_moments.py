"""Snapshots against frozen copies of a dict, transactions against a dict that is copied back."""

import pytest
import skiplith
from hypothesis import strategies as st
from hypothesis.stateful import rule
from model_inputs import ENGINES, bounds, keys, values
from test_state_machine import AgainstDict, run

MOST_SNAPSHOTS = 8

steps = st.lists(
    st.one_of(
        st.tuples(st.just("get"), keys),
        st.tuples(st.just("put"), keys, values),
        st.tuples(st.just("delete"), keys),
        st.tuples(st.just("count"), bounds, bounds),
        st.tuples(st.just("items"), bounds, bounds, st.integers(0, 4), st.booleans()),
    ),
    max_size=6,
)


class AgainstFrozenDicts(AgainstDict):
    """Adds what reads at one moment to the rules, and what writes as one."""

    def __init__(self):
        super().__init__()
        self.snapshots = []  # each with the dict that it has to equal

    def close(self):
        super().close()
        for snapshot, _ in self.snapshots:
            with pytest.raises(skiplith.ClosedError):
                snapshot.first()
        self.snapshots.clear()

    @rule()
    def take_snapshot(self):
        if len(self.snapshots) < MOST_SNAPSHOTS:
            self.snapshots.append((self.db.snapshot(), dict(self.model)))

    @rule(which=st.integers(0, MOST_SNAPSHOTS))
    def give_snapshot_back(self, which):
        if which < len(self.snapshots):
            snapshot, _ = self.snapshots.pop(which)
            snapshot.close()
        assert self.db.stats().snapshots == len(self.snapshots)

    @rule(key=keys, start=bounds, stop=bounds, prefix=bounds)
    def read_snapshots(self, key, start, stop, prefix):
        for snapshot, frozen in self.snapshots:
            assert snapshot.get(key) == frozen.get(key)
            assert (key in snapshot) == (key in frozen)
            assert snapshot.get_many([key, b""]) == [frozen.get(key), frozen.get(b"")]
            assert list(snapshot.items()) == sorted(frozen.items())
            assert list(reversed(snapshot)) == sorted(frozen, reverse=True)
            inside = [
                k for k in sorted(frozen) if within(k, start, stop) and k.startswith(prefix or b"")
            ]
            assert list(snapshot.keys(start, stop, prefix=prefix)) == inside
            assert snapshot.count(start, stop, prefix=prefix) == len(inside)
        self.seen["snapshots"] += len(self.snapshots)

    @rule(
        steps=steps,
        others=st.lists(st.tuples(keys, st.one_of(st.none(), values)), max_size=2),
        between=st.sampled_from([len, skiplith.DB.flush, skiplith.DB.compact]),
    )
    def transaction(self, steps, others, between):
        """Others write after it has read; it conflicts exactly when they touch what it has read."""
        t = self.db.transaction()
        own = dict(self.model)  # what it sees
        written = set()
        is_read = []  # each tells of a key whether it was read
        for step in steps:
            self.step(t, own, written, is_read, *step)
        for key, value in others:
            if value is None:
                self.db.delete(key)
                self.model.pop(key, None)
            else:
                self.db[key] = self.model[key] = value
            between(self.db)
        if written and any(read(key) for key, _ in others for read in is_read):
            with pytest.raises(skiplith.ConflictError):
                t.commit()
            self.seen["conflicts"] += 1
            return
        t.commit()
        self.seen["transactions"] += bool(written)
        for key in written:
            self.model.pop(key, None)
            if key in own:
                self.model[key] = own[key]

    def step(self, t, own, written, is_read, what, *arguments):
        if what == "get":
            (key,) = arguments
            assert t.get(key) == own.get(key)
            if key not in written:
                is_read.append(lambda other: other == key)
        elif what == "put":
            key, own[key] = arguments
            t[key] = own[key]
            written.add(key)
        elif what == "delete":
            (key,) = arguments
            t.delete(key)
            own.pop(key, None)
            written.add(key)
        elif what == "count":
            start, stop = arguments
            assert t.count(start, stop) == sum(within(key, start, stop) for key in own)
            is_read.append(lambda other: within(other, start, stop))
        else:
            self.step_through(t, own, is_read, *arguments)

    def step_through(self, t, own, is_read, start, stop, most, reverse):
        """Hands out up to `most` items: all up to the last one is read."""
        expected = sorted((key for key in own if within(key, start, stop)), reverse=reverse)
        found = []
        keys = iter(t.keys(start, stop, reverse=reverse))
        for _ in range(most):
            key = next(keys, None)
            if key is None:
                is_read.append(lambda other: within(other, start, stop))
                break
            found.append(key)
        assert found == expected[:most]
        if found and reverse:
            is_read.append(lambda other: other >= found[-1] and within(other, start, stop))
        elif found:
            is_read.append(lambda other: other <= found[-1] and within(other, start, stop))


def within(key, start, stop):
    return (start is None or key >= start) and (stop is None or key < stop)


# The other memtables have their turns in the long form.
@pytest.mark.parametrize("memtable", ["art"])
def test_moments_behave_as_copies_of_a_dict(memtable):
    seen = run(
        memtable,
        "mapped",
        AgainstFrozenDicts,
        max_examples=40,
        stateful_step_count=40,
        derandomize=True,
    )
    assert seen["snapshots"] > 0
    assert seen["conflicts"] > 0
    assert seen["transactions"] > 0


@pytest.mark.slow_prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("memtable", ENGINES)
def test_moments_behave_as_copies_of_a_dict_in_many_runs(memtable):
    run(memtable, "mapped", AgainstFrozenDicts, max_examples=200, stateful_step_count=60)
