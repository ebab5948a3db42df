# Every target sets up what it needs; a second call reuses it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export TANDEM_HOME ?= $(CURDIR)/data
# No tool phones home, whoever calls it.
export DAGSTER_DISABLE_TELEMETRY := yes
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export RUNTIME__DLTHUB_TELEMETRY := false

SCALE ?= 1

.PHONY: help run test test-long bench lint ui demo install manifest lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: install manifest demo  ## install, make the demo company, run the pipeline, publish
	@$(BIN)/tandem run

# Two modules at a time: most tests wait for one process of dbt.
test: install manifest  ## run the test suite
	$(BIN)/pytest -n 2 --dist loadfile

test-long: install manifest  ## run the tests that take minutes
	$(BIN)/pytest -m long

bench: install manifest  ## measure the budgets (SCALE=1 or 10, ONLY=full,daily for some parts)
	@$(BIN)/python -m benchmarks.bench --scale $(SCALE) --work $(TANDEM_HOME)/benchmark \
		$(if $(ONLY),--only $(ONLY))

lint: install manifest  ## ruff, mypy, sqlfluff, layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models

ui: install manifest  ## the Dagster UI on 127.0.0.1
	@$(BIN)/tandem ui

demo: install  ## generate the demo company, unless it is there or TANDEM_COMPANY names another
	@if [ -z "$$TANDEM_COMPANY" ] && [ ! -d "$(TANDEM_HOME)/demo" ]; then $(BIN)/tandem demo; fi

install: $(VENV)/.installed

# pip's own warnings about find-links folders of the machine are no news here.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it with PYTHON=python3.12"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned requirements into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

manifest: dbt_project/target/manifest.json  ## prepare dbt's manifest

DBT_FILES := $(shell find dbt_project -type f \( -name '*.sql' -o -name '*.yml' \) -not -path '*/target/*')

dbt_project/target/manifest.json: $(VENV)/.installed $(DBT_FILES)
	@$(BIN)/tandem manifest

lock:  ## compile requirements.lock anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-header --extra dev --extra postgres \
		--python-version 3.11 pyproject.toml --output-file requirements.lock
	@sed -i '1i # Compiled by `make lock` (uv pip compile); do not edit.' requirements.lock

clean:  ## remove what was installed and generated, data/ excepted
	rm -rf $(VENV) dbt_project/target *.egg-info .pytest_cache .mypy_cache .ruff_cache
