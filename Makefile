# Two commands: `make run` and `make test`. Both make the environment they need.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test clean

run: .venv/ready-to-run
	@QUANTMATRIX_CODE_VERSION="$${QUANTMATRIX_CODE_VERSION:-$$(git describe --always --dirty 2>/dev/null)}" \
		$(BIN)/quantmatrix up $(ARGS)

test: .venv/ready-to-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pytest $(ARGS)

.venv/ready-to-run: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what is needed (once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-to-test: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what is needed (once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make run PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv .venv

clean:
	rm -rf .venv .quantmatrix
