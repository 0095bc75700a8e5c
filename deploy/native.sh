#!/bin/sh
# A second copy of the program in build/native with the engine, the limits, the simulated exchange, the seeded worlds and
# backtests compiled by mypyc: the same source, the same histories, about a third of the time. build/native/kwm runs it.
# Needs a C compiler and Python's headers. Ends with the proof: the same seeds, run by both, come to the same.
set -eu
cd "$(dirname "$0")/.."
root=$PWD out=$PWD/build/native
engine="config book orders budget market state whatif cuts reservation spread guard groups quoting reconcile rows
    standing learn learn_ledger learn_orders learn_person forget step"
exchange="book shown matching accounts reserve groups desk order_desk simulator ratelimit"
worlds="broken world_dice world_plan world_beliefs world_crowd world_events world_replica
    gate freshness world_wires world_requests auditor_losses auditor world"
modules="core/side.py core/fees.py core/contract.py core/risk/exposure.py core/risk/limits.py"
for name in $engine; do modules="$modules quoter/engine/$name.py"; done
for name in $exchange; do modules="$modules core/exchange/$name.py"; done
for name in venue cell run; do modules="$modules quoter/backtest/$name.py"; done
for name in $worlds; do modules="$modules quoter/shell/$name.py"; done

rm -rf "$out"
mkdir -p "$out"
cp -r core flows quoter prefect.yaml "$out"
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

for seed in 5 7 21 34; do  # every event and every action of a history, by both
    ./kwm simulate --seed "$seed" >compiled.txt
    "$root/.venv/bin/kwm" simulate --seed "$seed" >plain.txt
    if ! cmp -s compiled.txt plain.txt; then
        echo "The compiled copy and its source do not agree on seed $seed: $(cmp compiled.txt plain.txt). It is removed." >&2
        rm -rf "$out"
        exit 1
    fi
done
rm compiled.txt plain.txt
echo "ready: build/native/kwm (four histories came out the same, word for word)"
