"""What the benchmarks say about their figures; nothing is measured here."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MET = 'Row("puts", 6.5, ">=", 6), Row("p99.99", 0.4, "<=", 0.5)'
MISSED = 'Row("gets", 1.49, ">=", 1.5), Row("one put", 130, "<=", 120, "ns")'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two programs that end as all do, one that fails, and what runs them."""
    for name in ("rows.py", "bench.py"):
        (tmp_path / "benchmarks").mkdir(exist_ok=True)
        shutil.copy(BENCHMARKS / name, tmp_path / "benchmarks")
    for name, rows in (("met", MET), ("missed", MISSED), ("broken", "1 / 0")):
        program = (
            f"import sys; from rows import Row, report; sys.exit(report([{rows}], '{name}_rows'))"
        )
        (tmp_path / "benchmarks" / f"{name}.py").write_text(program)
    return tmp_path


def run(folder: Path, *command: str) -> tuple[int, list[list[str]]]:
    """Exit status, and the words of each line."""
    program = [sys.executable, f"benchmarks/{command[0]}", *command[1:]]
    done = subprocess.run(program, cwd=folder, text=True, stdout=subprocess.PIPE, timeout=60)
    return done.returncode, [line.split() for line in done.stdout.splitlines() if line]


def test_a_row_that_is_met_says_ok(folder: Path) -> None:
    status, lines = run(folder, "met.py")
    assert status == 0
    assert lines == [["puts", "6.50x", ">=", "6x", "OK"], ["p99.99", "0.40x", "<=", "0.5x", "OK"]]


def test_a_missed_row_says_miss_and_exits_with_status_1(folder: Path) -> None:
    status, lines = run(folder, "missed.py")
    assert status == 1
    assert lines[0] == ["gets", "1.49x", ">=", "1.5x", "MISS"]
    assert lines[1] == ["one", "put", "130", "ns", "<=", "120", "ns", "MISS"]


def test_rows_are_left_in_a_file(folder: Path) -> None:
    run(folder, "met.py")
    with (folder / "build/bench/met_rows.csv").open(newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == ["OK", "OK"]


def test_all_programs_rows_are_one_table_at_the_end(folder: Path) -> None:
    status, lines = run(folder, "bench.py", "met", "missed")
    assert status == 1
    assert [line[-1] for line in lines[-4:]] == ["OK", "OK", "MISS", "MISS"]
    assert run(folder, "bench.py", "met")[0] == 0


def test_a_program_that_fails_is_missed_whatever_it_left_before(folder: Path) -> None:
    (folder / "build/bench").mkdir(parents=True)
    (folder / "build/bench/broken_rows.csv").write_text("row,figure,promise,verdict\na,1x,1x,OK\n")
    status, lines = run(folder, "bench.py", "broken", "met")
    assert status == 1
    assert lines[-3] == ["broken.py", "no", "figure", "MISS"]


def test_bench_runs_programs_that_are_there() -> None:
    code = "import bench; print(*bench.PROGRAMS)"
    found = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, stdout=subprocess.PIPE)
    assert all((BENCHMARKS / f"{name}.py").exists() for name in found.stdout.decode().split())


def test_without_the_other_stores_only_they_are_missing(tmp_path: Path) -> None:
    code = """if True:
        import sys
        sys.modules.update(dict.fromkeys(("plyvel", "lmdb", "rocksdict", "matplotlib")))
        import run, tail, recovery, settled, compare, stores
        for name in ("skiplith", "skiplith, skiplist", "sqlite3", "dict"):
            store = stores.STORES[name](sys.argv[1])
            store.put(b"a", b"1")
            store.put_many([(b"b", b"2"), (b"c", b"3")])
            store.finish()
            assert [store.reader()(key) for key in (b"a", b"c", b"x")] == [b"1", b"3", None]
            store.close()
            sys.argv[1] += "1"
            __import__("os").mkdir(sys.argv[1])
        """
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=BENCHMARKS, check=True)
