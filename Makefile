# The front door; `make` alone lists the targets. What the stages do is in tools/ and CMakePresets.json.

export STRATA_CACHE ?= $(HOME)/.cache/strata
export CCACHE_DIR ?= $(STRATA_CACHE)/ccache
# One clone's results serve the next, wherever it lies.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= true
export npm_config_cache ?= $(STRATA_CACHE)/npm
export PIP_CACHE_DIR ?= $(STRATA_CACHE)/pip
export STRATA_NATIVE_DIR ?= $(STRATA_CACHE)/native/release
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
export STRATA_REPORTS ?= build/reports/$(firstword $(MAKECMDGOALS))
export STRATA_STAGE_LOG ?= $(STRATA_REPORTS)/stages.tsv

JOBS ?= $(shell nproc)
# Passed to ctest: make test ARGS='-R store'
ARGS ?=
# Seconds that `make fuzz` gives each target.
FUZZ_SECONDS ?= 60

STAGE := tools/stage
CARGO_NATIVE_DIR := CARGO_TARGET_DIR=$(STRATA_CACHE)/native

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup native build build-fuzz examples demo test test-long test-kube lint bench clean asan tsan fuzz fresh-report

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## check the tools, install Debian packages, make the caches
	@$(STAGE) setup tools/setup

native: setup ## build the Rust library around Wasmtime
	@$(STAGE) native env $(CARGO_NATIVE_DIR) cargo build --release --locked --manifest-path native/Cargo.toml

build: native ## build the programs into build/release/bin
	@$(STAGE) configure cmake --preset release
	@$(STAGE) build cmake --build --preset release

examples: setup ## build the example functions
	@$(STAGE) examples examples/build

demo: build examples ## start a server, deploy and call every example (KEEP=1 leaves it running)
	@tools/demo.py $(if $(KEEP),--keep)

fresh-report:
	@rm -rf $(STRATA_REPORTS)

test: fresh-report build examples ## the fast tier of the tests (ARGS='-R name' goes to ctest)
	@$(if $(ARGS),,$(STAGE) native-test env $(CARGO_NATIVE_DIR) tools/test_report.py cargo \
	  --manifest native/Cargo.toml -- --release || true)
	@$(if $(ARGS),,$(STAGE) test-tools tools/python_env.py schemathesis tests/e2e/requirements.txt || true)
	@$(if $(ARGS),,$(STAGE) test-tools tools/python_env.py numerics tests/advisor/models_requirements.txt || true)
	@$(if $(ARGS),,JOBS=$(JOBS) $(STAGE) test-tools tests/kube/build-tools || true)
	@$(if $(ARGS),,$(STAGE) test-tools tools/node_env.py page tests/e2e/page || true)
	@$(STAGE) test tools/test_report.py ctest --build build/release -- -j $(JOBS) -LE '^(long|cluster)$$' $(ARGS) || true
	@tools/test_report.py close

test-long: fresh-report build examples build-fuzz ## the long tier: many kills, long fuzzing
	@STRATA_LONG=1 $(STAGE) test-long tools/test_report.py ctest --build build/release -- -L '^long$$' $(ARGS) || true
	@$(STAGE) fuzz tools/test_report.py ctest --build build/fuzz -- -j $(JOBS) -L '^fuzz$$' -L '^long$$' $(ARGS) || true
	@tools/test_report.py close

test-kube: fresh-report build examples ## our kinds, operator, chart and pods on a real Kubernetes, and critest
	@JOBS=$(JOBS) $(STAGE) test-tools tests/kube/build-tools critest || true
	@JOBS=$(JOBS) $(STAGE) test-tools tests/kube/cluster/build-tools || true
	@JOBS=$(JOBS) $(STAGE) test-tools tests/kube/cluster/build-kwok || true
	@$(STAGE) test tools/test_report.py ctest --build build/release -- -L '^cluster$$' $(ARGS) || true
	@tools/test_report.py close

lint: fresh-report setup ## formatting, clang-tidy on what changed (ALL=1: on all), layers, style, scripts, Rust
	@$(STAGE) configure cmake --preset release --log-level=WARNING
	@$(STAGE) generate cmake --build --preset release --target strata_generated
	@tools/lint.py $(if $(ALL),--all) || true
	@tools/test_report.py close

bench: native examples ## library benchmarks and whole-server runs; writes nothing into the tree
	@$(STAGE) configure cmake --preset bench
	@$(STAGE) build cmake --build --preset bench
	@bench/run $(ARGS)

asan tsan: fresh-report native examples ## the tests that stay in one process, under sanitizers
	@$(STAGE) configure cmake --preset $@
	@$(STAGE) build cmake --build --preset $@
	@$(STAGE) test tools/test_report.py ctest --build build/$@ -- -j $(JOBS) -L '^(unit|contract)$$' $(ARGS) || true
	@tools/test_report.py close

build-fuzz: native
	@$(STAGE) fuzz-configure cmake --preset fuzz
	@$(STAGE) fuzz-build cmake --build --preset fuzz --target $(notdir $(basename $(wildcard tests/fuzz/*_fuzz.cc)))

fuzz: build-fuzz ## every fuzz target for FUZZ_SECONDS seconds
	@tools/fuzz build/fuzz $(FUZZ_SECONDS)

clean: ## remove build/ (the caches stay)
	rm -rf build
