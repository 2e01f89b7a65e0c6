#!/usr/bin/env bash
# Makes a virtual environment where there is none and installs the package into it.
#   install_python.sh PYTHON .venv dev --editable    for development
#   install_python.sh PYTHON VENV test               as a user has it, for one more interpreter
# The build directory stays, so that a second call compiles only what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 venv=$2 extra=$3 editable=${4:-}

[[ -x $venv/bin/python ]] || "$python" -m venv "$venv"
pip() { "$venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

# Without build isolation the build's own requirements are ours to install.
"$venv/bin/python" >"$venv/build-requires.txt" <<'PYTHON'
import pathlib, tomllib
print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["build-system"]["requires"], sep="\n")
PYTHON
# Of others only what is built already: where the newest release of one has nothing for this
# interpreter, an older one has, and nobody needs that one's compiler.
pip install --only-binary :all: --requirement "$venv/build-requires.txt"

echo "compiling and installing skiplith into $venv (minutes at first, then seconds)"
# shellcheck disable=SC2086
pip install --only-binary :all: --no-build-isolation \
  --config-settings=build-dir='build/{state}-{wheel_tag}' \
  --config-settings=cmake.define.SKIPLITH_STRICT=ON \
  --config-settings=install.strip=false \
  $editable ".[$extra]"
