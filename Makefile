.PHONY: run demo test test-fast test-long test-plain check bench bench-peers hosts dev lock
.PHONY: lint types migrations javascript chromium node-modules mcp-servers mcp-clients

SERVER ?= uvicorn
# What uv has installed is compiled when it is imported first, and then it must stay.
unexport PYTHONDONTWRITEBYTECODE
PYTHON_IN_VENV = .venv/bin/python
# A file to a worker at a time, in the order of tests/conftest.py: the long ones first.
SIDE_BY_SIDE = -n auto --dist loadfile --no-loadscope-reorder
# Targets beside each other, what each says in one piece where make can do that.
BESIDE = $(MAKE) --no-print-directory --jobs=4 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

run:  ## set up and start everything: make run, or make run SERVER=daphne
	@sh bin/run $(SERVER)

demo:  ## the same with three real MCP servers and a script of troubles, in var/demo
	@sh bin/demo

dev:
	@sh bin/setup requirements-dev.txt

lock: dev  ## after a change of requirements*.txt, or to take newer releases: write requirements*.lock anew
	@sh bin/lock

test: dev  ## all tests, those of the log on PostgreSQL too; installs what they need: a Chromium, real MCP servers and clients
	@$(BESIDE) chromium node-modules mcp-servers mcp-clients
	@$(PYTHON_IN_VENV) -m tests

chromium:
	@$(PYTHON_IN_VENV) -m tests.page.chromium
mcp-servers:
	@sh bin/mcp-servers
node-modules mcp-clients:
	@if command -v node >/dev/null && command -v npm >/dev/null; then sh bin/$@; fi

test-long: export EVENTHUB_TEST_LONG = 1
test-long: test  ## the same with three times as many of the examples that tests draw at random

test-plain: dev  ## the same, but for the page's, on uvicorn without the server lane
	@EVENTHUB_TEST_SERVER=plain $(PYTHON_IN_VENV) -m pytest $(SIDE_BY_SIDE) -m "not browser"

test-fast: dev  ## in under a minute: SQLite alone, no browser, nothing slow
	@$(PYTHON_IN_VENV) -m pytest $(SIDE_BY_SIDE) -m "not browser and not slow"

check: dev  ## lint, format, types, migrations; the JavaScript too, where node and npm are
	@$(BESIDE) lint types migrations javascript

lint types migrations javascript chromium node-modules mcp-servers mcp-clients: dev

lint:
	@$(PYTHON_IN_VENV) -m ruff check .
	@$(PYTHON_IN_VENV) -m ruff format --check .
types:
	@$(PYTHON_IN_VENV) -m mypy
migrations:
	@$(PYTHON_IN_VENV) manage.py makemigrations --check --dry-run
javascript:
	@sh bin/check-javascript

hosts: dev  ## an installation on seven hosts, in network namespaces of this machine: each link and each process fails
	@EVENTHUB_TEST_DATABASE=postgres $(PYTHON_IN_VENV) -m tests.faults.hosts.scenario

bench: dev  ## print the tables of benchmarks/
	@$(PYTHON_IN_VENV) -m benchmarks

bench-peers: dev  ## the same deliveries by Nchan, Centrifugo and plain Channels, in one run: those that are installed
	@$(PYTHON_IN_VENV) -m benchmarks.fanout --peers
