"""Compiles and imports nothing_slot.cc, for the interpreter that runs this."""

from __future__ import annotations

import importlib.util
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType

from rows import OUT

SOURCE = Path(__file__).with_suffix(".cc")


def load_nothing() -> ModuleType:
    module = OUT / f"_nothing_slot{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not module.exists() or module.stat().st_mtime < SOURCE.stat().st_mtime:
        OUT.mkdir(parents=True, exist_ok=True)
        include = f"-I{sysconfig.get_path('include')}"
        flags = ["-std=c++20", "-O3", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["c++", *flags, include, str(SOURCE), "-o", str(module)], check=True)
    spec = importlib.util.spec_from_file_location("_nothing_slot", module)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
