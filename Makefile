# make deck   the shipped vault as an .apkg          make bench   speed and memory, as ratios
# make test   every check and test                   make clean   remove what these made
# make test-real   what talks to AnkiConnect, with the real Anki at STAFFML_TEST_ANKI_URL: a profile to throw away
.PHONY: deck test test-real bench docs clean

VENV := .venv
BIN := $(VENV)/bin
CHECK := import sys; sys.exit(sys.version_info < (3, 13))

deck: $(VENV)/.deck
	@mkdir -p dist
	@$(BIN)/staffml-anki build --out dist/

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto

test-real: $(VENV)/.test
	@if [ -z "$$STAFFML_TEST_ANKI_URL" ]; then \
	  echo "test-real: set STAFFML_TEST_ANKI_URL to a running Anki with a profile to throw away," \
	    "such as http://127.0.0.1:8765" >&2; exit 1; fi
	$(BIN)/pytest -m real

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.coverage

docs: $(VENV)/.test
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.deck: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(VENV)/.deck $@

# The first Python that is new enough; uv fetches one where there is none.
$(VENV)/.made:
	@for python in python3.13 python3.14 python3 python; do \
	  if $$python -c '$(CHECK)' 2>/dev/null; then $$python -m venv $(VENV) && touch $@ && exit 0; fi; \
	done; \
	if command -v uv >/dev/null; then uv venv --quiet --seed --python 3.13 $(VENV) && touch $@ && exit 0; fi; \
	echo "staffml-anki needs Python 3.13 or newer: install it from python.org or your package manager, or install uv" >&2; \
	exit 1
