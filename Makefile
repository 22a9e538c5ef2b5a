.DEFAULT_GOAL := help
.PHONY: help install run test check proto bench soak lock

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# what each target is for
help:
	@awk '/^# /{note=substr($$0,3)} /^[a-z]+:/{split($$1,name,":"); printf "make %-8s %s\n", name[1], note}' Makefile

# .venv with the command .venv/bin/baton
install: .venv/installed

# everything here, with the demo: prints an address and a ready token; Ctrl-C stops it, the data stays
run: .venv/installed
	@$(BIN)/baton up --demo

# the whole suite that judges a change
test: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# format, lint, types, rules of the house, contract and what is generated from it, documentation
check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python proto/generate.py --check
	$(BIN)/python -m pytest -q tests/unit/test_docs.py tests/unit/test_rules_of_the_house.py

# gen/ from proto/
proto: .venv/installed-dev
	$(BIN)/python proto/generate.py

# the benchmarks, peers beside us in the same run; writes bench/results/latest.json
bench: .venv/installed-dev
	$(BIN)/python -m bench

# long seeded fault runs, and the museum: every guard removed, its test must fail (SEED=, CYCLES=)
soak: .venv/installed-dev
	$(BIN)/python -m tests.museum
	$(BIN)/python -m tests.crash.cycles --victim baton --cycles $(or $(CYCLES),1000) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.crash.cycles --victim postgres --cycles $(or $(CYCLES),1000) $(if $(SEED),--seed $(SEED))

# the pinned requirements anew, after a change in pyproject.toml
lock: .venv/installed-dev
	uv pip compile pyproject.toml --universal --extra build --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --universal --extra build --extra dev --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
