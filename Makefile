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

# tests that run the whole system, a browser or a server mostly wait, and must not be kept waiting; seeded worlds, the
# flows, the model, the lake and the pure tests keep no one's time, and take what those leave of the machine
ALONE := tests/system tests/browser
BESIDE := tests/worlds tests/flows
LATER := $(addprefix tests/core/,fair history ops risk storage tape weather) tests/stories
PURE := not slow and not browser and not bench
PARALLEL := -n 2 --dist loadfile -q

test: $(STAMP) browser   ## lint, types, and every test; ARGS="-k name" runs some of them
ifdef ARGS
	@$(MAKE) --no-print-directory check
	$(PY) -m pytest -m "not bench" $(ARGS)
else
	@$(MAKE) --no-print-directory lint
	@mkdir -p build; { $(MAKE) --no-print-directory types && \
	    nice -n 19 $(PY) -m pytest -m "not bench" $(BESIDE) && \
	    nice -n 19 $(PY) -m pytest -m "slow and not bench" $(PARALLEL) $(LATER) && \
	    nice -n 19 $(PY) -m pytest -m "$(PURE)" $(PARALLEL) $(ALONE:%=--ignore=%) $(BESIDE:%=--ignore=%); \
	  } >build/beside.log 2>&1 & beside=$$!; \
	  $(PY) -m pytest -m "slow and not bench" $(PARALLEL) $(ALONE:%=--ignore=%) $(BESIDE:%=--ignore=%) $(LATER:%=--ignore=%); here=$$?; \
	  [ $$here = 0 ] && $(PY) -m pytest -m "not bench" --durations=15 $(ALONE); system=$$?; \
	  wait $$beside; beside=$$?; cat build/beside.log; [ $$here = 0 ] && [ $$system = 0 ] && [ $$beside = 0 ]
endif

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
