.DEFAULT_GOAL := help
.PHONY: help install run test check proto bench soak secrets lock

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

# format, lint, types, rules of the house, contract and what is generated from it, documentation, what is deployed
check: .venv/installed-dev .venv/installed-deploy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python proto/generate.py --check
	$(BIN)/python -m pytest -q tests/unit/test_docs.py tests/unit/test_rules_of_the_house.py tests/deploy

# gen/ from proto/, docs/asyncapi.yaml from facts/
proto: .venv/installed-dev
	$(BIN)/python proto/generate.py
	$(BIN)/python docs/generate_asyncapi.py

# the benchmarks, peers beside us in the same run; writes bench/results/latest.json
bench: .venv/installed-dev
	$(BIN)/python -m bench

# long seeded fault runs, and the museum: every guard removed, its test must fail (SEED=, CYCLES=)
soak: .venv/installed-dev
	$(BIN)/python -m tests.museum
	$(BIN)/python -m tests.crash.cycles --victim baton --cycles $(or $(CYCLES),1000) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.crash.cycles --victim postgres --cycles $(or $(CYCLES),1000) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.crash.walk --cycles $(or $(CYCLES),50) $(if $(SEED),--seed $(SEED))

# passwords and keys of an installation of its own, for docker compose and Kubernetes: .env and .secrets/
secrets:
	@sh deploy/secrets.sh

# (extras kept: an older pip looks for the hashes of grpcio[protobuf] under that name)
# the pinned requirements anew, after a change in pyproject.toml
lock: .venv/installed-dev
	uv pip compile pyproject.toml --universal --no-strip-extras --extra build --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --universal --no-strip-extras --extra build --extra dev --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
	uv pip compile deploy/requirements.in --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -o deploy/requirements.lock

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# The programs that judge Dockerfile, manifests and rules: an environment of their own beside ours.
.venv/installed-deploy: .venv/installed deploy/requirements.lock deploy/tools.sh
	test -x .venv/deploy/bin/python || $(PYTHON) -m venv .venv/deploy
	.venv/deploy/bin/python -m pip --quiet --disable-pip-version-check install --no-compile --require-hashes -r deploy/requirements.lock
	sh deploy/tools.sh .venv/deploy/bin
	@touch $@
