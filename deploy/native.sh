#!/bin/sh
# A second copy of the program in build/native with the engine and the limits compiled by mypyc: the same source, the
# same histories, about half the time a step. For soaks, sweeps and whoever counts microseconds: build/native/kwm.
# Needs a C compiler and Python's headers. Ends with the proof: the same seeds, run by both, come to the same.
set -eu
cd "$(dirname "$0")/.."
root=$PWD out=$PWD/build/native
engine="book orders budget market state whatif cuts reservation spread guard groups quoting reconcile rows standing
    learn learn_orders learn_person step"
modules="core/fees.py core/contract.py core/exchange/book.py core/risk/exposure.py core/risk/limits.py"
for name in $engine; do modules="$modules quoter/engine/$name.py"; done

rm -rf "$out"
mkdir -p "$out"
cp -r core flows quoter "$out"
cd "$out"
find . -name __pycache__ -prune -exec rm -rf {} +
# shellcheck disable=SC2086 - a list of files
if ! PATH="$root/.venv/bin:$PATH" mypyc $modules >compile.log 2>&1; then
    grep -E "error|fatal" compile.log | head -5 >&2
    echo "The engine could not be compiled (all of it: $out/compile.log). It needs gcc or clang, and Python's headers" >&2
    echo "(for example: apt install gcc python3.13-dev). Everything works without: it is only slower." >&2
    exit 1
fi
rm -rf build

cat >kwm <<END
#!/bin/sh
# kwm with the compiled engine; see deploy/native.sh
PYTHONSAFEPATH=1 PYTHONPATH="$out\${PYTHONPATH:+:\$PYTHONPATH}" exec "$root/.venv/bin/kwm" "\$@"
END
chmod +x kwm

same='import json, sys; told = json.load(sys.stdin); print({k: told[k] for k in ("seeds", "steps", "runs", "fills", "replayed", "broken")})'
compiled=$(./kwm simulate --seeds 20 --json | "$root/.venv/bin/python" -c "$same")
plain=$("$root/.venv/bin/kwm" simulate --seeds 20 --json | "$root/.venv/bin/python" -c "$same")
if [ "$compiled" != "$plain" ]; then
    echo "The compiled engine and its source do not agree: $compiled, $plain. It is removed." >&2
    rm -rf "$out"
    exit 1
fi
echo "ready: build/native/kwm (20 worlds came to the same in both: $compiled)"
