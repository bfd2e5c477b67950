# The one front door: people, hooks and CI call these targets and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Targets build into shared folders and drive tools that use every core themselves.
.NOTPARALLEL:

BUILD := build
PYTHON := .venv/bin/python
MODEL := $(BUILD)/models/smollm2-135m-instruct-q4_1.gguf

# What `make run` asks and where it serves; any of them can be set on the command line.
PROMPT ?= What is an operating system? Answer in one sentence.
PORT ?= 8080
RUN_OPTIONS ?=
# Options of a benchmark: --quick for a rough look, --record to leave the results in bench/results.
BENCH_OPTIONS ?=

.PHONY: help build tools kernel setup model run test test-unit test-e2e tidy fuzz clean
.PHONY: bench-load bench-engine bench-coldstart bench-vm

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build hexa-os, hexa-serve, hexa and the kernel image into build/
	@scripts/build

tools:
	@scripts/build-tools

kernel:
	@scripts/build-kernel

setup: ## Install what is missing: Debian packages and the Python environment .venv
	@scripts/setup

model: $(MODEL) ## Fetch the model package and unpack its weights into build/models/

$(MODEL): scripts/fetch-model
	@scripts/setup
	@scripts/fetch-model $@

run: setup model build ## Boot, answer a first prompt, serve on PORT (8080) until Ctrl-C
	@exec $(BUILD)/hexa-os run $(MODEL) --port $(PORT) --prompt '$(subst ','\'',$(PROMPT))' $(RUN_OPTIONS)

test: setup model ## Everything: tidy, unit, closure scripts, fuzz smoke, boot and end-to-end tests
	@scripts/build --with-fuzzer
	@$(PYTHON) scripts/test all

test-unit: setup model ## Only the unit tests of the host build
	@$(PYTHON) scripts/test unit

test-e2e: setup model build ## Only the boot and end-to-end tests
	@$(PYTHON) scripts/test e2e

tidy: ## Check the rules that keep the source readable
	@python3 scripts/tidy

fuzz: ## Fuzz every parser (FUZZ_SECONDS each, 60 by default)
	@scripts/fuzz $${FUZZ_SECONDS:-60}

bench-load bench-engine bench-coldstart: setup model build ## Measure against llama.cpp (BENCH_OPTIONS=--quick)
	@scripts/build-llama
	@$(PYTHON) bench/$(@:bench-%=%).py $(BENCH_OPTIONS)

bench-vm: tools ## Measure the language against Lua 5.4
	@scripts/setup lua5.4
	@$(PYTHON) bench/vm.py $(BENCH_OPTIONS)

bench-%: setup model build ## Run a benchmark of bench/, such as bench-boot
	@$(PYTHON) bench/$*.py $(BENCH_OPTIONS)

clean: ## Remove every build product; keeps .venv and the fetched model package
	rm -rf .build .build-kernel .build-fuzz \
		$(BUILD)/hexa $(BUILD)/hexa-os $(BUILD)/hexa-serve $(BUILD)/hexa-vmm $(BUILD)/engine-bench $(BUILD)/law-bench \
		$(BUILD)/*.elf $(BUILD)/bench $(BUILD)/test $(BUILD)/fuzz
