# The commands of everyday work. `make` alone lists them.
#
# Everything that is installed goes below .local/ (git-ignored): Python environments, one each where lists ask for
# different versions of a package, and the cargo tools of `make check`. npm's packages alone have another place.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup tools demo up down status test unit end-to-end check advisories lint format rules mutants fuzz \
	clean bench clients client-packages

PYTHON ?= python3
NAME ?= default

EMULATOR := .local/emulator
SAM := .local/sam
CONTRACT := .local/contract
CHECKOV := .local/checkov
AUDIT := .local/audit
CLIENTS := .local/clients
TOOLS := .local/tools
EMULATOR_STAMP := $(EMULATOR)/.stamp
SAM_STAMP := $(SAM)/.stamp
CONTRACT_STAMP := $(CONTRACT)/.stamp
CHECKOV_STAMP := $(CHECKOV)/.stamp
AUDIT_STAMP := $(AUDIT)/.stamp
CLIENTS_STAMP := $(CLIENTS)/.stamp
# npm knows one place: beside the list of its packages.
NODE_MODULES := clients/typescript/node_modules/.package-lock.json
REQUIREMENTS := $(wildcard infra/local/requirements-*.txt)
# The version is part of the folder's name, so that another version is another file to make.
DENY_VERSION := 0.20.2
MACHETE_VERSION := 0.9.2
DENY := $(TOOLS)/cargo-deny-$(DENY_VERSION)/bin/cargo-deny
MACHETE := $(TOOLS)/cargo-machete-$(MACHETE_VERSION)/bin/cargo-machete

# The fuzzer's crates count which edges of them are taken: LLVM's pass is an option of the stable compiler.
FUZZ := shared/stripe-events/fuzz
COUNTED := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters

STACK := $(EMULATOR)/bin/python infra/local/stack.py
export SAM_CLI_TELEMETRY := 0

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(EMULATOR_STAMP) $(SAM_STAMP) ## install the emulator and SAM below .local/

demo: setup ## the main job from purchase to refund, on this machine
	$(EMULATOR)/bin/python infra/local/demo.py

up: setup ## start a stack for one's own use; NAME=other starts a second one
	@$(STACK) up --name $(NAME)

status: setup ## what runs, with fresh tokens
	@$(STACK) status --name $(NAME)

down: setup ## stop it
	@$(STACK) down --name $(NAME)

test: unit end-to-end ## all tests

unit: ## tests that need nothing but Rust
	cargo test --workspace --locked

end-to-end: $(NODE_MODULES)
end-to-end: setup $(CONTRACT_STAMP) ## the real binaries in a stack of their own; MAKEGOOD_STACK=default: one that is up
	$(EMULATOR)/bin/python -m pytest -q tests/end_to_end

check: lint test fuzz ## what CI runs; what it could not check is its last line
	$(PYTHON) infra/local/advisories.py $(DENY) --if-reachable

# What is not known has not been checked: both commands fail where they cannot ask.
advisories: $(NODE_MODULES)
advisories: $(DENY) $(AUDIT_STAMP) ## known vulnerabilities and yanked versions; to be run before each deployment
	$(PYTHON) infra/local/advisories.py $(DENY)
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
		$(REQUIREMENTS:%=--requirement %)
	$(CLIENTS)/bin/python infra/local/clients.py audit

lint: setup tools $(CHECKOV_STAMP) $(NODE_MODULES) ## formatting, clippy, documentation, dependencies, template, clients
	cargo fmt --all --check
	cargo fmt --manifest-path $(FUZZ)/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --locked
	$(DENY) --locked check bans licenses sources
	cargo run --quiet --locked -p rules -- check
	$(MACHETE)
	$(SAM)/bin/sam validate --lint --template-file infra/template.yaml --region us-east-1
	$(CHECKOV)/bin/checkov --config-file infra/checkov.yaml
	$(CLIENTS)/bin/python infra/local/clients.py check

clients: $(NODE_MODULES) ## generate the clients for Python and TypeScript from the OpenAPI document
	$(CLIENTS)/bin/python infra/local/clients.py generate

client-packages: $(NODE_MODULES) ## a wheel and an npm package of the clients, in target/clients/
	$(CLIENTS)/bin/python infra/local/clients.py package

rules: ## every written rule with what holds it, in docs/rules.md
	cargo run --quiet --locked -p rules -- render

mutants: ## break each written rule whose tests or documents changed and record which test notices; ARGS=--help
	cargo run --quiet --locked -p rules -- mutate $(ARGS)

# For a named target, so that build scripts and macros are compiled as they are everywhere.
fuzz: ## random events and signatures, led by what they reach; ARGS=--help
	RUSTFLAGS='$(COUNTED)' cargo run --release --locked --manifest-path $(FUZZ)/Cargo.toml \
		--target $$(rustc --print host-tuple) --target-dir target/fuzz -- $(ARGS)

format: ## format the Rust code
	cargo fmt --all
	cargo fmt --manifest-path $(FUZZ)/Cargo.toml

# The harness is compiled as the tests are: the bench profile would replace the measured `hello` by an unoptimised one.
bench: ## measure, and compare with docs/PERFORMANCE.md; ARGS="--beside FOLDER": with another build, in turn
	cargo build --release --locked -p tests --bin hello
	cargo build --release --locked --bins
	cargo build --release --locked -p examples --example timing
	cargo bench --profile dev --locked -p tests --bench figures -- $(ARGS)

clean: ## stop the default stack and delete what was built and installed
	@if [ -x $(EMULATOR)/bin/python ]; then $(STACK) down --all; fi
	cargo clean
	rm -rf .local .aws-sam clients/typescript/node_modules clients/typescript/dist

# ── what is installed ───────────────────────────────────────────────────────────────────────────────────────────

tools: $(DENY) $(MACHETE)

$(EMULATOR_STAMP): infra/local/requirements-emulator.txt
$(SAM_STAMP): infra/local/requirements-sam.txt
$(CONTRACT_STAMP): infra/local/requirements-contract.txt
$(CHECKOV_STAMP): infra/local/requirements-checkov.txt
$(AUDIT_STAMP): infra/local/requirements-audit.txt
$(CLIENTS_STAMP): infra/local/requirements-clients.txt

# An environment is made anew when its list changes: a leftover of an older list would go unnoticed. Each file is
# compared with the hash that its list has.
$(EMULATOR_STAMP) $(SAM_STAMP) $(CONTRACT_STAMP) $(CHECKOV_STAMP) $(AUDIT_STAMP) $(CLIENTS_STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "installing $< into $(@D)" >&2
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	@touch $@

$(NODE_MODULES): $(CLIENTS_STAMP) clients/typescript/package.json clients/typescript/package-lock.json
	@echo "installing clients/typescript/package-lock.json" >&2
	@$(CLIENTS)/bin/python infra/local/clients.py install
	@touch $@

# Optimised only a little: they compile in half the time and run for a second.
QUICK := CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1

$(DENY):
	$(QUICK) cargo install --quiet --locked --no-default-features --root $(TOOLS)/cargo-deny-$(DENY_VERSION) \
		cargo-deny@$(DENY_VERSION)

$(MACHETE):
	$(QUICK) cargo install --quiet --locked --root $(TOOLS)/cargo-machete-$(MACHETE_VERSION) \
		cargo-machete@$(MACHETE_VERSION)
