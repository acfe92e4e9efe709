# The set-up and the jobs of captchanet. `make run` and `make test` each do all that a fresh machine needs.
PYTHON ?= python3
CORES ?= 4
PORT ?= 5000
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-unit test-long mutants lint format ui bench data schema clean help requirements
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

run: $(VENV)/.run ## set up what is missing, then the whole workflow on the embedded captchas
	@$(BIN)/snakemake --cores $(CORES)

test: $(VENV)/.test ## set up what is missing, then every test
	@$(BIN)/python -m pytest

test-unit: $(VENV)/.test ## the tests that start neither Snakemake nor MLflow (a minute)
	@$(BIN)/python -m pytest -m "not workflow"

test-long: $(VENV)/.test ## kill a sweep again and again, which takes too long for a test (a quarter of an hour)
	@$(BIN)/python tests/kills.py --kills 25

mutants: $(VENV)/.test ## break the code in 300 small places, one after another: would the tests see it? (an hour)
	@$(BIN)/python tests/mutants.py --number 300 --seed 1

lint: $(VENV)/.test ## style, types, and the arrows between packages
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(VENV)/.test ## let ruff format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

ui: $(VENV)/.run ## the MLflow UI on this machine alone, to compare the runs
	@$(BIN)/captchanet ui --port $(PORT)

bench: $(VENV)/.test ## measure the speed beside peers (25 minutes on 2 cores), write docs/benchmarks.md; BEFORE=commit: beside that, too
	@$(BIN)/python benchmarks/speed.py $(if $(BEFORE),--before $(BEFORE))

data: $(VENV)/.run ## synthesize data/raw and data/unseen again, to the same pixels
	@$(BIN)/captchanet synthesize data/raw --count 60 --seed 1
	@$(BIN)/captchanet synthesize data/unseen --count 200 --seed 2

schema: $(VENV)/.test ## write the JSON schema of a configuration again, from the types of the settings
	@$(BIN)/python -m captchanet.config.json_schema

clean: ## delete results/; pictures and MLflow history stay
	rm -rf results

requirements: ## compile the hashed requirements files again (needs uv)
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet -o requirements.txt
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet -c requirements.txt -o requirements-dev.txt

# Each stamp is newer than all files that it depends on, so a second `make` installs nothing.
$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what the workflow needs into $(VENV) (a minute or two, about 1 GB) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-dev.txt $(VENV)/.run
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# pip is installed last into a new environment: if it is there, the environment is complete
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "captchanet needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
		"install one, or name it: make PYTHON=python3.12 run" >&2; exit 1; }
	@echo "Creating the virtual environment $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
