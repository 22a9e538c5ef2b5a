.DEFAULT_GOAL := help
PYTHON ?= python3.11
BIN := .venv/bin

# what each chore is for
help:
	@awk '/^# /{note=substr($$0,3)} /^[a-z]+:/{split($$1,name,":"); printf "make %-8s %s\n", name[1], note}' Makefile

# gen/ from proto/
proto: 
	$(BIN)/python proto/generate.py

.PHONY: help proto
