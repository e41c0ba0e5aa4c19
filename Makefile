# Headrace: what a developer does here. `make help` lists it.

SWIFT ?= swift
export SWIFT
TIMEOUT ?= 1200
# make fuzz: an empty TARGET is all of them, SECONDS each.
FUZZ_TARGETS := RequestHead ResponseHead ChunkedBody Config CacheControl StructuredField \
  DateAndRange HPACK HTTP2Session ProxyHeader
TARGET ?=
SECONDS ?= 60
# make bench
SCENARIOS ?= small,browser,medium,large,post,close,many
PEERS ?= nginx,haproxy,relay
ROUNDS ?= 5

RELEASE := .build/release/headrace
RELEASE_FLAGS := -c release --product headrace --static-swift-stdlib
FORMATTED := Sources Tests Examples Package.swift
EXAMPLE := --package-path Examples/CustomStrategy --scratch-path .build-example

.DEFAULT_GOAL := help
.PHONY: help run build test test-sanitize test-example fuzz bench format lint clean \
  packages binary test-steady sanitize-address sanitize-thread

help: ## List these commands
	@echo "usage: make COMMAND"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: packages binary ## Start the demo; with CONFIG=path run that config instead
	@if [ -n "$(CONFIG)" ]; then exec $(RELEASE) run "$(CONFIG)"; else exec $(RELEASE) demo; fi

build: packages binary ## Build the release binary and say where it is
	@echo "release binary: $(CURDIR)/$(RELEASE)"

test: packages ## Install what tests need, run the suite, list the skipped tests
	@scripts/install-packages test || echo "make test: tests that need these are skipped"
	@HEADRACE_PYTHON="$$(scripts/test-python)" TEST_TIMEOUT=$(TIMEOUT) \
	  scripts/run-tests --xunit-output .build/tests.xml $(ARGS)
	@$(if $(ARGS),,$(MAKE) --no-print-directory test-steady)

test-sanitize: packages sanitize-address sanitize-thread ## Run the suite under the sanitizers

test-example: packages ## Build the example of a custom strategy, test it, run requests through it
	@TEST_TIMEOUT=$(TIMEOUT) scripts/run-tests $(EXAMPLE)
	@HEADRACE_EXAMPLE=1 TEST_TIMEOUT=$(TIMEOUT) \
	  HEADRACE_BINARY="$$($(SWIFT) build $(EXAMPLE) --show-bin-path)/custom-headrace" \
	  scripts/run-tests --filter ExampleTests

fuzz: packages ## Fuzz engines and parsers: TARGET=RequestHead (default: all) SECONDS=60
	@scripts/fuzz $(SECONDS) $(or $(TARGET),$(FUZZ_TARGETS))

bench: build ## Compare CPU time per request with nginx, HAProxy and a bare relay
	@scripts/install-packages bench
	@python3 Benchmarks/bench.py --peers $(PEERS) --scenarios $(SCENARIOS) --rounds $(ROUNDS) \
	  --sut 'headrace=$(CURDIR)/Benchmarks/serve {port} {scenario} {certs}' $(ARGS)

format: ## Format the Swift files in place
	@$(SWIFT) format --in-place --recursive $(FORMATTED)

lint: ## Check the format of the Swift files
	@$(SWIFT) format lint --strict --recursive $(FORMATTED)

clean: ## Remove everything that was built
	rm -rf .build .build-asan .build-tsan .build-fuzz .build-release-tests \
	  .build-tools .build-example Examples/CustomStrategy/.build

# ---- steps of the commands above ----

packages:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "Swift 6.3 or later is needed: https://www.swift.org/install/linux/" >&2; exit 1; }
	@scripts/install-packages build

# Always asks the package manager, which knows best whether there is something to do.
binary:
	@$(SWIFT) build $(RELEASE_FLAGS)

# Unoptimised code retains what it merely reads, so references per request are counted in release.
test-steady: export HEADRACE_ONLY_STEADY_STATE = 1
test-steady:
	@echo "== steady state, optimised: nothing allocated, retained or locked per request"
	@TEST_TIMEOUT=$(TIMEOUT) scripts/run-tests --scratch-path .build-release-tests \
	  -c release -Xswiftc -enable-testing

# One scratch path per variant: flags that alternate in one path rebuild everything each time.
# XCTest itself leaks a few bytes, which the address sanitizer reports as a failure.
# HEADRACE_SANITIZE leaves out the test target that replaces malloc.
sanitize-address: export HEADRACE_SANITIZE = address
sanitize-address: export LSAN_OPTIONS = suppressions=$(CURDIR)/scripts/lsan-suppressions
sanitize-address:
	@echo "== address sanitizer (Swift, C) and undefined-behaviour sanitizer (C)"
	@HEADRACE_PYTHON="$$(scripts/test-python)" TEST_TIMEOUT=$(TIMEOUT) scripts/run-tests \
	  --scratch-path .build-asan --sanitize=address --disable-xctest \
	  -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined $(ARGS)

sanitize-thread: export HEADRACE_SANITIZE = thread
sanitize-thread:
	@echo "== thread sanitizer"
	@HEADRACE_PYTHON="$$(scripts/test-python)" TEST_TIMEOUT=$(TIMEOUT) scripts/run-tests \
	  --scratch-path .build-tsan --sanitize=thread --disable-xctest $(ARGS)
