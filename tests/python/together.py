"""Several threads at once, for tests."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def together(*functions: Callable[[], Any]) -> list[Any]:
    """Runs each on its own thread, all from one start; their results in order.

    What one of them raises is raised; several at once as an ExceptionGroup.
    """
    start = threading.Barrier(len(functions))

    def run(function: Callable[[], Any]) -> Any:
        start.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(run, function) for function in functions]
    failures = [error for future in futures if (error := future.exception()) is not None]
    if len(failures) > 1:
        raise BaseExceptionGroup("several threads failed", failures)
    return [future.result() for future in futures]


def times(count: int, function: Callable[[int], Any]) -> list[Any]:
    """together(), for `count` threads that differ by their number."""
    return together(*(lambda number=number: function(number) for number in range(count)))
