# Needs GNU make and Python 3.11 or newer, nothing else: `make demo` and `make test` set up .venv by themselves.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV    ?= .venv
BIN     := $(VENV)/bin
ROOMS   := schemas detectors stream evaluation console ops
WORKERS ?= 2
ARGS    ?=
PIP     := $(BIN)/python -m pip --disable-pip-version-check --no-input
COMPILE := pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
           --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet
# A Python counts when it is new enough and can make a virtual environment (Debian ships that part separately).
USABLE  := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
FIND_PYTHON = for p in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python; do \
	if "$$p" -c '$(USABLE)' 2>/dev/null; then echo "$$p"; exit 0; fi; done; \
	echo 'linewatch: no usable Python found. Needed: Python 3.11 to 3.14 with the venv module.' >&2; \
	echo '  Debian/Ubuntu: apt install python3 python3-venv   macOS: brew install python@3.12' >&2; \
	echo '  or name one:   make PYTHON=/path/to/python3.12 ...' >&2; exit 1

.PHONY: help
help: ## this list
	@printf 'Linewatch: unusual travel patterns at a border, explained while the vehicle is still in the lane.\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nFirst time here? `make demo` (sets up .venv once, then a generated border in the console in your browser).\n'
	@printf 'One test: make test ARGS="tests/schemas -k codec". Then look at docs/architecture.md and CONTRIBUTING.md.\n'

.PHONY: demo
demo: compiled ## a generated border with planted stories, its alerts in the console in your browser
	@$(BIN)/linewatch demo $(ARGS)

.PHONY: test
test: compiled ## every test (ARGS="..." goes to pytest)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: browser
browser: venv ## a Chromium for the console's tests: finds one, or installs it
	@$(BIN)/python -m tests.browser.chromium

.PHONY: screens
screens: browser ## the console's pictures in docs/, by the tests in a browser
	@CONSOLE_SCREENS=docs $(BIN)/python -m pytest -q tests/browser/test_views.py -k pictured

.PHONY: check
check: lint types docs ## lint, format, types, docs: what CI runs after the tests

.PHONY: lint
lint: venv ## ruff, rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: venv ## mypy --strict
	@$(BIN)/mypy

.PHONY: docs
docs: venv ## commands, settings, detectors documented; links resolve; generated files up to date
	@$(BIN)/python docs/check.py

.PHONY: generate
generate: venv ## write every generated file: JSON Schemas, dashboards, docs/{commands,detectors,files,settings}.md
	@$(BIN)/python docs/check.py --write

.PHONY: schemas
schemas: venv ## write schemas/json/*.schema.json from the models
	@$(BIN)/python -m schemas.generate

.PHONY: format
format: venv ## ruff's fixes and format, in place
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: bench
bench: venv ## speed and memory, ratios in one run (docs/benchmarks.md)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-kafka
bench-kafka: venv ## latency, rate, recovery and takeover of workers on a broker of its own (ARGS="--quick": two minutes)
	@$(BIN)/python -m benchmarks.kafka $(ARGS)

.PHONY: bench-console
bench-console: venv ## fifty open consoles under twenty alerts a second (docs/benchmarks-console.md)
	@$(BIN)/python -m benchmarks.console_load $(ARGS)

.PHONY: kafka
kafka: venv ## a real Kafka broker on 127.0.0.1:9092, until Ctrl-C (Java 17 and Maven; docs/kafka-broker.md)
	@$(BIN)/python -m ops.local_kafka run $(ARGS)

.PHONY: kafka-stop
kafka-stop: venv ## stop the broker of another terminal, or one in the background
	@$(BIN)/python -m ops.local_kafka stop $(ARGS)

.PHONY: prometheus
prometheus: ## Prometheus and promtool, which the tests of metrics, rules and dashboards run (Debian: installs them, as root)
	@if command -v prometheus >/dev/null && command -v promtool >/dev/null; then \
		echo "Prometheus is there: $$(command -v prometheus), $$(command -v promtool)"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'Installing the package prometheus'; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get install -y -qq --no-install-recommends prometheus || \
			{ apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus; }; } >/dev/null; \
	else \
		echo 'linewatch: prometheus and promtool are not on the PATH.' >&2; \
		echo '  Debian/Ubuntu: sudo apt install --no-install-recommends prometheus   macOS: brew install prometheus' >&2; \
		exit 1; \
	fi

.PHONY: up-local
up-local: venv ## Kafka, PostgreSQL, 2 workers, console, Prometheus and a generated border on this machine, until Ctrl-C (docs/compose.md)
	@$(BIN)/python -m ops.up_local $(ARGS)

.PHONY: secrets
secrets: ## random passwords and keys for docker-compose.yml, in ./secrets (docs/compose.md)
	@python="$$($(FIND_PYTHON))"; "$$python" ops/compose/make_secrets.py

# numba keeps what it compiled beside the source; a minute once, and not in the middle of a demo
$(VENV)/.compiled: $(VENV)/.installed
	@echo 'Compiling the detectors (once; a minute or two)'
	@$(BIN)/python -m ops.warm_up
	@touch $@

.PHONY: compiled
compiled: $(VENV)/.compiled ## the detectors compiled, so that whatever runs next begins at once

.PHONY: venv
venv: $(VENV)/.installed ## .venv with the pinned, hashed requirements and linewatch itself

$(BIN)/python:
	@python="$$($(FIND_PYTHON))"; echo "Making $(VENV) with $$("$$python" --version)"; "$$python" -m venv $(VENV)

$(VENV)/.requirements: requirements/dev.txt | $(BIN)/python
	@echo 'Installing requirements/dev.txt (once; about 250 MB on the first machine, then from pip'"'"'s cache)'
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.requirements
	@$(PIP) install --quiet --no-build-isolation --no-deps -e .
	@touch $@

.PHONY: requirements
requirements: venv ## pin requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(BIN)/uv $(COMPILE) $(ARGS) -o requirements/run.txt
	@$(BIN)/uv $(COMPILE) $(ARGS) -c requirements/run.txt --extra evaluate --extra grafana --group dev -o requirements/dev.txt
	@! grep -nE '://|find-links|index-url' requirements/*.txt || \
		{ echo 'requirements: a host got into the files above; unset it and run again' >&2; exit 1; }

.PHONY: clean
clean: ## remove what was built or cached (.venv stays; rm -r .venv for that)
	@rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find $(ROOMS) tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
