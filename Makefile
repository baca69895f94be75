# `make run` and `make test` set everything up by themselves; the other targets are for every day.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SPARK_INSTALLED := $(VENV)/.installed-spark
MANIFEST := dbt/target/manifest.json
DBT_FILES := $(shell find dbt -name target -prune -o -name logs -prune -o \( -name '*.sql' -o -name '*.yml' -o -name '*.csv' \) -print 2>/dev/null)
N ?= 100000
SIZE ?= 1000000

export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.PHONY: help setup run ui spark test test-unit test-chaos test-spark lint format lock clean reset bench-walk bench-real bench-normalize bench-resolution bench-increment bench-sources bench-order bench-enrichment bench-scores bench-scores-bpic bench-alerts bench-models
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: $(INSTALLED) $(MANIFEST)  ## virtual environment, pinned packages, parsed dbt project

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "Leadhouse needs Python 3.11; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install -y python3-venv; } \
	  || { echo "Python's venv module is missing; install it with: sudo apt-get install python3-venv"; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "installing the pinned packages (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Building pyspark's archive takes a Python with setuptools, which pip brings for the while.
$(SPARK_INSTALLED): $(INSTALLED) requirements-spark.lock
	@echo "installing pyspark (half a gigabyte)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-spark.lock
	@touch $@

$(MANIFEST): $(INSTALLED) $(DBT_FILES)
	@echo "parsing the dbt project"
	@$(BIN)/dbt --quiet parse --project-dir dbt --profiles-dir dbt && touch $@

run: setup  ## set up, then run the whole walk on a generated sample
	@$(BIN)/leadhouse run

ui: setup  ## database, daemon and Dagster UI on http://127.0.0.1:3000
	@$(BIN)/leadhouse up

spark: setup $(SPARK_INSTALLED)  ## pyspark, for LEADHOUSE_RESOLUTION_ENGINE=spark; needs Java 17

test: setup  ## set up, then run the tests (all but the long chaos runs and Spark)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not chaos and not spark"

test-unit: setup  ## only the tests that start nothing
	@$(BIN)/python -m pytest -n 2 -m "not integration and not chaos and not spark"

test-chaos: setup  ## kill the walk at many instants and compare with an undisturbed one
	@LEADHOUSE_CHAOS_KILLS=$${KILLS:-12} $(BIN)/python -m pytest -m chaos

test-spark: spark  ## a Spark cluster on loopback finds the leads that DuckDB finds
	@$(BIN)/python -m pytest -m spark tests/spark

lint: setup  ## ruff for Python, sqlfluff for SQL
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/sqlfluff lint --disable-progress-bar dbt

format: setup  ## repair what lint can repair
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock:  ## pin the newest allowed versions in both lock files (needs uv)
	@uv pip compile pyproject.toml --extra dev --upgrade --generate-hashes --python-version 3.11 --python-platform linux --quiet \
	  --no-header --no-annotate --no-strip-extras --output-file requirements.lock >/dev/null
	@echo 'pyspark>=4.3,<4.4' | uv pip compile - --upgrade --generate-hashes --python-version 3.11 --python-platform linux --quiet \
	  --no-header --no-annotate --output-file requirements-spark.lock >/dev/null

bench-walk: setup  ## N=100000: generated records through every room, first day and a 1% day
	@$(BIN)/python -m tests.bench.bench_walk --records $(N)

bench-real: setup  ## the walk on the team's real data sets, twice each
	@$(BIN)/python -m tests.bench.bench_real

bench-normalize: setup  ## records per second of the normalise room
	@$(BIN)/python -m tests.bench.bench_normalize

bench-resolution: setup  ## accuracy and time of resolution on the labelled sets
	@$(BIN)/python -m tests.bench.bench_resolution

bench-increment: setup  ## a day of 1% on N known records: going on from the last run against resolving anew; N=100000
	@$(BIN)/python -m tests.bench.bench_increment --rows $(N)

bench-sources: setup  ## providers against the sandbox: faults, kills, throughput, limits, a quiet day; PARTS="faults quiet"
	@$(BIN)/python -m tests.bench.bench_sources $(PARTS)

bench-order: setup  ## what the learned order of providers saves in a world where the truth is known
	@$(BIN)/python -m tests.bench.bench_learned_order

bench-enrichment: setup  ## waterfalls against the sandbox: faults and kills, throughput; PARTS="faults --runs 1000"
	@$(BIN)/python -m tests.bench.bench_enrichment $(PARTS)

bench-alerts: setup  ## from an event to its alert, p50 and p95, with the daemon running
	@$(BIN)/python -m tests.bench.bench_alerts

bench-scores-bpic: setup  ## the scores on a real event log: replay, and how well the rules tell; needs the team's data
	@$(BIN)/python -m tests.bench.bench_scores_bpic

bench-scores: setup  ## N events over M leads: 90 days of history, then a day and a tenth of one; N=10000000 M=500000
	@$(BIN)/python -m tests.bench.bench_scores --events $(if $(filter 100000,$(N)),10000000,$(N)) --leads $${M:-500000}

bench-models: setup  ## verdicts and figures on the labelled sets, cost of training and applying; SIZE=1000000
	@$(BIN)/python -m tests.bench.bench_models --size $(SIZE)

clean:  ## remove the virtual environment, caches and dbt's output; data stays
	@rm -rf $(VENV) dbt/target dbt/logs logs .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

reset: setup  ## stop the embedded database and remove all data Leadhouse made (asks first)
	@printf 'Remove the lake, the embedded database and exports in data/? [y/N] ' && read answer && [ "$$answer" = y ]
	@$(BIN)/leadhouse db stop --remove; rm -rf data/lake data/dagster data/exports data/reports
