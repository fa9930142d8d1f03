# Two commands: `make run` opens the dashboard, `make test` checks everything. Both do all set-up.

# Containers often set this variable. With it, every process of the tests compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v $$p; break; }; done)
UV := $(shell command -v uv 2>/dev/null)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(if $(UV),uv pip install --quiet --python $(BIN)/python,\
	$(BIN)/python -m pip install --quiet --disable-pip-version-check)
INSTALLER := $(if $(UV),uv,pip)
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
PORT ?= 8501
# ADDRESS=0.0.0.0 lets other machines reach the dashboard: make accounts first.
ADDRESS ?= localhost

.DEFAULT_GOAL := help
.PHONY: help run test test-quick test-all lint translations bench mutation screenshots docs lock clean chromium

help:  ## What each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/run  ## Open the dashboard (on the embedded server unless UMAMI_URL is set)
	@echo "Starting the dashboard at http://$(ADDRESS):$(PORT) …"
	@$(BIN)/python -m streamlit run asgi.py --server.address $(ADDRESS) --server.port $(PORT) \
		--logger.hideWelcomeMessage true

# In the order of the files: the browser's tests take longest, and begin among the first.
PYTEST := $(BIN)/python -m pytest -n 3 --no-loadscope-reorder

# Browsers and servers keep a test waiting, so that more processes than cores end sooner.
test: $(VENV)/dev chromium lint  ## Every check, and a sample of the largest tests (docs/testing.md)
	$(PYTEST) -n 4

# These tests wait for little, so a third process would only import everything once more.
test-quick: $(VENV)/dev  ## The first case of every test that is not slow, for use while working
	$(PYTEST) -n 2 --quick

test-all: $(VENV)/dev chromium lint  ## Every check and every test
	$(PYTEST) --all

lint: $(VENV)/dev  ## Style, types, imports, wording and translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m tests.wording
	$(BIN)/python -m tests.translations

translations: $(VENV)/dev  ## Add missing texts to the catalogues, remove what is not needed
	-$(BIN)/python -m tests.translations --update

bench: $(VENV)/dev  ## Measure all but the half-hour soak, print tables; PARTS="soak viewers" picks
	$(BIN)/python -m tests.bench $(PARTS)

mutation: $(VENV)/dev  ## Score the tests of core modules on changed code; MODULES="umami/cache.py" picks
	$(BIN)/python -m tests.mutation --survivors $(MODULES)

screenshots: $(VENV)/dev chromium  ## Pictures of the pages, wide and narrow, light and dark
	$(BIN)/python -m tests.screenshots

docs: $(VENV)/run  ## Write the generated parts of docs/ anew
	$(BIN)/python -m docs.generate

lock: $(VENV)/dev  ## Fix the versions of what the requirements pull in
	$(BIN)/pip freeze --exclude-editable | grep -v ' @ ' | LC_ALL=C sort -f > constraints.txt

clean:  ## Forget the virtual environment, caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis screenshots

$(BIN)/python:
	@test -n "$(PYTHON)$(UV)" || { echo "Install Python 3.11 or newer: https://www.python.org/downloads/"; exit 1; }
	@echo "Creating the virtual environment in $(VENV) …"
ifdef UV
	@uv venv --quiet --seed --allow-existing --python "$(or $(PYTHON),3.13)" $(VENV)
else
	@# Debian has venv's pip in a package of its own.
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || { echo "Installing python3-venv …"; \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }
	@"$(PYTHON)" -m venv $(VENV)
endif

$(VENV)/run: requirements.txt constraints.txt | $(BIN)/python
	@echo "Installing the packages with $(INSTALLER); the first time takes a few minutes …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt requirements.txt constraints.txt | $(BIN)/python
	@echo "Installing the packages and test tools with $(INSTALLER); the first time takes a few minutes …"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@ $(VENV)/run

# The browser of the system; only where it has none and no package does the test tool bring its own.
chromium: $(VENV)/dev
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 \
	|| [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ] \
	|| { echo "Installing Chromium for the browser tests …"; \
		command -v apt-get >/dev/null 2>&1 && $(SUDO) apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq chromium >/dev/null; } \
	|| $(BIN)/python -m playwright install chromium
