"""A signal handler that raises ends every long operation half-way."""

import gc
import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import skiplith

KEYS = [b"%06d" % n for n in range(300_000)]

# Each takes far longer than the signal does to arrive.
LONG: dict[str, Callable[[skiplith.DB], Any]] = {
    "len": len,
    "count": lambda db: db.count(b"0"),
    "list of items": lambda db: list(db.items()),
    "dict of items": lambda db: dict(db.items()),
    "in values": lambda db: b"missing" in db.values(),
    "get_many": lambda db: db.get_many(KEYS),
    "put_many": lambda db: db.put_many(zip(KEYS, KEYS, strict=True)),
    "delete_many": lambda db: db.delete_many(itertools.chain(KEYS, KEYS, KEYS)),
    "write_many": lambda db: db.write_many(zip(KEYS, KEYS, strict=True), batch_bytes=1000),
    "load": lambda db: db.load(zip(KEYS, KEYS, strict=True)),
}


class InterruptedHere(Exception):
    pass


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """An exception that a handler raises inside a collector's callback (test tools have some) is
    printed and dropped."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[skiplith.DB]:
    path: Path = tmp_path_factory.mktemp("large") / "db"
    with skiplith.open(path) as db:
        db.put_many(zip(KEYS, KEYS, strict=True))
        yield db


@pytest.mark.parametrize("name", LONG)
def test_long_work_is_interrupted(large: skiplith.DB, name: str) -> None:
    def interrupt(*_: object) -> None:
        raise InterruptedHere

    finished = False

    def work() -> None:
        nonlocal finished
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        LONG[name](large)
        finished = True  # with the signal handled only now, by the interpreter itself

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(InterruptedHere):
            work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not finished
    assert large[KEYS[0]] == KEYS[0]
    assert large.count() == len(KEYS)


def test_an_iterator_goes_on_after_an_interruption(large: skiplith.DB) -> None:
    """No item is lost: the signal is looked for before an item is taken."""
    seen: list[bytes] = []
    raised = 0
    keys = iter(large)

    def interrupt(*_: object) -> None:
        raise InterruptedHere

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        while len(seen) < len(KEYS):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.002)
                seen.extend(keys)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except InterruptedHere:
                raised += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen == KEYS
    assert raised >= 1
