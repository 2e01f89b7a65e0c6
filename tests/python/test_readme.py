"""The README says what is true: its snippets run, its tables agree with the package."""

import builtins
import inspect
import re
from pathlib import Path

import skiplith

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def section(title):
    """The text from a heading to the next of the same depth."""
    begin = README.index(f"\n## {title}\n")
    return README[begin : README.find("\n## ", begin + 1)]


def rows(text):
    """The cells of every row of a table, its head left out."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in lines[2:]]


def code(cell):
    return re.fullmatch(r"`(.*)`", cell)[1]


def snippets(of_tests):
    """The README's Python, each with empty lines before it so that a failure names its line."""
    for snippet in re.finditer(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE):
        if ("def test_" in snippet[1]) == of_tests:
            yield "\n" * README.count("\n", 0, snippet.start(1)) + snippet[1]


def test_the_snippets_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    sources = list(snippets(of_tests=False))
    assert len(sources) > 5
    for source in sources:
        exec(compile(source, ROOT / "README.md", "exec"), names)


def test_the_snippets_that_are_tests_pass(project):
    for number, source in enumerate(snippets(of_tests=True)):
        (project.path / f"test_snippet_{number}.py").write_text(source)
    project.runpytest().assert_outcomes(passed=6)


def test_options_and_defaults_are_the_actual_ones():
    documented = {code(name): code(default) for name, default, _ in rows(section("Options"))}
    actual = {
        name: str(parameter.default).join('""' if isinstance(parameter.default, str) else ["", ""])
        for name, parameter in inspect.signature(skiplith.open).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert documented == actual


def test_errors_are_the_actual_ones():
    documented = {}
    for name, also, _ in rows(section("Errors")):
        documented[code(name).removeprefix("skiplith.")] = also
    actual = {
        name
        for name, value in vars(skiplith).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert set(documented) <= actual
    for name, also in documented.items():
        error = getattr(skiplith, name)
        assert issubclass(error, skiplith.Error)
        assert error.__doc__
        if also:
            assert issubclass(error, getattr(builtins, code(also)))


def test_every_make_target_and_file_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake ([a-z]+)", README):
        assert re.search(rf"^{target}\b.*:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link
