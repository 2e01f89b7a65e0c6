"""The pytest plugin: fixtures and a marker for experiments with several threads.

    @pytest.mark.skiplith(threads=[1, 4], memtable=["skiplist", "mutex_map"], seed=3)
    def test_counts(kv, lab):
        lab.race(*[lambda: kv.increment(b"n")] * lab.threads)
        assert int.from_bytes(kv[b"n"], "little") == lab.threads

* `kv` is a fresh `skiplith.DB` below `tmp_path`, closed at the end of the test.
* `lab` is everything in `skiplith.lab`, with `lab.threads` (4) and `lab.seed` (0).
* The marker gives `threads`, `seed` and the options that `kv` is opened with. A list is a
  parameter: the test runs once for each of its values, and for each combination of several lists.
  Anything else is one value, a tuple too: `compression=("none", "zstd")` is one compression for
  each level, `compression=["none", "zstd"]` is two runs. On a class or a module it is for all
  tests there that use a fixture of the two; the nearest marker decides, option by option.

Nothing but pytest is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import skiplith
    from skiplith.lab import Lab

_DEFAULTS: Mapping[str, int] = {"threads": 4, "seed": 0}

# Of skiplith.open, which may not be asked yet; a test compares.
_OPTIONS = (
    "sync",
    "sync_interval_ms",
    "wal",
    "wal_sink",
    "memtable",
    "memtable_bytes",
    "cache_bytes",
    "compression",
    "filter_bits",
    "compaction",
    "gil",
    "files",
)

_CLOSE_SECONDS = 60.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "skiplith(threads=4, seed=0, **options): of the fixtures kv and lab; a list runs the test "
        "with each of its values",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "_skiplith_case" not in metafunc.fixturenames:
        return
    lists = {n: v for n, v in _marked(metafunc.definition).items() if isinstance(v, list)}
    if lists:
        names = [[f"{name}={_shown(v, n)}" for n, v in enumerate(lists[name])] for name in lists]
        metafunc.parametrize(
            "_skiplith_case",
            [dict(zip(lists, values, strict=True)) for values in product(*lists.values())],
            indirect=True,
            ids=["-".join(parts) for parts in product(*names)],
        )


def _shown(value: object, place: int) -> str:
    """A value in a test's id: the same in every process, so what has no plain text is counted."""
    if isinstance(value, (list, tuple)):
        return ",".join(_shown(part, n) for n, part in enumerate(value))
    return str(value) if isinstance(value, (str, int, float, type(None))) else str(place)


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, its own before its class's before its module's."""
    merged: dict[str, Any] = {}
    for place, marker in node.iter_markers_with_node("skiplith"):
        if mistake := _mistake(marker):
            pytest.fail(f"the marker skiplith of {place.nodeid}: {mistake}", pytrace=False)
        for name, value in marker.kwargs.items():
            merged.setdefault(name, value)
    return merged


def _mistake(marker: pytest.Mark) -> str | None:
    if marker.args:
        return f"the value {marker.args[0]!r} needs a name"
    for name, value in marker.kwargs.items():
        if name not in _OPTIONS and name not in _DEFAULTS:
            return f"unknown option {name!r}"
        for number in value if isinstance(value, list) else [value]:
            if name in _DEFAULTS and type(number) is not int:
                return f"{name} must be a whole number, not {number!r}"
            if name == "threads" and number < 1:
                return f"threads must be at least 1, not {number}"
    return None


@pytest.fixture
def _skiplith_case(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the marker says for this run of the test."""
    marked, chosen = _marked(request.node), getattr(request, "param", {})
    if lists := [name for name in marked if isinstance(marked[name], list) and name not in chosen]:
        pytest.fail(
            f"the marker skiplith has a list for {', '.join(lists)}, but the test does not run "
            "once for each value: it takes neither kv nor lab as an argument, or was marked after "
            "its collection",
            pytrace=False,
        )
    return {**_DEFAULTS, **marked, **chosen}


@pytest.fixture
def kv(tmp_path: Path, _skiplith_case: dict[str, Any]) -> Iterator[skiplith.DB]:
    """A fresh skiplith.DB below tmp_path, opened with the marker's options; closed at the end."""
    import skiplith.lab

    options = {name: value for name, value in _skiplith_case.items() if name not in _DEFAULTS}
    db = skiplith.open(tmp_path / "kv", **options)
    yield db
    # Closing waits for calls in flight. A thread that hangs in one is what such a test is there to
    # find, and its report must come out.
    skiplith.lab.race(db.close, timeout=_CLOSE_SECONDS)


@pytest.fixture
def lab(_skiplith_case: dict[str, Any]) -> Lab:
    """All of skiplith.lab, with the marker's threads and seed; see skiplith.lab.Lab."""
    from skiplith.lab import Lab

    return Lab(threads=_skiplith_case["threads"], seed=_skiplith_case["seed"])
