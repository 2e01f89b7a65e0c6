"""No call of the user's unmaps, closes or removes a file: the background thread does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Everything that leaves something behind to be let go of: frozen and flushed memtables, ended
# segments, compacted tables, values and cursors that held the last reference.
WORKLOAD = """
import os, sys, skiplith
db = skiplith.open(sys.argv[1], memtable_bytes=65536, cache_bytes=100_000)
os.access("/begin", os.F_OK)
for round in range(3):
    for n in range(1500):
        db[b"%d" % n] = b"%d" % round * 150
    with db.cursor() as cursor:
        cursor.first()
        kept = [db[b"%d" % n] for n in range(200)]
        iterator = iter(db.items())
        next(iterator)
        db.flush()
        db.compact()
        big = cursor.value
    del cursor, iterator, kept
    db.put_many({b"%d" % n: b"x" * 3000 for n in range(100)})
    db.clear()
    for n in range(100):
        db.increment(b"n")
        db.setdefault(b"%d" % n, b"y" * 1000)
        db.pop(b"%d" % n, None)
    db.flush()
os.access("/end", os.F_OK)
db.close()
"""


def test_no_user_call_unmaps_closes_or_removes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "db"
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-y", "-o", str(trace)]
    calls = "trace=mmap,munmap,close,unlink,unlinkat,access,faccessat,faccessat2"
    try:
        subprocess.run(
            [*strace, "-e", calls, sys.executable, "-c", WORKLOAD, str(path)],
            check=True,
            timeout=200,
        )
    except FileNotFoundError:
        pytest.fail("strace is not installed; `make setup` installs it")
    lines = joined(trace.read_text().splitlines())
    begin = next(n for n, (_, call) in enumerate(lines) if '"/begin"' in call)
    end = next(n for n, (_, call) in enumerate(lines) if '"/end"' in call)
    user = lines[begin][0]
    ours = set(re.findall(rf"mmap\(.*(?:<{path}/[^>]*>|MAP_NORESERVE).*\) = (0x\w+)", text(lines)))
    seen: dict[str, list[str]] = {"user": [], "background": []}
    for thread, call in lines[begin:end]:
        unmap = re.match(r"munmap\((0x\w+),", call)
        touches = f"{path}/" in call and re.match(r"close|unlink", call)
        if touches or (unmap and unmap[1] in ours):
            seen["user" if thread == user else "background"].append(call)
    assert seen["user"] == []
    for call in (
        r"munmap",
        r"close\(.*\.sst",
        r"close\(.*\.log",
        r"unlink.*\.sst",
        r"unlink.*\.log",
    ):
        assert any(re.match(call, line) for line in seen["background"]), call


def text(lines: list[tuple[str, str]]) -> str:
    return "\n".join(call for _, call in lines)


def joined(lines: list[str]) -> list[tuple[str, str]]:
    """(thread, call), with calls that another thread's line has cut in two put together."""
    whole: list[tuple[str, str]] = []
    begun: dict[str, int] = {}
    for line in lines:
        thread, call = line.split(maxsplit=1)
        if call.endswith("<unfinished ...>"):
            begun[thread] = len(whole)
            whole.append((thread, call.removesuffix("<unfinished ...>")))
        elif rest := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            at = begun.pop(thread)
            whole[at] = (thread, whole[at][1].rstrip() + rest[1])
        else:
            whole.append((thread, call))
    return whole
