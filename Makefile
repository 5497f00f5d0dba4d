# Every task is one word; `make help` lists them. Each sets up what it needs first.

PYTHON ?= python3
GRAPH_OPENAPI ?= ../shared/data/graph-openapi-subset.json.gz
MODE ?= npm

BIN := .venv/bin
RUNTIME := .venv-functions-runtime
CHECKED := function_app.py integrations shared local tests benchmarks
PEERS := .venv-benchmarks
FUZZ := .venv-fuzz
CLIENT := .venv-client

# Tests run side by side, each worker with a cloud and a storage of its own; a storage that is given is not shared.
# Twice as many workers as CI has cores: a test waits for a browser, a storage or a timeout a third of the time.
# Whoever is done takes tests from the others, so that no worker is left alone with a long file.
WORKERS ?= 4
SIDE_BY_SIDE := $(if $(AZURITE_CONNECTION_STRING),,--numprocesses $(WORKERS) --dist worksteal)

# Azurite comes from npm, unless another one is asked for.
AZURITE := $(if $(filter docker,$(AZURITE_MODE))$(AZURITE_CONNECTION_STRING),,node_modules/.ready)
READY := .venv/.ready $(AZURITE)
CHROMIUM_PATH := .local/chromium

# Tests and the local host start many processes; whatever the shell says, only the first of them compiles the code.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo services test check format format-check lint types imports coverage test-azurite faults exhaustive browser pictures conformance fuzz bench openapi baselines permissions examples assess record clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Data is kept from start to start, until FRESH=1 deletes it; PORTS=app=8071,table=11002 takes other ports.
LOCAL := $(BIN)/python -m local $(if $(PORTS),--ports=$(PORTS)) $(if $(FRESH),--fresh)

run: $(READY) ## everything on this machine, with an example to look at; prints the address and stays up; anew: FRESH=1
	$(LOCAL)

demo: $(READY) ## the main job once, unattended: integrate, map, sync, print the table
	$(BIN)/python -m local.demo

services: $(READY) ## Azurite, the simulated Microsoft cloud and the portal's sign-in only, for `func start`
	$(LOCAL) --services

test: $(READY) $(CHROMIUM_PATH) ## all tests, including those of the page in Chromium
	$(BIN)/pytest $(SIDE_BY_SIDE) $(COVERED)

check: format-check lint types imports coverage ## what CI runs: format, lint, types, import rules, tests with coverage

format: .venv/.ready ## format the code, and fix what ruff can fix
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

format-check: .venv/.ready
	$(BIN)/ruff format --check $(CHECKED)

lint: .venv/.ready
	$(BIN)/ruff check $(CHECKED)

types: .venv/.ready
	$(BIN)/mypy

imports: .venv/.ready
	$(BIN)/lint-imports

# Counting lines takes a third more time, so that only those who want to know of it wait for it.
coverage: COVERED := --cov --cov-report=
coverage: test
	$(BIN)/coverage report --fail-under=90
	$(BIN)/coverage report --include="integrations/domain/*" --fail-under=100

test-azurite: .venv/.ready $(if $(filter npm,$(MODE)),node_modules/.ready) ## storage tests against one way to Azurite: MODE=docker or MODE=npm
	$(if $(filter docker,$(MODE)),.ci/with-docker-azurite,env AZURITE_MODE=$(MODE)) $(BIN)/pytest tests/shared/storage tests/storage tests/local/test_azurite.py

# `make test` has a sample of each kind. With FULL there are also more rounds and made-up examples of some of its tests.
faults: $(READY) ## crashes, races and odd answers for ten minutes, drawn by a seed (SEED=); all of them: FULL=1; many times over: FULL=release
	FULL=$(FULL) SEED=$(SEED) $(BIN)/pytest $(if $(FULL),tests/faults tests/flows/test_directory_changes.py tests/flows/test_removal_races.py tests/domain/csp/test_gdap.py,tests/faults/long)
	$(if $(FULL),$(MAKE) exhaustive)

exhaustive: $(READY) $(CHROMIUM_PATH) ## every case of the tests of which `make test` tries some, and axe in every scheme at every width
	FULL=1 $(BIN)/pytest $(SIDE_BY_SIDE) -m exhaustive
	FULL=1 $(BIN)/pytest $(SIDE_BY_SIDE) tests/browser/test_accessible.py tests/browser/test_given_up.py tests/browser/test_addresses.py \
		tests/flows/test_linear.py tests/flows/test_people_feed.py tests/domain/assets/test_agreement.py \
		tests/domain/evaluations/test_controls.py tests/domain/csp/test_gdap.py

