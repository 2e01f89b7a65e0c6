"""The house rules hold in this tree, and each is seen to fail on a violation planted elsewhere."""

from pathlib import Path

import pytest
from house import rules
from house.rules import RULES, Rule
from house.tree import cpp_files, folder_of

ROOT = Path(__file__).resolve().parents[2]

# Each would break the rule it plants itself against, were it written out in this file.
NOTE = "TO" + "DO"
SKIP = "@pytest.mark" + ".skip"
DISABLED_TEST = "TEST(Arena, DIS" + "ABLED_Grows) {}"

BROKEN: list[tuple[Rule, str, str]] = [
    (rules.folders_include_only_lower_floors, "cpp/io/a.h", '#include "mem/arena.h"'),
    (rules.folders_include_only_lower_floors, "cpp/io/a.h", "#include <mem/arena.h>"),
    (rules.folders_include_only_lower_floors, "cpp/wal/a.h", '#include "mem/arena.h"'),
    (rules.folders_include_only_lower_floors, "cpp/lab/a.h", '#include "bindings/db.h"'),
    (rules.folders_include_only_lower_floors, "cpp/io/a.h", '#include "../mem/arena.h"'),
    (rules.folders_include_only_lower_floors, "cpp/io/a.h", '#include "files.h"'),
    (rules.folders_include_only_lower_floors, "cpp/attic/a.h", ""),
    (rules.folders_include_only_lower_floors, "cpp/a.h", ""),
    (rules.only_base_and_io_call_the_system, "cpp/mem/a.cc", "#include <unistd.h>"),
    (rules.only_base_and_io_call_the_system, "cpp/wal/a.cc", "#include <sys/mman.h>"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "#include <mutex>"),
    (rules.only_base_and_io_call_the_system, "cpp/bindings/a.cc", "#include <chrono>"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "std::this_thread::yield();"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "int f = ::open(path, 0);"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "if (::close(f) != 0) {"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "if (fdatasync(f) != 0) return;"),
    (rules.only_bindings_see_python, "cpp/db/a.h", "#include <Python.h>"),
    (rules.only_bindings_see_python, "tests/cpp/a_test.cc", "#include <pybind11/pybind11.h>"),
    (rules.only_bindings_see_python, "cpp/db/a.h", "struct PyObject* object;"),
    (rules.memory_orders_have_reasons, "cpp/mem/a.h", "x.load(std::memory_order_relaxed);"),
    (rules.memory_orders_have_reasons, "cpp/mem/a.h", "x.load(std::memory_order::relaxed);"),
    (
        rules.memory_orders_have_reasons,
        "cpp/mem/a.h",
        "// order: acquire\nint y;\nx.load(std::memory_order_acquire);",
    ),
    (
        rules.memory_orders_have_reasons,
        "cpp/mem/a.h",
        "// order:\nx.load(std::memory_order_acquire);",
    ),
    (rules.no_standalone_fences, "cpp/base/a.h", "std::atomic_thread_fence(order);"),
    (rules.files_are_short, "cpp/base/a.cc", "\n" * 401),
    (rules.files_are_short, "tests/python/test_a.py", "\n" * 401),
    (rules.no_parked_code, "cpp/base/a.cc", "#if 0\nint x;\n#endif"),
    (rules.no_parked_code, "cpp/base/a.cc", f"// {NOTE}: later"),
    (rules.no_parked_code, "Makefile", f"# {NOTE}: later"),
    (rules.no_parked_code, "cpp/base/a.cc", "// return find(key);"),
    (rules.no_parked_code, "cpp/base/a.cc", "int y;  // x = y + 1;"),
    (rules.no_parked_code, "cpp/base/a.cc", "/* why\n * erase(key);\n */"),
    (rules.no_parked_code, "cpp/base/a.cc", "// if (key.empty()) {"),
    (rules.no_parked_code, "cpp/base/a.cc", "// }"),
    (rules.no_parked_code, "cpp/base/a.cc", "  // ++x;"),
    (rules.no_parked_code, "cpp/base/a.cc", "  // x->next(y);"),
    (rules.no_parked_code, "tests/cpp/a_test.cc", DISABLED_TEST),
    (rules.no_parked_code, "tests/python/test_a.py", f"{SKIP}\ndef test_a(): ..."),
    (rules.every_source_is_built, "cpp/attic/a.cc", ""),
    (rules.every_source_is_built, "cpp/base/deeper/a.cc", ""),
    (rules.every_source_is_built, "tests/cpp/arena.cc", ""),
    (rules.every_source_is_built, "benchmarks/a_bench.cc", ""),
    (rules.headers_are_included_once, "cpp/base/a.h", "int x;"),
    (rules.documents_name_real_files, "README.md", "See `cpp/base/gone.h`."),
    (rules.documents_name_real_files, "cpp/DESIGN.md", "See `base/gone.cc`."),
    (rules.documents_name_real_files, "cpp/DESIGN.md", "See `../../outside.md`."),
    (rules.no_paths_of_one_machine, "README.md", "cd /ro" + "ot/skiplith"),
]

