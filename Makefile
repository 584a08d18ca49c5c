PYTHON ?= .venv-test/bin/python

.PHONY: check lint types tests format

check: lint types tests

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

tests:
	$(PYTHON) -m pytest -q

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
