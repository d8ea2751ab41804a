# Two commands on a fresh machine: `make demo` and `make test`. With the paper's images,
# `make results IMAGES=DIR` makes all tables of docs/results.md again, and with ONLY="cnn mlp" those
# of some runs.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo results test test-numpy-kernels check format clean

demo: setup
	$(BIN)/strata make -f experiments/demo.toml --store .strata --out out

# All runs take a day and a half or more on two cores (`python -m experiments.results --list`: hours
# and tables of each); the same command goes on after an interruption. Images other than those that
# docs/results.md has the figures of are refused.
results: setup
	$(BIN)/python -m experiments.results $(IMAGES) --page docs/results.md $(if $(ONLY),--only $(ONLY))

test: setup check
	$(BIN)/python -m pytest

# The tests of features once more, without compiled kernels.
test-numpy-kernels: setup
	STRATA_KERNELS=numpy $(BIN)/python -m pytest tests/features

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: .venv/.ready

# Remade when what is to be installed changes; half an installation is not marked as ready.
.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "strata needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf .venv build *.egg-info
