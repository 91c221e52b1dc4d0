# The chores of this checkout. `make` alone lists them.
# Only Python 3.11 or later and make need to be there: everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -q --disable-pip-version-check
LOWEST := .venv-lowest
LOWEST_TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-lowest soak fuzz-guided lint check format bench bench-quick bench-scale pictures sample-data clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "  (another Python: make test PYTHON=python3.12)"

demo: $(VENV)/.installed ## run zm on the sample data, command by command
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh scripts/demo.sh

test: $(VENV)/.installed-dev ## run the tests, all but the slow ones: four minutes on two cores
	@$(PY) -m pytest -m "not slow" --hypothesis-profile quick

test-slow: $(VENV)/.installed-dev ## run the slow tests, and the properties on five times as many examples
	@$(PY) -m pytest -m "slow or hypothesis"

test-lowest: $(LOWEST)/.installed ## run the tests of commands and files with the oldest libraries that pyproject.toml allows
	@$(LOWEST)/bin/python -m pytest -m "not slow" --hypothesis-profile quick $(LOWEST_TESTS)

soak: $(VENV)/.installed-dev ## kill zm at 800 moments, and feed it thousands of damaged files: an hour
	$(PY) -m fuzz.kills --moments 200
	$(PY) -m fuzz --cases 2000

fuzz-guided: $(VENV)/.installed-fuzz ## feed the readers what coverage leads to (atheris): ten minutes
	for reader in csv images json npz receipt; do $(PY) -m fuzz.guided $$reader -max_total_time=120 || exit 1; done

lint: $(VENV)/.installed-dev ## check style, types, and which room may know which
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	for system in win32 darwin; do $(PY) -m mypy --platform $$system --cache-dir .mypy_cache/$$system zm_cli || exit 1; done
	$(VENV)/bin/lint-imports --no-logo

check: lint test ## lint and test

format: $(VENV)/.installed-dev ## put the code into shape
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: $(VENV)/.installed-bench ## measure zm against its peers: a quarter of an hour, 8 GB of disk
	$(PY) -m bench

bench-quick: $(VENV)/.installed-bench ## the same with small inputs: two minutes, printed only
	$(PY) -m bench --quick

bench-scale: $(VENV)/.installed-bench ## compute what very large datasets cost from what is measured here: ten minutes
	$(PY) -m bench.scale

pictures: $(VENV)/.installed ## draw the pictures in docs/ anew
	@$(PY) scripts/draw_conditioning.py

sample-data: $(VENV)/.installed-dev ## make sample_data/ anew
	$(PY) sample_data/make.py

clean: ## remove everything that make made
	rm -rf $(VENV) $(LOWEST) build dist bench/.data .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zm needs Python 3.11 or later; name one: make PYTHON=python3.12")'
	@echo "Setting up $(VENV), once."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }  # half an environment would pass for a whole one

# The stamps are older than pyproject.toml when the dependencies may have changed. The interpreter in .venv is a link
# to one outside, so its age says nothing.
$(VENV)/.installed: pyproject.toml | $(PY)
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(PY)
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.installed

# uv is the installer that can choose the lowest versions: of what zm asks for itself, not of what that asks for.
$(LOWEST)/.installed: pyproject.toml
	@$(PYTHON) -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python -m pip install -q --disable-pip-version-check uv
	@$(LOWEST)/bin/uv pip install -q --python $(LOWEST)/bin/python --resolution lowest-direct -e '.[dev]'
	@touch $@

$(VENV)/.installed-fuzz: pyproject.toml | $(PY)
	@$(PIP) -e '.[dev,fuzz]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml | $(PY)
	@$(PIP) -e '.[bench]'
	@touch $@ $(VENV)/.installed
