# Everything this project can be told to do. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
# The steps of a check share one build directory and one screen.
.NOTPARALLEL:

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
CONFIG ?= config.yaml

# Of `make soak`: how long, how many requests a second (0: as many as the clients can), how many clients, which requests.
TIME ?= 30m
RATE ?= 200
CLIENTS ?= 64
SEED ?= 1

# Of `make fuzz`: how long each target runs.
FUZZ_SECONDS ?= 60

# Cargo's own tools are built once into our folder, never into the user's.
CHEF_VERSION := 0.1.78
DENY_VERSION := 0.20.2
MACHETE_VERSION := 0.9.2
SBOM_VERSION := 0.10.0
FUZZ_VERSION := 0.13.1
CHEF := $(TARGET)/tools/cargo-chef-$(CHEF_VERSION)/bin/cargo-chef
DENY := $(TARGET)/tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny
FUZZ := $(TARGET)/tools/cargo-fuzz-$(FUZZ_VERSION)/bin/cargo-fuzz
MACHETE := $(TARGET)/tools/cargo-machete-$(MACHETE_VERSION)/bin/cargo-machete
SBOM := $(TARGET)/tools/cargo-sbom-$(SBOM_VERSION)/bin/cargo-sbom

##@ Using it

.PHONY: build
build: ## Build the release binary and leave it here as ./openai-api-route (what plain `make` does)
	$(CARGO) build --locked --release --package openai-api-route
	install -m 755 $(TARGET)/release/openai-api-route openai-api-route

.PHONY: run
run: build $(CONFIG) ## Build, then serve with config.yaml, made from the sample when missing (CONFIG=other.yaml)
	./openai-api-route --config $(CONFIG)

# Only when it is missing: an edited configuration is never overwritten, however new the sample.
$(CONFIG):
	cp config.sample.yaml $(CONFIG)
	@echo "There was no $(CONFIG), so config.sample.yaml was copied to it: put your upstreams and keys in there."

.PHONY: demo
demo: ## See a failover in action, without a key and without a network
	scripts/demo.sh

##@ Testing it

.PHONY: test
test: ## Run every test: Rust, SQLite, PostgreSQL, the official Python and Node clients, the demonstration
	scripts/install-missing.sh cc curl fiu sqlite3 postgresql python-venv
	scripts/with-postgres.sh $(CARGO) test --locked --workspace --all-features --no-fail-fast
	$(CARGO) test --locked --quiet --workspace --all-features $(MICRO) --bench request_path
	tests/clients/run.sh
	scripts/demo.sh --once

.PHONY: test-llm
test-llm: ## Put the gateway before a real language model on this machine's CPU (downloads 130 MB once)
	scripts/install-missing.sh cc curl python-venv
	tests/llm/run.sh

.PHONY: check
check: fmt-check deny unused lint test deploy-check monitoring-check instructions strangers doc book ## Everything that must hold before a change lands
	@echo "make check: all passed"

##@ Single checks

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: fmt-check
fmt-check: ## Is the code formatted?
	$(CARGO) fmt --all --check

.PHONY: lint
lint: ## clippy, warnings are errors
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings

.PHONY: doc
doc: ## Build the API documentation, warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --all-features --no-deps

.PHONY: book
book: ## Make a book of docs/ in target/book, and look whether its links lead somewhere
	scripts/book.sh

.PHONY: strangers
strangers: ## Get through the documents as strangers do: operator, Rust engineer, author of a backend
	scripts/strangers.sh

.PHONY: deny
deny: $(DENY) ## Licences, banned crates and sources of all dependencies
	$(DENY) --locked check bans licenses sources
	@echo "The advisory database was not asked: it is fetched from the net. Where that works, run \`make advisories\`."

.PHONY: advisories
advisories: $(DENY) ## Known vulnerabilities of all dependencies (needs the advisory database, hence the net)
	$(DENY) --locked check advisories

