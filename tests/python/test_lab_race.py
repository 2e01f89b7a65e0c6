"""lab.race: several threads from one start, and one shape for whatever they raise."""

import threading
import time

import pytest
from skiplith import lab


def fail(error):
    raise error


def test_results_come_in_order():
    first_last = threading.Event()

    def slow():
        assert first_last.wait(60)
        return "slow"

    def quick():
        first_last.set()
        return "quick"

    assert lab.race(slow, quick) == ["slow", "quick"]
    assert lab.race() == []


def test_all_start_before_the_first_call_begins(monkeypatch):
    """However long it takes to start them: a call that does not wait is given time to begin."""
    start, started, begun = threading.Thread.start, [], threading.Event()

    def start_slowly(thread):
        start(thread)
        begun.wait(0.05)
        started.append(thread)

    def begin():
        begun.set()
        return len(started)

    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    assert lab.race(*[begin] * 4) == [4] * 4


def test_all_run_at_once():
    inside = threading.Barrier(8)
    arrived = lab.race(*[lambda: inside.wait(60)] * 8)
    assert sorted(arrived) == list(range(8))


def test_each_runs_on_a_thread_of_its_own():
    inside = threading.Barrier(3)

    def ident():
        inside.wait(60)  # an ident is not given twice while its thread lives
        return threading.get_ident()

    assert len({threading.get_ident(), *lab.race(*[ident] * 3)}) == 4


def test_one_failure_is_a_group_of_one():
    error = ValueError("first")
    with pytest.raises(ExceptionGroup) as raised:
        lab.race(lambda: fail(error), lambda: 1)
    assert raised.value.exceptions == (error,)
    assert "1 of 2" in str(raised.value)
    assert error.__notes__ == ["raised by callable 0 of the race"]


def test_several_failures_are_one_group_in_order():
    errors = [ValueError("first"), KeyError("second")]
    with pytest.raises(ExceptionGroup) as raised:
        lab.race(lambda: fail(errors[0]), lambda: 1, lambda: fail(errors[1]))
    assert raised.value.exceptions == tuple(errors)


def test_what_is_no_exception_comes_in_a_base_exception_group():
    with pytest.raises(BaseExceptionGroup) as raised:
        lab.race(lambda: fail(SystemExit(3)), lambda: fail(ValueError()))
    assert not isinstance(raised.value, ExceptionGroup)
    assert [type(error) for error in raised.value.exceptions] == [SystemExit, ValueError]


@pytest.fixture
def released():
    """What a thread may hang on; it goes on after the test."""
    event = threading.Event()
    yield event
    event.set()


def test_a_timeout_shows_the_stacks_of_all_threads(released):
    def hang_somewhere():
        released.wait()

    def bystander():
        released.wait()

    other = threading.Thread(target=bystander, name="not in the race", daemon=True)
    other.start()
    with pytest.raises(TimeoutError) as raised:
        lab.race(hang_somewhere, lambda: 1, timeout=0.01)
    text = str(raised.value)
    for shown in (
        "race-0",
        "in hang_somewhere",
        "Thread not in the race",
        "in bystander",
        "MainThread",
        "in test_a_timeout_shows_the_stacks_of_all_threads",
    ):
        assert shown in text
    assert raised.value.__cause__ is None


def test_a_timeout_tells_what_the_others_have_raised(released):
    """A thread that waits for one that failed must not hide why that one did."""
    error = ValueError("the reason")
    with pytest.raises(TimeoutError) as raised:
        lab.race(lambda: fail(error), released.wait, timeout=2)
    assert isinstance(raised.value.__cause__, ExceptionGroup)
    assert raised.value.__cause__.exceptions == (error,)
    assert "race-0" not in str(raised.value).split(";")[0]


def test_threads_left_behind_are_daemons(released):
    with pytest.raises(TimeoutError):
        lab.race(released.wait, timeout=0.01)
    left = [thread for thread in threading.enumerate() if thread.name.startswith("race-")]
    assert left
    assert all(thread.daemon for thread in left)
    released.set()
    for thread in left:
        thread.join(60)
        assert not thread.is_alive()


def test_without_a_timeout_it_waits(monkeypatch):
    """Time that leaps ahead would end every timeout."""
    leaps = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(leaps)))
    inside = threading.Barrier(2)
    assert sorted(lab.race(inside.wait, inside.wait, timeout=None)) == [0, 1]


def test_a_start_that_fails_is_raised_and_leaves_no_thread(monkeypatch):
    """Where the system has no more threads, those already started must not wait for the others."""
    start, started = threading.Thread.start, []

    def start_two(thread):
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    called = []
    with pytest.raises(RuntimeError, match="can't start"):
        lab.race(*[lambda: called.append(1)] * 4)
    for thread in started:
        thread.join(60)
        assert not thread.is_alive()
    assert called == []
