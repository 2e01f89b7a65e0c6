#!/usr/bin/env bash
# Builds one preset of CMakePresets.json and runs its C++ tests: test_cpp.sh release|tsan|asan
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset "$1" --log-level=WARNING >/dev/null
cmake --build --preset "$1"
ctest --preset "$1"