# Packed and checked, not built again: what is packed is what all else here builds. A tree that is being worked on will do.
.PHONY: publish-check
publish-check: ## Could every crate be published as it is? (uploads nothing)
	$(CARGO) publish --locked --workspace --dry-run --no-verify --allow-dirty --quiet

.PHONY: unused
unused: $(MACHETE) ## Dependencies that are named and not used
	$(MACHETE) bench bins crates

.PHONY: deploy-check
deploy-check: ## Dockerfile, compose.yaml and deploy/: does who reads them take them?
	scripts/deploy-check.sh

.PHONY: monitoring-check
monitoring-check: ## Does Prometheus find all that the dashboard and the alerting rules ask a gateway under load for?
	scripts/monitoring-check.sh

.PHONY: monitoring-picture
monitoring-picture: ## The same for two minutes, drawn into docs/pictures/dashboard.svg
	scripts/monitoring-check.sh --picture

.PHONY: image-check
image-check: $(CHEF) ## The steps of Dockerfile by hand, then the program as a container has it (a release build, minutes)
	CARGO_CHEF=$(dir $(CHEF)) scripts/image-check.sh

# Sanitizers and coverage are not stable yet; the pinned compiler has them all the same.
.PHONY: fuzz
fuzz: $(FUZZ) ## Fuzz everything that reads strangers' bytes, each for FUZZ_SECONDS=60 (needs a C++ compiler)
	scripts/install-missing.sh cc c++
	for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
		RUSTC_BOOTSTRAP=1 $(FUZZ) run --fuzz-dir fuzz $$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

##@ Measuring it

# The micro-benchmarks, by the names of their files; each takes a second or two.
MICRO := --bench facts --bench events --bench router --bench row

.PHONY: bench-micro
bench-micro: ## What the steps of a request take, each by itself: facts of a body, token, plan, events, row (half a minute)
	$(CARGO) bench --locked --package oar-protocol --package oar-routing --package oar-record $(MICRO)

.PHONY: instructions
instructions: ## Instructions of one request, held against bench/instructions.txt (CASE=plain: by function)
	scripts/install-missing.sh cc valgrind
	CARGO="$(CARGO)" scripts/instructions.sh $(if $(CASE),--functions $(CASE))

.PHONY: instructions-update
instructions-update: ## Write what they are now into bench/instructions.txt
	scripts/install-missing.sh cc valgrind
	CARGO="$(CARGO)" scripts/instructions.sh --update

.PHONY: footprint
footprint: build ## Size of the release binary, time until it is ready, memory when idle
	scripts/footprint.sh

.PHONY: bench
bench: build ## What a request costs, beside no proxy, nginx and Go's: into docs/benchmarks.md (ROUNDS=3 PEERS=all ONLY=all)
	scripts/install-missing.sh nginx golang postgresql
	$(CARGO) run --locked --release --package oar-bench --bin bench -- --binary ./openai-api-route \
		--rounds $(ROUNDS) --peers $(PEERS) --only $(ONLY) --write docs

.PHONY: bench-growth
bench-growth: build ## The same with more upstreams, tokens, bytes and connections: how the cost grows (ROUNDS=3)
	$(CARGO) run --locked --release --package oar-bench --bin growth -- --binary ./openai-api-route \
		--rounds $(ROUNDS) --write docs

.PHONY: soak
soak: build ## A mixed load with faults for half an hour, then an account of every request (TIME=30m RATE=200 CLIENTS=64 SEED=1)
	scripts/install-missing.sh sqlite3
	MALLOC_ARENA_MAX=2 $(CARGO) run --locked --release --package oar-bench --bin soak -- --binary ./openai-api-route \
		--time $(TIME) --rate $(RATE) --clients $(CLIENTS) --seed $(SEED)

.PHONY: soak-smoke
soak-smoke: ## The same for five seconds, with development builds
	scripts/install-missing.sh cc sqlite3
	$(CARGO) build --locked --package openai-api-route
	$(CARGO) run --locked --package oar-bench --bin soak -- --binary $(TARGET)/debug/openai-api-route \
		--time 5s --rate 100 --clients 16 --reload 2s