browser: $(READY) node_modules/.ready $(CHROMIUM_PATH) ## the page in Chromium (found, installed, or CHROMIUM=path): journeys, accessibility, speed
	$(BIN)/pytest tests/browser

pictures: $(READY) node_modules/.ready $(CHROMIUM_PATH) ## retake the pictures in docs/pictures
	PICTURES=1 FULL=1 $(BIN)/pytest tests/browser/test_pictures.py

conformance: $(READY) $(RUNTIME)/.ready $(CLIENT)/.ready ## the simulator, the client and the app against Microsoft's own OpenAPI and Functions runtime; a generated client against docs/openapi.json
	GRAPH_OPENAPI=$(GRAPH_OPENAPI) $(BIN)/pytest tests/conformance

fuzz: $(READY) $(FUZZ)/.ready ## 50,000 requests generated from docs/openapi.json, with a token and without: none may be answered with 5xx; another number: REQUESTS=2000
	$(BIN)/python -m tests.fuzz.run $(REQUESTS)

bench: $(READY) $(PEERS)/.ready ## measure every performance goal, and write docs/performance.md (half an hour); only some: ONLY="p3_unchanged"
	$(BIN)/python -m benchmarks.run $(ONLY)

openapi: .venv/.ready ## write docs/openapi.json from the code
	$(BIN)/python -m integrations.triggers docs/openapi.json

permissions: .venv/.ready ## write docs/permissions.md from the code
	$(BIN)/python -m local.documents.permissions docs/permissions.md

baselines: .venv/.ready ## write docs/baselines.md from the files of the baselines
	$(BIN)/python -m local.documents.baselines docs/baselines.md

examples: $(READY) ## take the examples of answers anew, then write docs/openapi.json
	EXAMPLES=1 $(BIN)/pytest tests/flows/test_examples.py
	$(MAKE) openapi

assess: .venv/.ready ## judge a tenant from a file of recorded answers (docs/assess.md): FILE=contoso.json; as ScubaGear would: PROFILE=scuba
	@$(BIN)/python -m integrations.assess $(FILE) $(if $(PROFILE),--profile $(PROFILE))

record: .venv/.ready ## write such a file of a connected tenant, with the app's settings in the environment: ACCOUNT= TENANT= FILE=; without names of people: PSEUDONYMS=1
	@$(BIN)/python -m integrations.record $(ACCOUNT) $(TENANT) $(FILE) $(if $(PSEUDONYMS),--pseudonyms)

clean: ## remove everything that the other tasks made
	rm -rf .venv $(RUNTIME) $(PEERS) $(FUZZ) $(CLIENT) benchmarks/out node_modules .local .coverage* htmlcov .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/.ready: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 (this is $$($(PYTHON) --version 2>&1))" >&2; exit 1; }
	@local/with-progress "Installing Python packages into .venv (usually one to three minutes)" \
		sh -c '$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --requirement requirements-dev.txt'
	@touch $@

node_modules/.ready: package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || \
		{ echo "Node 20 or newer is needed for Azurite (or Docker: AZURITE_MODE=docker)" >&2; exit 1; }
	@local/with-progress "Installing Azurite into node_modules (usually half a minute to two minutes)" \
		npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CHROMIUM_PATH): .venv/.ready
	@mkdir -p $(@D)
	@local/find-chromium > $@.found && mv $@.found $@

$(PEERS)/.ready: benchmarks/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --requirement benchmarks/requirements.txt
	@touch $@

$(CLIENT)/.ready: tests/conformance/client/requirements.txt
	$(PYTHON) -m venv $(CLIENT)
	$(CLIENT)/bin/pip install --quiet --requirement tests/conformance/client/requirements.txt
	@touch $@

$(FUZZ)/.ready: tests/fuzz/requirements.txt
	$(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/pip install --quiet --requirement tests/fuzz/requirements.txt
	@touch $@

# Microsoft's own indexing of a Python app. It says that it needs 3.13; its pure Python runs on 3.11 as well.
$(RUNTIME)/.ready: requirements.txt
	$(PYTHON) -m venv $(RUNTIME)
	$(RUNTIME)/bin/pip install --quiet --requirement requirements.txt
	$(RUNTIME)/bin/pip install --quiet azure-functions-runtime==1.3.0 \
		$$($(PYTHON) -c 'import sys; print("--ignore-requires-python" if sys.version_info < (3, 13) else "")')
	@touch $@
