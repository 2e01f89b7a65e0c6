"""The tree as text: which files there are, and what of a C++ file is code, what comment."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CPP = (".h", ".cc")
SOURCE = (*CPP, ".py", ".pyi", ".sh", ".cmake")
GENERATED = {"build", "dist", "__pycache__"}


def files(root: Path, *folders: str, suffixes: tuple[str, ...] = ()) -> Iterator[Path]:
    """Files below `folders` (of `root` itself if none is given), sorted, nothing generated."""
    for folder in folders or (".",):
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
            if hidden or GENERATED & set(parts) or not path.is_file():
                continue
            if not suffixes or path.suffix in suffixes:
                yield path


def cpp_files(root: Path, *folders: str) -> Iterator[Path]:
    return files(root, *folders, suffixes=CPP)


def folder_of(root: Path, path: Path) -> str:
    """The folder of cpp/ that `path` lies in: "base" for cpp/base/status.h."""
    parts = path.relative_to(root / "cpp").parts
    return parts[0] if len(parts) > 1 else ""


def violation(root: Path, path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(root)}:{line}: {what}"


_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<string>R"(?P<delimiter>[^(\s]*)\(.*?\)(?P=delimiter)"
                 | "(?:\\.|[^"\\\n])*"
                 | (?<!\w)'(?:\\.|[^'\\\n])+')""",
    re.DOTALL | re.VERBOSE,
)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


@cache
def code_lines(path: Path) -> list[str]:
    """The lines of a C++ file with comments and the insides of literals blanked."""
    text = path.read_text()
    return _TOKEN.sub(lambda token: _blank(token[0]), text).split("\n")


@cache
def comment_lines(path: Path) -> list[str]:
    """The lines of a C++ file with everything but comments blanked."""
    text, out, end = path.read_text(), [], 0
    for token in _TOKEN.finditer(text):
        out.append(_blank(text[end : token.start()]))
        out.append(token[0] if token["comment"] else _blank(token[0]))
        end = token.end()
    out.append(_blank(text[end:]))
    return "".join(out).split("\n")


def includes(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, "<" or the quote, what is included) for each #include."""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if found := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line):
            yield number, found[1], found[2]
