#!/usr/bin/env bash
# Makes .venv with a Python that is new enough; says in one sentence what is missing otherwise.
set -u
stop() { echo "make: $*" >&2; exit 1; }

found=""
others="python3.13 python3.12 python3.11"
[ "${PYTHON:-python3}" = python3 ] || others=""  # who names a Python gets that one or is told why not
for candidate in "${PYTHON:-python3}" $others; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found="$candidate"
    break
  fi
done
[ -n "$found" ] || stop "Python 3.11 or newer is needed; ${PYTHON:-python3} is $(${PYTHON:-python3} --version 2>&1 || echo missing). Set PYTHON=/path/to/python3.11."
"$found" -c 'import venv, ensurepip' 2>/dev/null || stop "the venv module is missing for $found; on Debian or Ubuntu: apt install python3-venv"
"$found" -m venv "${VENV:-.venv}" || stop "the folder ${VENV:-.venv} could not be made; is this folder writable?"
