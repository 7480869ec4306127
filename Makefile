# `make run` serves the demo on this machine; `make test` runs everything; `make help` says the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= data
HOST ?= 127.0.0.1
PORT ?= 8080
PROCESSES ?= 3

# Tests start the program many times: its modules are compiled once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test proof lint check lock migration clean

help:  ## this list
	@grep -hE '^[a-z]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*  ## (.*)/  make \1\t\2/' | expand -t 20

install: $(READY)  ## what is needed, into .venv; starts nothing

run: $(READY)  ## the demo company on http://127.0.0.1:8080, made at the first start
	@export SERVICEHALL_DEMO=1 SERVICEHALL_DATA_DIR="$(DATA)"; \
	test -e "$(DATA)/.demo" || { $(BIN)/servicehall db upgrade && $(BIN)/servicehall demo && touch "$(DATA)/.demo"; } && \
	exec $(BIN)/servicehall run --host $(HOST) --port $(PORT)

test: $(READY)  ## everything: lint, then all tests on SQLite, PostgreSQL, Redis and Chromium
	@scripts/prepare.sh
	@$(MAKE) --no-print-directory lint
	@scripts/with_services.sh $(BIN)/pytest -q -n $(PROCESSES) --dist worksteal $(TESTS)

proof: $(READY)  ## the long proofs (rows as in ROWS="T1 R13", all without); what came out is kept in docs/proof.md
	@scripts/prepare.sh
	@scripts/with_services.sh $(BIN)/python scripts/proof.py $(ROWS)

lint: $(READY)  ## ruff, mypy and import-linter
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > .import_linter.log || { cat .import_linter.log; rm -f .import_linter.log; exit 1; }
	@rm -f .import_linter.log

lock: $(READY)  ## requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --extra dev pyproject.toml -o requirements.lock

migration: $(READY)  ## the first migration anew from the models; only until the first release
	@$(BIN)/python scripts/initial_migration.py
	@$(BIN)/ruff format --quiet platform/servicehall/migrations/versions

clean:  ## the environment and what tests leave; never data/
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis tests/.artifacts

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python 3.11 or newer with venv is needed: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing what requirements.lock names into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