KEPT: list[tuple[Rule, str, str]] = [
    (rules.folders_include_only_lower_floors, "cpp/io/a.h", '#include "io/files.h"'),
    (rules.folders_include_only_lower_floors, "cpp/db/a.h", '#include "mem/arena.h"'),
    (rules.folders_include_only_lower_floors, "cpp/io/a.h", "#include <sys/mman.h>"),
    (rules.only_base_and_io_call_the_system, "cpp/base/a.cc", "#include <unistd.h>"),
    (rules.only_base_and_io_call_the_system, "cpp/io/a.cc", "int f = ::open(path, 0);"),
    (rules.only_base_and_io_call_the_system, "tests/cpp/a_test.cc", "#include <thread>"),
    (rules.only_base_and_io_call_the_system, "cpp/lab/a.cc", "#include <thread>"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "Status s = Db::open(path);"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "// no ::open( here: <mutex>"),
    (rules.only_base_and_io_call_the_system, "cpp/db/a.cc", "file->close();"),
    (rules.only_bindings_see_python, "cpp/bindings/a.h", "#include <Python.h>"),
    (rules.memory_orders_have_reasons, "cpp/base/a.h", "x.load(std::memory_order_relaxed);"),
    (
        rules.memory_orders_have_reasons,
        "cpp/mem/a.h",
        "x.load(std::memory_order_relaxed);  // order: a hint only",
    ),
    (
        rules.memory_orders_have_reasons,
        "cpp/mem/a.h",
        "// order: a reader of the link sees the node,\n// whole\n"
        "x.exchange(n, std::memory_order_release,\n  std::memory_order_relaxed);",
    ),
    (rules.files_are_short, "cpp/base/a.cc", "\n" * 400),
    (rules.no_parked_code, "cpp/base/a.cc", "// the leader drains, then syncs;\n// see wal"),
    (rules.no_parked_code, "cpp/base/a.cc", "// true, and then calls notify();\n// {a, b}"),
    (rules.no_parked_code, "cpp/base/a.cc", "// Use:\n//   Reader reader(payload);"),
    (rules.no_parked_code, "cpp/base/a.cc", 'log("// x = 1;");  // a word (or two)'),
    (rules.no_parked_code, "tests/python/test_a.py", f"{SKIP}if(1 > 0, reason='')"),
    (rules.every_source_is_built, "tests/cpp/arena_test.cc", ""),
    (rules.every_source_is_built, "tests/cpp/support/a.cc", ""),
    (rules.headers_are_included_once, "cpp/base/a.h", "#pragma once\n"),
    (rules.documents_name_real_files, "cpp/DESIGN.md", "See `DESIGN.md`, `cpp/DESIGN.md`."),
    (rules.no_paths_of_one_machine, "README.md", "cd ~/src && ls $HOME/work/x /usr/lib"),
]


def plant(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def name_of(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_rule_holds(rule: Rule) -> None:
    violations = list(rule(ROOT))
    assert not violations, "\n" + "\n".join(violations)


@pytest.mark.parametrize(("rule", "name", "text"), BROKEN)
def test_planted_violation_is_found(rule: Rule, name: str, text: str, tmp_path: Path) -> None:
    plant(tmp_path, name, text)
    found = list(rule(tmp_path))
    assert found
    assert all(v.startswith(f"{name}:") for v in found)


@pytest.mark.parametrize(("rule", "name", "text"), KEPT)
def test_what_a_rule_allows_is_let_be(rule: Rule, name: str, text: str, tmp_path: Path) -> None:
    plant(tmp_path, name, text)
    assert list(rule(tmp_path)) == []


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize("lines", [401, 500])
def test_a_longer_file_may_not_grow(lines: int, tmp_path: Path, monkeypatch) -> None:
    plant(tmp_path, "cpp/base/a.cc", "\n" * lines)
    monkeypatch.setitem(rules.LONGER, "cpp/base/a.cc", 450)
    assert bool(list(rules.files_are_short(tmp_path))) == (lines > 450)


@pytest.mark.parametrize("lines", [0, 400])
def test_a_file_that_is_short_again_leaves_the_table(lines, tmp_path, monkeypatch) -> None:
    if lines:
        plant(tmp_path, "cpp/base/a.cc", "\n" * lines)
    monkeypatch.setitem(rules.LONGER, "cpp/base/a.cc", 450)
    assert list(rules.files_are_short(tmp_path))


def test_the_rules_see_the_tree() -> None:
    seen = {folder_of(ROOT, path) for path in cpp_files(ROOT, "cpp")}
    assert {"base", "io", "record", "wal", "mem", "table", "lsm", "db", "lab", "bindings"} <= seen
