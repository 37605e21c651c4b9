# setup   the environment in .venv, from the lock with hashes
# demo    the whole loop on simulated calls, then where to look
# test    the tests          check   formatting, lint, types          bench   speed, against peers

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup check test demo bench lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock setup.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "ringback needs Python 3.11 or 3.12; say which with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r setup.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -C editable_mode=compat -e .
	@touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: setup
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

demo: setup
	$(BIN)/ringback demo

bench: setup
	$(BIN)/python -m benchmarks

lock: setup
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml -c requirements.lock --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet -o runtime.lock
	printf 'uv==0.13.8\nsetuptools>=80\n' | $(BIN)/uv pip compile - -c requirements.lock --generate-hashes --no-header --no-annotate --quiet -o setup.lock

clean:
	rm -rf var
