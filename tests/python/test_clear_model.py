"""A model of snapshots and clear, small enough to try every interleaving.

What it says (cpp/db/snapshots.h, invariant 2): a clear holds the snapshot mutex from before it
takes its sequence until the emptied view is installed, and gives the snapshots that are registered
the view from before, first. Each way of doing less is seen to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest

State = dict[Any, Any]
Step = Callable[[State], bool]  # False: it has to wait


def every_end(start: State, threads: list[list[Step]]) -> Iterator[State | None]:
    """The states in which all threads are done, whatever the interleaving; None is a deadlock."""
    seen = set()
    todo = [{**start, "at": (0,) * len(threads)}]
    while todo:
        state = todo.pop()
        key = frozenset(state.items())
        if key in seen:
            continue
        seen.add(key)
        moved = False
        for number, steps in enumerate(threads):
            at = state["at"][number]
            if at == len(steps):
                continue
            following = dict(state)
            if steps[at](following):
                moved = True
                places = list(state["at"])
                places[number] += 1
                following["at"] = tuple(places)
                todo.append(following)
        if all(at == len(steps) for at, steps in zip(state["at"], threads, strict=True)):
            yield state
        elif not moved:
            yield None


def begin(operation: str) -> Step:
    def step(state: State) -> bool:
        state["before", operation] = state["done"]
        return True

    return step


def end(operation: str) -> Step:
    def step(state: State) -> bool:
        state["done"] |= {operation}
        return True

    return step


def put(operation: str, value: int) -> list[Step]:
    """One step: it holds its lane, and the clear takes all of them."""

    def write(state: State) -> bool:
        if state["exclusive"]:
            return False
        view = state["view"]
        state["chain", view] = ((state["next"], value), *state["chain", view])
        state["next"] += 1
        return True

    return [begin(operation), write, end(operation)]


def clear(*, mutex: bool, keep: str) -> list[Step]:
    def take_lanes(state: State) -> bool:
        state["exclusive"] = True
        return True

    def lock(state: State) -> bool:
        if state["mutex"]:
            return False
        state["mutex"] = True
        return True

    def take_sequence(state: State) -> bool:
        state["in flight"] = state["next"]
        state["next"] += 1
        return True

    def keep_view(state: State) -> bool:
        for snapshot in state["registered"]:
            state["kept", snapshot] = 0
        return True

    def install(state: State) -> bool:
        state["view"] = 1
        return True

    def let_go(state: State) -> bool:
        state["in flight"] = 0
        state["exclusive"] = False
        if mutex:
            state["mutex"] = False
        return True

    middle = {"before": [keep_view, install], "after": [install, keep_view], "no": [install]}[keep]
    locked = [lock] if mutex else []
    steps = [take_lanes, *locked, take_sequence, *middle, let_go]
    return [begin("clear"), *steps, end("clear")]


def snapshot(operation: str, reads: int) -> list[Step]:
    def lock(state: State) -> bool:
        if state["mutex"]:
            return False
        state["mutex"] = True
        return True

    def take_sequence(state: State) -> bool:
        state["sequence", operation] = state["next"] - 1
        return True

    def drain(state: State) -> bool:
        return not 0 < state["in flight"] <= state["sequence", operation]

    def register(state: State) -> bool:
        state["registered"] |= {operation}
        state["mutex"] = False
        return True

    def load_view(state: State) -> bool:
        state["loaded", operation] = state["view"]
        return True

    def read(state: State) -> bool:
        view = state.get(("kept", operation), state["loaded", operation])
        found = (value for at, value in state["chain", view] if at <= state["sequence", operation])
        state["read", operation] = (*state.get(("read", operation), ()), next(found, None))
        return True

    taken = [begin(operation), lock, take_sequence, drain, register, end(operation)]
    return taken + [load_view, read] * reads


def explained(state: State, values: dict[str, int], snapshots: list[str]) -> bool:
    """Is there one order, as real time has it, in which every snapshot reads what is there?"""
    operations = [*values, "clear", *snapshots]
    for order in permutations(operations):
        done: frozenset[str] = frozenset()
        now = None
        for operation in order:
            if not state["before", operation] <= done:
                break
            done |= {operation}
            if operation in snapshots:
                if any(value != now for value in state["read", operation]):
                    break
            else:
                now = values.get(operation)
        else:
            return True
    return False


def wrong_ends(*, mutex: bool, keep: str) -> int:
    start: State = {
        "next": 1,
        "view": 0,
        ("chain", 0): (),
        ("chain", 1): (),
        "mutex": False,
        "exclusive": False,
        "in flight": 0,
        "registered": frozenset(),
        "done": frozenset(),
    }
    wrong = 0
    for writes, reads in [([("one", 1), ("two", 2)], 2), ([("one", 1)], 3)]:
        writer = [step for name, value in writes for step in put(name, value)]
        snapshots = ["snapshot"] if len(writes) == 2 else ["snapshot", "later"]
        reader = [step for name in snapshots for step in snapshot(name, reads - len(snapshots) + 1)]
        threads = [writer, clear(mutex=mutex, keep=keep), reader]
        for state in every_end(start, threads):
            wrong += state is None or not explained(state, dict(writes), snapshots)
    return wrong


def test_snapshots_are_of_one_moment_whatever_a_clear_does():
    assert wrong_ends(mutex=True, keep="before") == 0


@pytest.mark.parametrize("keep", ["after", "no"])
def test_the_view_has_to_be_kept_before_the_emptied_one_is_seen(keep):
    assert wrong_ends(mutex=True, keep=keep) > 0


def test_no_snapshot_may_come_between_a_clears_sequence_and_its_view():
    assert wrong_ends(mutex=False, keep="before") > 0
