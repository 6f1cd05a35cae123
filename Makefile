.PHONY: run test test-fast check bench dev

SERVER ?= uvicorn
PYTHON_IN_VENV = .venv/bin/python

run:  ## set up and start everything: make run, or make run SERVER=daphne
	@sh bin/run $(SERVER)

dev:
	@sh bin/setup requirements-dev.txt

test: dev  ## all tests; installs a Chromium where none is found
	@$(PYTHON_IN_VENV) -m tests.chromium
	@$(PYTHON_IN_VENV) -m pytest

test-fast: dev  ## in under a minute: no browser, no PostgreSQL, nothing slow
	@$(PYTHON_IN_VENV) -m pytest -n auto --dist loadfile -m "not browser and not postgres and not slow"

check: dev  ## lint, format, types, migrations
	@$(PYTHON_IN_VENV) -m ruff check .
	@$(PYTHON_IN_VENV) -m ruff format --check .
	@$(PYTHON_IN_VENV) -m mypy
	@$(PYTHON_IN_VENV) manage.py makemigrations --check --dry-run

bench: dev  ## print the tables of benchmarks/
	@$(PYTHON_IN_VENV) -m benchmarks
