#!/usr/bin/env bash
# Builds the wheel, installs it and pytest, nothing else, into a new virtual environment and runs
# the tests of a project that uses it: test_wheel.sh PYTHON
# Compiles nothing twice: PYTHON is the one of the development environment, and its build is used.
set -euo pipefail
cd "$(dirname "$0")/.."
place=$PWD/build/wheel_project

rm -rf "$place"
"$1" -m pip --quiet --disable-pip-version-check wheel . --no-deps --no-build-isolation \
  --config-settings=build-dir='build/editable-{wheel_tag}' \
  --config-settings=cmake.define.SKIPLITH_STRICT=ON \
  --wheel-dir "$place"
"$1" -m venv "$place/venv"
"$place/venv/bin/python" -m pip --quiet --disable-pip-version-check install \
  --only-binary :all: "$place"/skiplith-*.whl 'pytest>=8'

cd tests/wheel_project
"$place/venv/bin/python" -I -m pytest  # -I: nothing on sys.path but what is installed
