"""The demo's parts, on a few files instead of a whole library."""

import re
import subprocess
import sys

import pytest
import skiplith

pytest.importorskip("rich")
typer = pytest.importorskip("typer")

from skiplith import _demo_crash as crash  # noqa: E402
from skiplith import _demo_words as words  # noqa: E402
from skiplith import demo  # noqa: E402

LIBRARY = words.library()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A small library: two packages of the real one."""
    root = tmp_path_factory.mktemp("library")
    for package in ("json", "email"):
        (root / package).mkdir()
        for file in (LIBRARY / package).glob("*.py"):
            (root / package / file.name).write_bytes(file.read_bytes())
    (root / "site-packages").mkdir()
    (root / "site-packages" / "installed.py").write_text("not = ours")
    return root


@pytest.fixture
def chosen(root):
    return words.sources(root)


def test_every_word_of_every_line_is_a_record(tmp_path):
    file = tmp_path / "a.py"
    file.write_bytes(b"  x = y + x  # caf\xc3\xa9\n\ny2 = _z(1)\n")
    (source,) = words.sources(tmp_path)
    assert source == words.Source(file, b"a.py", file.stat().st_size)
    first, third = b"x = y + x  # caf\xc3\xa9", b"y2 = _z(1)"
    assert words.records(source) == {
        b"x\0a.py\0\0\0\0\x01": first,
        b"y\0a.py\0\0\0\0\x01": first,
        b"caf\xc3\xa9\0a.py\0\0\0\0\x01": first,
        b"y2\0a.py\0\0\0\0\x03": third,
        b"_z\0a.py\0\0\0\0\x03": third,
    }


def test_the_library_is_found_without_what_was_installed_into_it(chosen):
    assert len(words.sources(LIBRARY)) > 500
    assert {source.path.parent.name for source in chosen} == {"json", "email"}


def test_the_index_knows_where_a_word_occurs(tmp_path, chosen):
    with skiplith.open(tmp_path / "db") as db:
        done = list(words.index(db, chosen, threads=3))
        found = [(place.name, place.line, place.text) for place in words.places(db, "loads")]
        assert db.count() == sum(records for _, records, _ in done)
    assert [position for position, _, _ in done] == list(range(len(chosen)))
    expected = [
        (source.name.decode(), number, line.strip())
        for source in chosen
        for number, line in enumerate(source.path.read_text().splitlines(), start=1)
        if re.search(r"\bloads\b", line)
    ]
    assert found == expected
    assert len(found) > 3


def test_what_a_killed_child_acknowledged_is_there(tmp_path, root, chosen):
    progress = []
    acknowledged = crash.killed_half_way(tmp_path / "db", root, 3, progress.append)
    assert 0 < len(acknowledged) <= len(chosen)
    assert progress[-1] == sum(source.size_bytes for source in chosen) // 2
    with skiplith.open(tmp_path / "db", "w") as db:
        verdict = crash.check(db, chosen, acknowledged, 3)
    assert verdict.acknowledged > 0
    assert (verdict.lost, verdict.torn, verdict.strays) == (0, 0, 0)


def test_a_child_that_fails_is_reported(tmp_path, root, capfd):
    (tmp_path / "db").write_text("a file in the way")
    with pytest.raises(crash.ChildError, match="status 1"):
        crash.killed_half_way(tmp_path / "db", root, 3, print)
    assert "Error" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda db, mine, _: db.delete(mine), {"lost": 1}),
        (lambda db, mine, _: db.put(mine, b"other"), {"lost": 1, "strays": 1}),
        (lambda db, _, other: db.put(*other), {"torn": 1}),
        (lambda db, *_: db.put(b"never", b"written"), {"strays": 1}),
        (lambda *_: None, {}),
    ],
)
def test_the_check_sees_planted_damage(tmp_path, chosen, damage, expected):
    with skiplith.open(tmp_path / "db") as db:
        pairs = words.records(chosen[0])
        db.put_many(pairs)
        damage(db, next(iter(pairs)), next(iter(words.records(chosen[1]).items())))
        verdict = crash.check(db, chosen, {0}, threads=2)
    found = {name: getattr(verdict, name) for name in ("lost", "torn", "strays")}
    assert found == {"lost": 0, "torn": 0, "strays": 0} | expected


def test_the_whole_demo_without_a_terminal(tmp_path, root, capsys):
    assert demo.run(tmp_path, threads=2, word="loads", shown=2, root=root) == 0
    output = capsys.readouterr().out
    assert "loads occurs on" in output
    assert output.count("json/__init__.py:") == 2
    assert re.search(r"acknowledged and lost *│ *0 ", output)
    assert "\x1b" not in output
    assert {path.name for path in tmp_path.iterdir()} == {"index", "killed"}


def run_cli(*arguments, before="pass"):
    program = f"import sys; {before}; from skiplith.cli import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_explains_itself():
    shown = run_cli("demo", "--help")
    assert shown.returncode == 0
    for option in ("--threads", "--word", "DIRECTORY"):
        assert option in shown.stdout


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_the_command_says_what_to_install(missing):
    shown = run_cli("demo", before=f"sys.modules['{missing}'] = None")
    assert shown.returncode == 1
    assert shown.stderr == (
        f"skiplith: {missing} is missing; install it: pip install 'skiplith[cli]'\n"
    )
