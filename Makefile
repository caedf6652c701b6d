# Two commands matter: `make demo` and `make test`. Each sets up all that it needs.
PYTHON ?= python3
BIN := .venv/bin
# One more than cores: some tests wait for Spark, a browser or a server.
WORKERS ?= 3
# Tests start Python hundreds of times: what is compiled is kept, whatever the environment says.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup setup-dev demo report test lint bench soak docs clean

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

.venv/.base: requirements/build.txt requirements/main.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/build.txt
	$(BIN)/pip install --quiet --require-hashes -r requirements/main.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: .venv/.base requirements/dev.txt
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

setup: .venv/.base ## make .venv with the command `daozhang` in it

setup-dev: .venv/.dev ## the same, with what tests and checks need

PORT ?= 8321

# The estate runs for four weeks; the server shows it as of the Saturday on which the upgrade hurts.
demo: .venv/.base ## a simulated chain in the middle of a bad upgrade: the server, with a login a role
	$(BIN)/daozhang demo --data demo/server --port $(PORT)

report: .venv/.base ## the same chain as a folder of files: checked, with a report to open
	$(BIN)/daozhang world demo --seed 7 --faults F6,F4,F16 --sales 40000
	$(BIN)/daozhang check demo/in --as-of 2026-04-24T18:00:00+08:00 --html demo/report.zh.html --lang zh > /dev/null; test $$? -le 1
	$(BIN)/daozhang check demo/in --as-of 2026-04-24T18:00:00+08:00 --html demo/report.en.html --out demo/out --lang en; test $$? -le 1
	@echo
	@echo "The report: demo/report.en.html, in Chinese demo/report.zh.html; tables: demo/out."

test: .venv/.dev ## every test, in parallel
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: .venv/.dev ## style, types, import walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DAOZHANG_DATA=.mypy_cache/server $(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev ## the figures of docs/benchmarks.md
	$(BIN)/python -m bench

soak: .venv/.dev ## long proofs: more estates, more seeds, more damaged files
	DAOZHANG_SOAK=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests

docs: .venv/.dev ## make the generated tables of docs/ anew
	$(BIN)/python -m docs.generate

clean: ## remove what the other targets made
	rm -rf .venv demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
