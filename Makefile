# make            this list
# Everything runs in .venv, made by pip alone from the locked requirements files.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup test check databases faults bench sbom audit screenshots clean

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3

help:           ## show this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 18

run: $(VENV)/.run    ## from a fresh clone to the running catalogue at http://127.0.0.1:8000 (PORT=…)
	@PYTHONDONTWRITEBYTECODE= PORT=$(PORT) $(BIN)/python -m catalogue.cli.demo  # compiled files halve the next start

setup: $(VENV)/.dev    ## install all that running and testing need

test: setup     ## everything that CI checks
	@$(BIN)/python tests/run_all.py --workers $(WORKERS)

check: setup    ## lint, types, architecture
	@$(BIN)/python tests/run_all.py --only check

databases: setup    ## test, with the tests of all pages on PostgreSQL, too
	@$(BIN)/python tests/run_all.py --workers $(WORKERS) --every-database

faults: setup   ## killed servers, full disks, broken indexes, slow clients …, and a table of what was lost and how it healed
	@CATALOGUE_TEST_PART=1 CATALOGUE_TEST_SECONDS=10 $(BIN)/python -m pytest -q tests/faults tests/search/test_processes.py tests/browser/test_stored_markup.py

bench: setup    ## performance tables
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.imports
	@$(BIN)/python -m tests.bench.planning
	@$(BIN)/python -m tests.bench.load
	@$(BIN)/python -m tests.bench.harvest

sbom: setup     ## sbom.cdx.json: what the catalogue is made of, CycloneDX with hashes
	@$(BIN)/python -m tests.supply_chain sbom

audit: setup    ## known vulnerabilities of what is locked; fails if anything could not be asked about
	@$(BIN)/python -m tests.supply_chain audit

screenshots: setup    ## the pictures of the README
	@$(BIN)/python -m tests.browser.screenshots

clean:          ## remove .venv and caches, keep instance/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@PYTHON=$(PYTHON) VENV=$(VENV) bash tests/make_venv.sh

$(VENV)/.run: $(VENV)/bin/python requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
