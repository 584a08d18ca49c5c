PYTHON ?= .venv/bin/python

.PHONY: check format

check:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -q

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
