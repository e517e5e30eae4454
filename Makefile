# What there is to do with Sluice. `make` alone lists it.

SLUICE_RELEASE := .build/release/sluice
SLUICE_DEBUG := .build/debug/sluice
VENV := .build-venv

.DEFAULT_GOAL := help
.PHONY: help setup run build test unit end-to-end soak latency bench bench-compare bench-test fuzz fuzz-replay clean

help: ## List the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@scripts/setup.sh

build: setup ## Build the release command, .build/release/sluice
	swift build -c release --product sluice

run: build ## Start the gateway and a demonstration vendor, and show what it does
	@scripts/run.sh $(SLUICE_RELEASE) || [ $$? -eq 130 ]

test: unit end-to-end ## Everything a change must pass: unit tests, then end to end over real sockets

# One debug build serves the unit tests and the end-to-end tests: the checks of a debug build (overflow, exclusivity, assertions) are
# wanted in both, and a release build of the same sources would cost the time of a second cold build.
# The engine's and the corpus's tests keep all cores busy, and so would starve the tests that watch the clock: they run after them.
unit: setup ## Build and run the unit tests
	swift build --build-tests
	swift test --skip-build --skip '^(EngineTests|CorpusTests)\.'
	swift test --skip-build --filter '^(EngineTests|CorpusTests)\.'

end-to-end: setup $(VENV)/ready ## Run the end-to-end tests with curl, nginx, the vendors' clients and an AutoGen agent
	@scripts/setup.sh --nginx
	swift build --product sluice
	SLUICE=$(abspath $(SLUICE_DEBUG)) $(VENV)/bin/python -m pytest Tests/EndToEnd

$(VENV)/ready: Tests/EndToEnd/requirements.txt
	@scripts/setup.sh --python
	python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet -r Tests/EndToEnd/requirements.txt
	@touch $@

soak: build ## Stream 10 GB through the proxy and check its peak memory (SOAK_GB=n for another size)
	python3 scripts/soak.py $(SLUICE_RELEASE)

latency: build ## Measure what the gateway adds to the delay of events, over 1,000 streams (LATENCY_STREAMS=n, …)
	python3 scripts/latency.py $(SLUICE_RELEASE)

bench: setup ## Measure the engine and write a dated record (BENCH='--quick --no-record' for a first look)
	swift run -c release --package-path Benchmarks sluice-bench $(BENCH)

bench-compare: ## Compare two records of the benchmark: A=before.json B=after.json
	@test -n "$(A)" -a -n "$(B)" || { echo 'error: which records?'; echo 'hint: make bench-compare A=before.json B=after.json'; exit 2; }
	swift run -c release --package-path Benchmarks sluice-bench compare $(A) $(B)

bench-test: setup ## Build and run the benchmark's own tests
	swift test --package-path Benchmarks

fuzz: setup ## Fuzz the engine, or a reader of commands (READER=sql), under address sanitizer for ten minutes (FUZZ_SECONDS=n)
	Fuzz/fuzz.sh $(or $(READER),engine)

fuzz-replay: setup ## Repeat one input that the fuzzer kept: [READER=sql] FILE=Fuzz/…
	swift build --package-path Fuzz --scratch-path .build-fuzz-case -c release --product fuzz-case
	.build-fuzz-case/release/fuzz-case $(if $(READER),replay-command $(READER),replay) $(FILE)

clean: ## Remove what was built
	rm -rf .build .build-venv .build-nginx .build-fuzz .build-fuzz-case Benchmarks/.build
