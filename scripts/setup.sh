#!/usr/bin/env bash
# Installs the system packages that a build needs and that are missing; says nothing when none is.
# setup.sh [PYTHON [bench]]     with "bench", the stores that `make bench` compares with, too
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v g++ >/dev/null || missing+=(g++)
command -v cmake >/dev/null || missing+=(cmake)
command -v ninja >/dev/null || missing+=(ninja-build)
command -v ccache >/dev/null || missing+=(ccache)
command -v strace >/dev/null || missing+=(strace)  # a test watches system calls

# A library counts as present when its header is, whoever installed it.
libraries="xxhash.h:libxxhash-dev lz4.h:liblz4-dev zstd.h:libzstd-dev gtest/gtest.h:libgtest-dev
           benchmark/benchmark.h:libbenchmark-dev"
if [[ ${2:-} == bench ]]; then
  libraries+=" rocksdb/db.h:librocksdb-dev leveldb/db.h:libleveldb-dev"
fi
for library in $libraries; do
  if ! { echo "#include <${library%:*}>" | g++ -x c++ -M - >/dev/null; } 2>/dev/null; then
    missing+=("${library#*:}")
  fi
done

python=${1:-$(scripts/find_python.sh || true)}
if [[ -z $python ]]; then
  echo "setup: no CPython 3.11 or newer found; install one (apt-get install python3)" >&2
  exit 1
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$version-venv")
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
[[ -e $include/Python.h ]] || missing+=("python$version-dev")

[[ ${#missing[@]} -gt 0 ]] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "setup: missing, by their Debian names: ${missing[*]}" >&2
  echo "setup: there is no apt-get here; install them in your system's way and run this again" >&2
  exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: neither root nor sudo; as root:  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}
echo "setup: installing ${missing[*]}"
# A machine whose package lists are fresh needs no update, and one without lists needs it first.
install 2>/dev/null || { "${as_root[@]}" apt-get update -qq && install; }
