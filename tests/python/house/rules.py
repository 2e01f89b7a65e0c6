"""The house rules. Each reads a tree as text and yields its violations as "file:line: what"."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from house.tree import (
    SOURCE,
    code_lines,
    comment_lines,
    cpp_files,
    files,
    folder_of,
    includes,
    violation,
)

Rule = Callable[[Path], Iterator[str]]

FLOORS = {
    "base": 0,
    "io": 1,
    "record": 1,
    "wal": 2,
    "mem": 2,
    "table": 2,
    "lsm": 3,
    "db": 4,
    "lab": 5,
    "bindings": 6,
}

# Only these call the operating system; the lab drives load and schedules on purpose.
SYSTEM_FOLDERS = {"base", "io", "lab"}

MOST_LINES = 400
# A ratchet: files that may be longer, and how long they may be. An entry only ever shrinks.
LONGER: dict[str, int] = {}


def folders_include_only_lower_floors(root: Path) -> Iterator[str]:
    for path in cpp_files(root, "cpp"):
        folder = folder_of(root, path)
        if folder not in FLOORS:
            yield violation(root, path, 1, f"cpp/{folder} has no floor")
            continue
        for line, quote, target in includes(path):
            other = target.split("/")[0]
            if other in FLOORS and "/" in target:
                if other != folder and FLOORS[other] >= FLOORS[folder]:
                    yield violation(root, path, line, f"{folder} may not include {target}")
            elif quote == '"' or target.startswith("."):
                yield violation(root, path, line, f'{target}: write "folder/{target}"')


_SYSTEM_HEADER = re.compile(
    r"""(?: sys/.* | linux/.* | asm/.*
          | (?: unistd | fcntl | pthread | sched | signal | poll | semaphore | dirent | time
              | threads | dlfcn | execinfo )\.h
          | ctime | csignal | cstdio | iostream | ostream | istream | fstream | filesystem
          | thread | mutex | shared_mutex | condition_variable | future | semaphore | latch
          | barrier | stop_token | chrono )$""",
    re.VERBOSE,
)
_SYSTEM_CALL = re.compile(
    r"""\bstd::(?: this_thread | j?thread\b | async\b | filesystem\b | chrono\b | getenv\b
                 | (?:recursive_|timed_|shared_)*mutex\b | condition_variable | [io]?fstream )
      | (?<![\w>])::(?: open | close | p?read v? | p?write v? | mmap | munmap | mremap
          | madvise | msync | f?sync | fdatasync | ftruncate | f?allocate | posix_fallocate
          | fallocate | unlink | rename | link | mkdir | rmdir | flock | fcntl | ioctl | f?stat
          | fstatfs | fork | vfork | kill | exec\w* | getpid | gettid | syscall | poll | select
          | nanosleep | usleep | sleep | clock_gettime | gettimeofday | getenv )\s*\(
      | (?<![\w:.>])(?: pthread_\w+ | sched_yield | nanosleep | usleep | clock_gettime
          | gettimeofday | syscall | fopen | getenv | fork | mmap | munmap | pread | pwrite
          | fdatasync | fsync | __rdtsc )\s*\(""",
    re.VERBOSE,
)


def only_base_and_io_call_the_system(root: Path) -> Iterator[str]:
    for path in cpp_files(root, "cpp"):
        if folder_of(root, path) in SYSTEM_FOLDERS:
            continue
        for line, _, target in includes(path):
            if _SYSTEM_HEADER.match(target):
                yield violation(root, path, line, f"<{target}> belongs to cpp/base and cpp/io")
        for line, code in enumerate(code_lines(path), 1):
            if found := _SYSTEM_CALL.search(code):
                yield violation(root, path, line, f"{found[0]} belongs to cpp/base and cpp/io")


def extends_a_script(path: Path) -> bool:
    """A source beside a script of its name, which compiles and imports it."""
    return path.with_suffix(".py").exists()


def only_bindings_see_python(root: Path) -> Iterator[str]:
    for path in cpp_files(root, "cpp", "tests", "benchmarks"):
        if path.is_relative_to(root / "cpp/bindings") or extends_a_script(path):
            continue
        for line, _, target in includes(path):
            if target == "Python.h" or target.startswith("pybind11/"):
                yield violation(root, path, line, f"{target} belongs to cpp/bindings")
        for line, code in enumerate(code_lines(path), 1):
            if found := re.search(r"\bPy(?:Object|_\w+|Bytes_\w+|GILState_\w+)\b", code):
                yield violation(root, path, line, f"{found[0]} belongs to cpp/bindings")


def memory_orders_have_reasons(root: Path) -> Iterator[str]:
    """Outside cpp/base, `// order: <reason>` on the line of a memory order or right above it."""
    for path in cpp_files(root, "cpp"):
        if folder_of(root, path) == "base":
            continue
        code, comments = code_lines(path), comment_lines(path)
        explained = False  # by the comment lines, or the statement's earlier line, above
        for line, (text, comment) in enumerate(zip(code, comments, strict=True), 1):
            has_order = "memory_order" in text
            reason = re.search(r"//\s*order:\s*\w", comment) is not None
            if has_order and not (reason or explained):
                yield violation(root, path, line, "a memory order without `// order: <reason>`")
            comment_only = bool(comment.strip()) and not text.strip()
            explained = reason or (explained and (comment_only or has_order))


def no_standalone_fences(root: Path) -> Iterator[str]:
    fence = re.compile(r"\b(?:atomic_thread_fence|__sync_synchronize|_mm_[ms]fence)\b")
    for path in cpp_files(root, "cpp", "tests", "benchmarks"):
        for line, code in enumerate(code_lines(path), 1):
            if found := fence.search(code):
                yield violation(root, path, line, f"{found[0]}: order the access, not the place")


def files_are_short(root: Path) -> Iterator[str]:
    unused = dict(LONGER)
    for path in files(root, suffixes=SOURCE):
        name, lines = str(path.relative_to(root)), len(path.read_text().splitlines())
        limit = unused.pop(name, MOST_LINES)
        if lines > limit:
            yield violation(root, path, lines, f"{lines} lines; at most {limit}")
        elif limit > MOST_LINES >= lines:
            yield violation(root, path, lines, "short again: take it out of LONGER")
    for name in unused:
        yield f"{name}:1: listed in LONGER, but gone"


_NOTE_TO_SELF = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
_SWITCHED_OFF = re.compile(
    r"^\s*\#\s*if\s+(?:0|false)\b | \bTEST\w*\([^)]*\bDISABLED_ | ^\s*@pytest\.mark\.skip\b",
    re.VERBOSE,
)
# A comment that ends like a statement and reads like one. What is set in by three spaces or more
# is an example or a drawing.
_CODE_IN_COMMENT = re.compile(
    r"""^(?:/[/*]|\ \*)?\ {0,2}(?:
        \S.*\{ | \}.*
      | (?: return | break | continue | delete | using | auto | const | static | if | for | while
          | else | case | \#include ) \b .* ;
      | (?:[\w:<>*&]+\ )? [\w:.\[\]>-]+ \(.*\);
      | [^=]*[\w\])]\ [-+*/|&]?=\ .*;
      | (?:\+\+|--)\S+; | \S+(?:\+\+|--);
    )$""",
    re.VERBOSE,
)


def no_parked_code(root: Path) -> Iterator[str]:
    """Python's commented-out code is ruff's business (ERA001)."""
    for path in files(root):
        if path.suffix not in SOURCE and path.name not in {"Makefile", "CMakeLists.txt", "run"}:
            continue
        for line, text in enumerate(path.read_text().split("\n"), 1):
            if found := _NOTE_TO_SELF.search(text) or _SWITCHED_OFF.search(text):
                yield violation(root, path, line, f"{found[0].strip()}: do it, or file an issue")
    for path in cpp_files(root, "cpp", "tests", "benchmarks"):
        for line, comment in enumerate(comment_lines(path), 1):
            if _CODE_IN_COMMENT.match(comment.strip()):
                yield violation(root, path, line, "commented-out code")


def every_source_is_built(root: Path) -> Iterator[str]:
    """CMake's globs take one level of named folders; a file elsewhere would be parked unseen."""
    cmake = root / "CMakeLists.txt"
    globs = set(re.findall(r"cpp/\w+/\*\.cc", cmake.read_text())) if cmake.exists() else set()
    for path in files(root, "cpp", "tests/cpp", "benchmarks", suffixes=(".cc",)):
        name = path.relative_to(root)
        if name.parts[0] == "cpp":
            built = f"{name.parent}/*.cc" in globs
        elif name.parts[0] == "tests":
            in_support = str(name.parent) == "tests/cpp/support"
            built = in_support or (str(name.parent) == "tests/cpp" and name.match("*_test.cc"))
        else:
            in_cpp = str(name.parent) == "benchmarks/cpp" and name.match("*_bench.cc")
            built = in_cpp or extends_a_script(path)
        if not built:
            yield violation(root, path, 1, "no CMakeLists.txt builds it")


def headers_are_included_once(root: Path) -> Iterator[str]:
    for path in files(root, "cpp", "tests", "benchmarks", suffixes=(".h",)):
        if "#pragma once" not in path.read_text().split("\n"):
            yield violation(root, path, 1, "no #pragma once")


FOREIGN_FILES = {"Python.h"}


def documents_name_real_files(root: Path) -> Iterator[str]:
    for document in (root / "README.md", *files(root, "cpp", suffixes=(".md",))):
        if not document.exists():
            continue
        bases = (root, document.parent, root / "cpp", root / "python")
        for line, text in enumerate(document.read_text().split("\n"), 1):
            for name in re.findall(r"`([\w./+-]+\.(?:h|cc|py|pyi|md|toml|sh))`", text):
                places = [(base / name).resolve() for base in bases]
                exists = any(p.is_file() and p.is_relative_to(root.resolve()) for p in places)
                if not exists and name not in FOREIGN_FILES:
                    yield violation(root, document, line, f"there is no {name}")


def no_paths_of_one_machine(root: Path) -> Iterator[str]:
    path_of_one_machine = re.compile(r"(?<![\w.$}/])/(?:work|root|home|Users|workspace)/[\w.]")
    for path in files(root):
        try:
            lines = path.read_text().split("\n")
        except UnicodeDecodeError:
            continue  # a binary file names no paths
        for line, text in enumerate(lines, 1):
            if found := path_of_one_machine.search(text):
                yield violation(root, path, line, f"{found[0]}... exists on one machine only")


RULES: tuple[Rule, ...] = (
    folders_include_only_lower_floors,
    only_base_and_io_call_the_system,
    only_bindings_see_python,
    memory_orders_have_reasons,
    no_standalone_fences,
    files_are_short,
    no_parked_code,
    every_source_is_built,
    headers_are_included_once,
    documents_name_real_files,
    no_paths_of_one_machine,
)
