#!/bin/sh
# Makes .venv with Python 3.13 and exactly what requirements.lock names, hashes checked.
# Finds uv on the PATH, in .uv/, or installs it there with any Python that runs; uv finds or fetches Python 3.13.
set -eu
cd "$(dirname "$0")"
# trust what the machine trusts: behind a company's proxy its certificates are in the system's store
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-1}"

find_uv() {
    if command -v uv >/dev/null 2>&1; then command -v uv; return 0; fi
    if [ -x .uv/bin/uv ]; then echo "$PWD/.uv/bin/uv"; return 0; fi
    for python in python3.13 python3 /usr/bin/python3 python; do
        command -v "$python" >/dev/null 2>&1 || continue
        # a pyenv shim fails inside this folder where pyenv has no 3.13: then the next one is tried
        "$python" -c 'import pip' >/dev/null 2>&1 || continue
        echo "installing uv into .uv/ with $python" >&2
        "$python" -m pip install -qqq --disable-pip-version-check --target .uv 'uv>=0.6' >&2 || continue
        [ -x .uv/bin/uv ] && { echo "$PWD/.uv/bin/uv"; return 0; }
    done
    return 1
}

if ! uv=$(find_uv); then
    echo "No uv, and no Python with pip to install it. Install uv (docs.astral.sh/uv) or Python 3.13 with pip, then try again." >&2
    exit 1
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
    rm -rf .venv
    if ! "$uv" venv --quiet --python 3.13 .venv; then
        echo "Python 3.13 was neither found nor could it be fetched. The official Kalshi SDK needs it." >&2
        echo "Install it (for example: apt install python3.13 python3.13-venv, or pyenv install 3.13), then try again." >&2
        exit 1
    fi
fi

"$uv" pip sync --quiet --python .venv --require-hashes requirements.lock
"$uv" pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
echo "ready: .venv/bin/kwm --help"
