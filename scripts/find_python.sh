#!/usr/bin/env bash
# Prints the path of a working CPython: find_python.sh 3.12, find_python.sh 3.13t (free-threaded);
# without an argument, of any from 3.11 on, `python3` first. Fails when there is none.
set -euo pipefail

# A file of that name may be a version manager's stub for a version that is switched off: ask it.
works() { # PATH VERSION (empty: 3.11 or newer)
  "$1" - "$2" 2>/dev/null <<'PYTHON'
import sys, sysconfig

wanted = sys.argv[1]
suffix = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
found = f"{sys.version_info.major}.{sys.version_info.minor}{suffix}"
sys.exit(found != wanted if wanted else sys.version_info < (3, 11))
PYTHON
}

candidates() { # VERSION
  if [[ -z $1 ]]; then
    type -ap python3 python3.1{1,2,3,4}
    return
  fi
  type -ap "python$1"
  printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}/versions/${1%t}"*"/bin/python$1" "/opt/python$1/bin/python$1" \
    "/opt/python$1/bin/python3"
}

while read -r candidate; do
  if [[ -x $candidate ]] && works "$candidate" "${1:-}"; then
    # The interpreter itself, not a stub whose meaning depends on the current folder.
    "$candidate" -c 'import sys; print(sys.executable)'
    exit
  fi
done < <(candidates "${1:-}" || true)
exit 1
