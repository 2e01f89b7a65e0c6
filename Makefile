# `make demo` and `make test` do everything, from a fresh clone on a fresh Debian machine on.
# PYTHON=/path/to/python chooses the interpreter of a new .venv.

PYTHON ?= $(shell scripts/find_python.sh)
VENV := .venv
PY := $(VENV)/bin/python
CXX_FILES = $(shell find cpp tests benchmarks -name '*.h' -o -name '*.cc')

# Folders too: a file that came or went is a change.
PACKAGE_SOURCES := pyproject.toml CMakeLists.txt scripts/install_python.sh \
  $(shell find cmake cpp python -not -path '*/__pycache__*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo test wheel lint format tsan asan kill prove bench sustained compare clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install the system packages that are missing
	@scripts/setup.sh "$(PYTHON)"

$(VENV)/installed: $(PACKAGE_SOURCES) | setup
	@mkdir -p $(VENV) && touch $@.begun  # what is edited meanwhile counts as newer
	@scripts/install_python.sh "$(PYTHON)" $(VENV) dev --editable
	@mv $@.begun $@

demo: $(VENV)/installed ## index the standard library, kill the indexer, recover, ask
	$(VENV)/bin/skiplith demo

test: $(VENV)/installed ## C++ tests, Python tests (short forms of the slow proofs), stubs
	@scripts/test_cpp.sh release
	$(PY) -m pytest
	MYPYPATH=python $(PY) -m mypy.stubtest skiplith --mypy-config-file pyproject.toml

wheel: $(VENV)/installed ## the wheel alone, in a project that uses it
	@scripts/test_wheel.sh $(PY)

lint: $(VENV)/installed ## clang-format, ruff, mypy
	@$(VENV)/bin/clang-format --dry-run -Werror $(CXX_FILES)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

format: $(VENV)/installed ## make the formatters content
	@$(VENV)/bin/clang-format -i $(CXX_FILES)
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

tsan asan: | setup
	@scripts/test_cpp.sh $@
tsan: ## C++ tests under ThreadSanitizer
asan: ## C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer

kill: $(VENV)/installed ## SIGKILL proofs, long form
	$(PY) -m pytest -m slow_kill

prove: $(VENV)/installed ## all other long proofs
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release --target cut_everywhere_test database_damage_test \
	  index_model_test histories_test transaction_histories_test transaction_programs_test \
	  rest_test cursor_property_test
	SKIPLITH_CUT_SEEDS=2 build/release/tests/cpp/cut_everywhere_test
	SKIPLITH_ALL_DAMAGE=1 build/release/tests/cpp/database_damage_test
	SKIPLITH_INDEX_SEEDS=300 build/release/tests/cpp/index_model_test
	SKIPLITH_HISTORIES=10000 build/release/tests/cpp/histories_test
	SKIPLITH_TRANSACTION_HISTORIES=3000 build/release/tests/cpp/transaction_histories_test
	SKIPLITH_PROGRAMS=20000 build/release/tests/cpp/transaction_programs_test
	SKIPLITH_REST_SEEDS=100 build/release/tests/cpp/rest_test
	SKIPLITH_CURSOR_SEEDS=200 build/release/tests/cpp/cursor_property_test
	$(PY) -m pytest -m slow_prove

bench: $(VENV)/bench ## every promised figure, and whether it was met (three quarters of an hour)
	$(PY) benchmarks/bench.py

sustained: $(VENV)/bench ## what a store does all day, against RocksDB: promised too (twenty minutes)
	$(PY) benchmarks/sustained.py

compare: $(VENV)/bench ## other stores by batch, value size and threads, with plots, and by YCSB (longer)
	$(PY) benchmarks/compare.py $(COMPARE)
	$(PY) benchmarks/ycsb.py $(COMPARE)

$(VENV)/bench: $(VENV)/installed
	@scripts/setup.sh "$(PYTHON)" bench
	@scripts/install_python.sh "$(PYTHON)" $(VENV) dev,bench --editable
	@touch $@

clean: ## remove builds and the virtual environment
	rm -rf build $(VENV)