# Of `make bench`, `make outage`, `make kills`, `make bench-records` and `make bench-alerts`: how often, who and what is
# compared, how large a table, how large its texts, how many upstreams fail.
bench: ROUNDS = 3
bench-growth: ROUNDS = 3
PEERS ?= all
ONLY ?= all
outage: TIME = 60s
outage: ROUNDS = 2
KILLS ?= 100
bench-records: TIME = 10s
bench-records: RATE = 300
bench-records: ROUNDS = 3
bench-alerts: TIME = 10s
bench-alerts: RATE = 1000
bench-alerts: ROUNDS = 1
PART ?= all
ROWS ?= 5000000
TEXT ?= 256
FAILING ?= 100

.PHONY: outage
outage: build ## The database away for a minute under load: who notices, what is lost (TIME=60s RATE=200 ROUNDS=2)
	scripts/install-missing.sh sqlite3 postgresql
	$(CARGO) run --locked --release --package oar-bench --bin outage -- --binary ./openai-api-route \
		--time $(TIME) --rate $(RATE) --rounds $(ROUNDS)

.PHONY: kills
kills: build ## A hundred SIGKILLs under load with each database, then which rows are there (KILLS=100 RATE=200 SEED=1)
	scripts/install-missing.sh sqlite3 postgresql
	$(CARGO) run --locked --release --package oar-bench --bin kills -- --binary ./openai-api-route \
		--kills $(KILLS) --rate $(RATE) --seed $(SEED)

.PHONY: bench-records
bench-records: build ## What records cost, and finding some among millions (PART=all TIME=10s RATE=300 ROUNDS=3 ROWS=5000000 TEXT=256)
	scripts/install-missing.sh sqlite3 postgresql
	$(CARGO) run --locked --release --package oar-bench --bin bench-records -- --binary ./openai-api-route \
		--part $(PART) --time $(TIME) --rate $(RATE) --rounds $(ROUNDS) --rows $(ROWS) --text $(TEXT)

.PHONY: bench-alerts
bench-alerts: build ## Ten thousand failures in ten seconds: which messages come, and what they cost (TIME=10s RATE=1000 ROUNDS=1 FAILING=100)
	$(CARGO) run --locked --release --package oar-bench --bin alerts -- --binary ./openai-api-route \
		--time $(TIME) --rate $(RATE) --rounds $(ROUNDS) --failing $(FAILING)

##@ Releasing it

.PHONY: dist
dist: $(SBOM) ## Pack a release into target/dist: program, manual pages, completions, SBOM, checksums
	$(CARGO) build --locked --release --package openai-api-route
	CARGO_SBOM=$(SBOM) scripts/dist.sh

.PHONY: dist-attach
dist-attach: ## Attach target/dist to the release of a tag on the forge (TAG=v0.1.0; needs gh and GH_TOKEN)
	scripts/dist.sh --attach $(TAG)

##@ Cleaning up

.PHONY: clean
clean: ## Remove everything that was built; configuration and records stay
	$(CARGO) clean
	rm -rf openai-api-route tests/clients/node/node_modules

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# These tools look at text for a second or two: building them takes longer than running them, so the optimiser rests.
define build_tool
	@echo "building $(1) $(2) once, about a minute"
	CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
		$(CARGO) install --quiet --locked --root $(TARGET)/tools/$(1)-$(2) $(1)@$(2)
endef

$(CHEF):
	$(call build_tool,cargo-chef,$(CHEF_VERSION))

$(DENY):
	$(call build_tool,cargo-deny,$(DENY_VERSION))

$(FUZZ):
	$(call build_tool,cargo-fuzz,$(FUZZ_VERSION))

$(MACHETE):
	$(call build_tool,cargo-machete,$(MACHETE_VERSION))

$(SBOM):
	$(call build_tool,cargo-sbom,$(SBOM_VERSION))
