"""The pytest plugin keeps out of the way: of imports, of failures, of whoever does not use it."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import skiplith
import skiplith_pytest
from skiplith import lab


def test_the_tests_own_failure_is_shown_when_closing_fails_too(project):
    project.makepyfile(
        """
        import pytest
        from skiplith import lab

        @pytest.mark.skiplith(files=lab.faulty_files([lab.Fault("segment_finish")]))
        def test_it(kv):
            kv[b"k"] = b"v"
            assert kv[b"k"] == b"w", "as seen by the test"
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown*", "*StorageError*", "*as seen by the test*"])


def test_a_call_that_hangs_does_not_keep_the_report_from_coming(project, monkeypatch):
    """Closing waits for calls in flight; one of them never returns."""
    monkeypatch.setattr(skiplith_pytest, "_CLOSE_SECONDS", 0.05)
    project.makepyfile(
        """
        import threading
        import pytest
        from skiplith._core import sync_points

        @pytest.fixture(scope="module", autouse=True)
        def let_go():
            yield
            sync_points.reset()

        @pytest.mark.skiplith(gil="release")
        def test_it(kv, lab):
            global pause
            sync_points.arm()
            pause = sync_points.Pause("write_logged", 1)
            with pytest.raises(TimeoutError, match="race-0"):
                lab.race(lambda: kv.put(b"k", b"v"), lambda: pause.wait_reached(1, 60_000),
                         timeout=2)
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown*", "*TimeoutError: race-0 had not returned*"])


def test_the_marker_is_registered(project):
    listed = project.runpytest("--markers")
    listed.stdout.fnmatch_lines(["@pytest.mark.skiplith(threads=4, seed=0, ?*options): *"])


def test_it_can_be_switched_off(project):
    project.makepyfile("def test(kv): pass")
    result = project.runpytest("-p", "no:skiplith")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'kv' not found*"])


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [(["--collect-only"], False), (["-k", "without"], False), ([], True)],
)
def test_skiplith_is_imported_when_a_fixture_is_used_and_not_before(project, arguments, imported):
    project.makeconftest(
        """
        import sys

        def pytest_sessionfinish():
            print("imported:", {"skiplith", "skiplith._core"} <= sys.modules.keys(),
                  sorted(name for name in sys.modules if name.startswith("skiplith")))
        """
    )
    project.makepyfile(
        """
        import pytest

        @pytest.mark.skiplith(threads=[1, 2])
        def test_with(kv): pass

        def test_without(): pass
        """
    )
    result = project.runpytest_subprocess("-s", *arguments)
    assert result.ret == 0
    only = "" if imported else " ['skiplith_pytest']"
    result.stdout.fnmatch_lines([f"*imported: {imported}{only.replace('[', '[[]')}*"])


def test_the_plugin_itself_imports_pytest_and_the_standard_library_only():
    program = "import pytest, sys; before = {*sys.modules}; import skiplith_pytest; "
    program += "print(*{name.split('.')[0] for name in {*sys.modules} - before})"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert {*run.stdout.decode().split()} - {*sys.stdlib_module_names} == {"skiplith_pytest"}


def test_the_options_known_at_collection_are_those_of_open():
    options = inspect.signature(skiplith.open).parameters.values()
    assert [o.name for o in options if o.kind is o.KEYWORD_ONLY] == [*skiplith_pytest._OPTIONS]


def test_what_is_installed_is_what_is_here():
    """It lies beside the package, where an editable installation keeps a copy."""
    source = Path(__file__).resolve().parents[2] / "python" / "skiplith_pytest.py"
    assert Path(skiplith_pytest.__file__).read_text() == source.read_text()


def test_the_defaults_are_the_labs_own():
    own = inspect.signature(lab.workload).parameters
    for name, default in skiplith_pytest._DEFAULTS.items():
        assert own[name].default == default
