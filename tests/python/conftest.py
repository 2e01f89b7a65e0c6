"""Fixtures shared by the tests of the Python package."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import skiplith
from skiplith._core import sync_points as points


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's database lies; nothing is there yet."""
    return tmp_path / "db"


@pytest.fixture
def db(path: Path) -> Iterator[skiplith.DB]:
    """A fresh database, closed at the end of the test."""
    with skiplith.open(path) as db:
        yield db


@pytest.fixture
def sync_points() -> Iterator[object]:
    """The engine's named places, counting from zero; disarmed at the end of the test."""
    points.arm()
    yield points
    points.reset()


@pytest.fixture
def unchanged(tmp_path: Path) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """A context manager: every file under tmp_path has the same content after its block."""

    def contents() -> dict[Path, str]:
        return {
            file: hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "folder"
            for file in sorted(tmp_path.rglob("*"))
        }

    @contextlib.contextmanager
    def check() -> Iterator[None]:
        before = contents()
        assert before
        yield
        assert contents() == before

    return check


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A user's project, as strict as it may be; what is ignored comes of pytest inside pytest."""
    pytester.makeini(
        """
        [pytest]
        addopts = --strict-markers --strict-config -p no:hypothesispytest
        filterwarnings =
            error
            ignore:.*cannot be rewritten; skiplith:pytest.PytestAssertRewriteWarning
            ignore:.*_editable_skbc_skiplith:pytest.PytestAssertRewriteWarning
        """
    )
    return pytester
