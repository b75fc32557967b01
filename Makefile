# `make help` lists the targets. Everything runs in .venv; nothing is installed outside it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two levels of quiet: errors are shown, pip's remarks about its own configuration are not.
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: help install check test conformance fuzz storm chaos demo bench capabilities troubles lock fmt clean

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "venue-sync needs Python 3.11 or newer, and '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1 || true): run 'make $(or $(MAKECMDGOALS),install) PYTHON=/path/to/python3.11'." >&2; exit 2; }
	"$(PYTHON)" -m venv $(VENV)

$(STAMP): $(BIN)/python requirements.lock pyproject.toml
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps -e . --config-settings editable_mode=compat
	@touch $(STAMP)

# What we are measured beside lives in an environment of its own: its pins are not ours.
$(BENCH)/.installed: $(BIN)/python benchmarks/dlt.lock
	"$(PYTHON)" -m venv $(BENCH)
	$(BENCH)/bin/python -m pip --disable-pip-version-check -qq install --no-deps --require-hashes -r benchmarks/dlt.lock
	@touch $@

install: $(STAMP) ## Make .venv with exactly the versions and hashes of requirements.lock

check: $(STAMP) ## Format, lint, types, layers, and whether Dagster loads the definitions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/venue-sync check

test: check ## Install, check, and run every test
	$(BIN)/pytest -n 2

conformance: $(STAMP) ## Hold what clients ask and simulators answer against the providers' specifications
	$(BIN)/pytest -q tests/conformance --conformance-customers 60

fuzz: $(STAMP) ## Send the HTTP API everything that its own document allows and forbids
	$(BIN)/pytest -q tests/sync_api/test_fuzz.py --fuzz-examples 60

storm: $(STAMP) ## Send 20,000 webhooks, doubled and in any order, while what takes and applies them is killed
	$(BIN)/pytest -q tests/e2e/test_storm.py --storm-events 20000

chaos: $(STAMP) ## Let everything fail at once, then compare both sides record by record [SEEDS=3 or SEED=number]
	$(BIN)/pytest -q tests/chaos -k whole $(if $(SEED),--chaos-seed $(SEED),--chaos-seeds $(or $(SEEDS),3))

demo: $(STAMP) ## Try it: simulated providers, venues, Dagster [ONCE=1 ends with a verdict] [DATA=folder]
	$(BIN)/venue-sync demo $(if $(ONCE),--once) $(if $(DATA),--data "$(DATA)")

bench: $(STAMP) $(BENCH)/.installed ## Measure what docs/benchmarks.md shows, as ratios taken in the same run
	$(BIN)/python -W ignore -m benchmarks.first_figures
	$(BIN)/python -W ignore -m benchmarks.webhooks 2>/dev/null
	$(BIN)/python -W ignore -m benchmarks.webhook_latency 2>/dev/null
	$(BIN)/python -W ignore -m benchmarks.dagster_run 2>/dev/null
	$(BIN)/python -W ignore -m benchmarks.quickbooks_calls 2>/dev/null
	$(BIN)/python -W ignore -m benchmarks.pull_beside_dlt --dlt $(BENCH)/bin/python 2>/dev/null
	$(BIN)/python -W ignore -m benchmarks.quickbooks_calls

capabilities: $(STAMP) ## Write docs/capabilities.md from the declarations
	$(BIN)/python -m sync_defs.capabilities

troubles: $(STAMP) ## Write docs/runbooks/what-an-error-means.md from the table of troubles
	$(BIN)/python -m sync_defs.troubles

lock: $(BIN)/python ## Resolve pyproject.toml anew into requirements.lock
	$(PIP) install uv
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements.lock

fmt: $(STAMP) ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the virtualenv, caches and build leftovers; not the state in .venue-sync
	rm -rf $(VENV) $(BENCH) *.egg-info build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
