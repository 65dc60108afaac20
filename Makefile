# One command a job, the same for people and for CI. Every target makes its own environment in .venv first:
# a Python 3.11 or later with pip is all that has to be there.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MINUTES ?= 10

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fuzz readme accuracy rates gallery clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

# Some distributions ship Python without ensurepip: there the environment borrows the pip of its Python.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "gradbook needs Python 3.11 or later; found: $$($(PYTHON) --version 2>&1); say make PYTHON=..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@PIP="$(BIN)/python -m pip"; $$PIP --version >/dev/null 2>&1 || PIP="$(PYTHON) -m pip --python $(BIN)/python"; \
		$$PIP install --quiet --disable-pip-version-check -r requirements.lock && \
		$$PIP install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(STAMP) ## check the sample documents in examples/ (they have mistakes in them)
	@$(BIN)/gradbook check examples; status=$$?; test $$status -le 1

test: $(STAMP) ## run every test and doctest
	$(BIN)/python -m pytest -q

check: $(STAMP) ## style, types, layers, and what the documentation shows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_readme.py

bench: $(STAMP) ## time gradbook beside its peers
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

fuzz: $(STAMP) ## feed the reader broken documents and formulas for MINUTES (10) each, and try many more properties
	$(BIN)/python tests/fuzz_reader.py --minutes $(MINUTES)
	$(BIN)/python tests/fuzz_formulas.py --minutes $(MINUTES)
	$(BIN)/python -m pytest -q --hypothesis-profile=fuzz tests/symbolic/test_properties.py \
		tests/document/test_round_trip.py

readme: $(STAMP) ## write the real output of each command into README.md and docs/
	$(BIN)/python tests/test_readme.py

accuracy: $(STAMP) ## measure the error of generated code again, and write docs/accuracy.md
	$(BIN)/python -m tests.derivation.code.accuracy

rates: $(STAMP) ## simulate studies again, and write how often findings are wrong into docs/findings.md
	$(BIN)/python -m tests.study.findings.rates

gallery: $(STAMP) ## derive the whole catalogue again, and draw it, for docs/gallery.md
	$(BIN)/python docs/gallery.py

clean: ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
