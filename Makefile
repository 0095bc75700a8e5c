# make run: everything, no keys, no network.   make test: the whole suite.   make setup: only the environment.
.PHONY: run test test-fast check lint types bench native test-native soak setup lock browser clean help
STAMP := .venv/.made
PY := .venv/bin/python

run: $(STAMP)        ## start everything; Ctrl-C stops all of it cleanly
	@exec .venv/bin/kwm up $(ARGS)

setup: $(STAMP)      ## only the environment: .venv/bin/kwm exists afterwards

$(STAMP): requirements.lock pyproject.toml bootstrap.sh
	@sh bootstrap.sh
	@touch $@

# The whole suite is three rows of parts side by side. What runs whole systems and servers mostly waits and must not be
# kept waiting; seeded worlds, the model, the lake and the pure tests (and the flows) keep no one's time and are nice.
ALONE := tests/system tests/browser
BESIDE := tests/worlds tests/flows
LATER := $(addprefix tests/core/,fair history ops risk storage tape weather) tests/stories
PURE := not slow and not browser and not bench
PARALLEL := -n 2 --dist loadfile -q
SUITE := $(PY) -m pytest -m

test: $(STAMP) browser   ## lint, types, and every test; ARGS="-k name" runs some of them
ifdef ARGS
	@$(MAKE) --no-print-directory check
	$(SUITE) "not bench" $(ARGS)
else
	@$(MAKE) --no-print-directory lint
	@echo "the whole suite: eight minutes on two quick cores; each part is shown when it is over"
	@$(MAKE) --no-print-directory -k -j3 $(if $(filter output-sync,$(.FEATURES)),-Otarget) .system .loopback .browser
endif

.PHONY: .loopback .system .worlds .slow .pure .flows .browser
.system: ; $(SUITE) "not bench" --durations=9 tests/system
.worlds: types ; nice -n 19 $(SUITE) "not bench" -q tests/worlds
.slow: .worlds ; nice -n 19 $(SUITE) "slow and not bench" $(PARALLEL) $(LATER)
.pure: .slow ; nice -n 19 $(SUITE) "$(PURE)" $(PARALLEL) $(addprefix --ignore=,$(ALONE) $(BESIDE))
.loopback: .pure ; $(SUITE) "slow and not bench" $(PARALLEL) $(addprefix --ignore=,$(ALONE) $(BESIDE) $(LATER))
.flows: ; nice -n 19 $(SUITE) "not bench" -q tests/flows
.browser: .flows ; $(SUITE) "not bench" -q tests/browser

test-fast: $(STAMP)  ## the pure tests only: no processes, no network
	$(PY) -m pytest -m "$(PURE)" $(PARALLEL) $(ARGS)

check: lint types    ## ruff and mypy

lint: $(STAMP)
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .

types: $(STAMP)
	@.venv/bin/mypy --no-error-summary

bench: $(STAMP)      ## speed, as ratios measured side by side; compiled too, where there is a C compiler
	@$(MAKE) --no-print-directory native || true
	$(PY) -m pytest -m bench -s tests/bench $(ARGS)

NATIVE := build/native/.made
native: $(NATIVE)    ## optional: a compiled copy, three times as fast (needs a C compiler): soaks, sweeps, or all of kwm

$(NATIVE): $(STAMP) deploy/native.sh $(shell find core flows quoter -name '*.py' 2>/dev/null)
	@sh deploy/native.sh
	@touch $@

test-native: $(NATIVE)   ## the pure tests once more, against the compiled copy
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/native:$(CURDIR) $(PY) -m pytest --import-mode=importlib -o pythonpath= \
	  -p no:cacheprovider -m "$(PURE)" $(PARALLEL) $(ARGS)

soak: $(NATIVE)      ## 100,000 seeded worlds on all cores, the engine compiled; ARGS="--from 100000" for others
	build/native/kwm simulate --seeds 100000 $(ARGS)

browser:             ## Chromium for the browser tests, where it is absent and may be installed
	@command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "installing Chromium for the browser tests"; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver) >/dev/null 2>&1 \
	      || echo "Chromium could not be installed: the browser tests will be skipped"; \
	  else echo "no Chromium and chromedriver here: the browser tests will be skipped"; fi

lock:                ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --generate-hashes --no-annotate --no-header --python-version 3.13 --quiet -o requirements.lock

clean:               ## remove the environment; data/ stays
	rm -rf .venv .uv build *.egg-info

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'
