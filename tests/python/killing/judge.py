"""Whether a reopened database may look as it does. Knows nothing of databases."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from killing.work import COUNTER, Write


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise."""

    kind: str  # lost, torn, wrong, invented, counter
    key: bytes
    detail: str


def judge(
    before: Mapping[bytes, bytes],
    acknowledged: Iterable[Write],
    in_flight: Iterable[Write],
    found: Mapping[bytes, bytes],
) -> list[Problem]:
    """Everything that is wrong with `found`; nothing: an empty list.

    `before` is what was there when the writers began. `acknowledged` are the writes that
    returned, those of one writer in its order. `in_flight` are those that had perhaps begun and
    not returned, at most one a writer; different writers have different keys.
    """
    expected = dict(before)
    counter_least = _count(expected.pop(COUNTER, b""))
    for write in acknowledged:
        _apply(write, expected)
        counter_least += write.increment
    counter_most = counter_least

    problems = []
    for write in in_flight:
        seen = {k for k, v in write.changes.items() if expected.get(k) != v}
        applied = {k for k in seen if found.get(k) == write.changes[k]}
        # Where the keys tell whether it happened, its increment happened too, or did not.
        if applied or not seen:
            counter_most += write.increment
        if applied:
            counter_least += write.increment
        if applied == seen:
            _apply(write, expected)
        elif applied:
            detail = f"{len(applied)} of {len(seen)} changes"
            problems.append(Problem("torn", min(applied), detail))
            _apply(Write({k: write.changes[k] for k in applied}), expected)

    for key, value in expected.items():
        if key not in found:
            problems.append(Problem("lost", key, f"expected {value[:40]!r}"))
        elif found[key] != value:
            detail = f"expected {value[:40]!r}, found {found[key][:40]!r}"
            problems.append(Problem("wrong", key, detail))
    for key in found.keys() - expected.keys() - {COUNTER}:
        problems.append(Problem("invented", key, f"found {found[key][:40]!r}"))
    counter = _count(found.get(COUNTER, b""))
    if not counter_least <= counter <= counter_most:
        detail = f"{counter} is not within {counter_least} and {counter_most}"
        problems.append(Problem("counter", COUNTER, detail))
    return problems


def _apply(write: Write, state: dict[bytes, bytes]) -> None:
    for key, value in write.changes.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


def _count(encoded: bytes) -> int:
    return int.from_bytes(encoded, "little", signed=True)
