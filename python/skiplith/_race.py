"""Several callables at once, each on its own thread, from one start."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def race(*callables: Callable[[], _Result], timeout: float | None = 60.0) -> list[_Result]:
    """Calls each on a thread of its own, all from one start; their results in order.

    The threads wait for each other before the first call begins. `timeout`, in seconds, is for all
    of them together; None waits as long as it takes.

    Raises an ExceptionGroup of whatever was raised, be it one exception or several, with a note on
    each that says which callable it came from; a BaseExceptionGroup where one is no Exception.
    Raises TimeoutError when not all have returned in time: its text has the stack of every thread,
    its cause is the group of what the others had raised by then. The threads left behind are
    daemons: they go on, and do not keep the interpreter from ending.

    >>> with skiplith.open("data") as db:
    ...     lab.race(lambda: db.increment(b"n") > 0, lambda: db.increment(b"n") > 0)
    [True, True]
    """
    start = threading.Barrier(len(callables) + 1)
    results: dict[int, _Result] = {}
    failures: dict[int, BaseException] = {}

    def run(number: int, function: Callable[[], _Result]) -> None:
        try:
            start.wait()
        except threading.BrokenBarrierError:
            return  # there was no common start, and whoever saw why has raised it
        try:
            results[number] = function()
        except BaseException as error:
            error.add_note(f"raised by callable {number} of the race")
            failures[number] = error

    threads = [
        threading.Thread(target=run, args=(n, function), name=f"race-{n}", daemon=True)
        for n, function in enumerate(callables)
    ]
    try:
        for thread in threads:
            thread.start()
        start.wait()
    except BaseException:
        start.abort()
        raise
    unfinished = _join(threads, timeout)
    failed = None
    if failures:
        raised = [failures[n] for n in sorted(failures.copy())]
        failed = BaseExceptionGroup(f"{len(raised)} of {len(threads)} callables failed", raised)
    if unfinished:
        late = ", ".join(thread.name for thread in unfinished)
        text = f"{late} had not returned after {timeout} s; all threads:\n\n{_stacks()}"
        raise TimeoutError(text) from failed
    if failed:
        raise failed
    return [results[n] for n in range(len(threads))]


def _join(threads: list[threading.Thread], timeout: float | None) -> list[threading.Thread]:
    """Waits for all of them, `timeout` seconds at most; those that were not done."""
    deadline = None if timeout is None else time.monotonic() + timeout
    for thread in threads:
        thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
    return [thread for thread in threads if thread.is_alive()]


def _stacks() -> str:
    """What every thread of the process is doing, as text."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"Thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()
    )
