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

# Cargo's own tools are built once into our folder, never into the user's.
DENY_VERSION := 0.20.2
MACHETE_VERSION := 0.9.2
DENY := $(TARGET)/tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny
MACHETE := $(TARGET)/tools/cargo-machete-$(MACHETE_VERSION)/bin/cargo-machete

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
	scripts/install-missing.sh cc curl sqlite3 postgresql python-venv
	scripts/with-postgres.sh $(CARGO) test --locked --workspace --all-features --no-fail-fast
	tests/clients/run.sh
	scripts/demo.sh --once

.PHONY: test-llm
test-llm: ## Put the gateway before a real language model on this machine's CPU (downloads 130 MB once)
	scripts/install-missing.sh cc curl python-venv
	tests/llm/run.sh

.PHONY: check
check: fmt-check deny unused lint test doc ## Everything that must hold before a change lands
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

.PHONY: deny
deny: $(DENY) ## Licences, banned crates and sources of all dependencies
	$(DENY) --locked check bans licenses sources
	@echo "The advisory database was not asked: it is fetched from the net. Where that works, run \`make advisories\`."

.PHONY: advisories
advisories: $(DENY) ## Known vulnerabilities of all dependencies (needs the advisory database, hence the net)
	$(DENY) --locked check advisories

.PHONY: unused
unused: $(MACHETE) ## Dependencies that are named and not used
	$(MACHETE) bins crates

##@ Measuring it

.PHONY: footprint
footprint: build ## Size of the release binary, time until it is ready, memory when idle
	scripts/footprint.sh

##@ Cleaning up

.PHONY: clean
clean: ## Remove everything that was built; configuration and records stay
	$(CARGO) clean
	rm -rf openai-api-route tests/clients/node/node_modules

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# These tools look at text for a second or two: building them takes longer than running them, so the optimiser rests.
define build_tool
	@echo "building $(1) $(2) once, about a minute"
	CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
		$(CARGO) install --quiet --locked --root $(TARGET)/tools/$(1)-$(2) $(1)@$(2)
endef

$(DENY):
	$(call build_tool,cargo-deny,$(DENY_VERSION))

$(MACHETE):
	$(call build_tool,cargo-machete,$(MACHETE_VERSION))
