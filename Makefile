# These do everything on a fresh Debian or Ubuntu with cargo (e2e on Debian only):
#
#   make demo    the main job in about a minute: learn a typist, accept them, refuse others
#   make test    every check and every test
#   make e2e     the shipped module under login, on an emulated machine with a keyboard
#
# They install missing system packages first (scripts/prepare), as root or through sudo.

CARGO ?= cargo
# Set here, so that a CARGO_TARGET_DIR in the environment does not move what others look for.
TARGET := $(CURDIR)/target
REPLAY := $(CURDIR)/target-replay
TESTS := $(CURDIR)/tests/target
unexport CARGO_TARGET_DIR

export KEYDYN_MODULE := $(TARGET)/release/libpam_keydyn.so
export KEYDYN_TOOL := $(TARGET)/debug/keydyn
export KEYDYN_REPLAY_TOOL := $(REPLAY)/debug/keydyn
export KEYDYN_REPLAY_MODULE := $(REPLAY)/release/libpam_keydyn.so

.PHONY: help demo test e2e check modules module replay-module standin tool prepare clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo 'make demo DATA=FILE    the same with real people: the CMU benchmark, DSL-StrongPasswordData.csv'
	@echo 'make demo DEMO_ARGS=--ascii   or --help, for what else the demo can be told'

## The main job, shown. DATA=path/to/DSL-StrongPasswordData.csv replays real people.
demo: replay-module standin
	@$(CARGO) build --quiet --locked --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p keydyn-demo
	@$(TESTS)/debug/keydyn-demo --module $(KEYDYN_REPLAY_MODULE) $(if $(DATA),--data "$(DATA)") $(DEMO_ARGS)

test: prepare check modules
	$(CARGO) test --locked --workspace --target-dir $(TARGET)
	$(CARGO) test --locked --workspace --manifest-path tests/Cargo.toml --target-dir $(TESTS)

## Boots machines of its own (tests/vm); their image is made once and kept below $(TESTS).
e2e: module
	@scripts/prepare e2e
	@scripts/vm-image $(TESTS)/vm
	KEYDYN_VM=$(TESTS)/vm $(CARGO) test --locked --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p vm --no-fail-fast -- --ignored --nocapture --test-threads=1

## Format, lints, documentation, and the rules of the house (scripts/check-house).
check: prepare
	$(CARGO) fmt --all --check
	$(CARGO) fmt --all --check --manifest-path tests/Cargo.toml
	$(CARGO) clippy --locked --workspace --all-targets --target-dir $(TARGET) -- -D warnings
	$(CARGO) clippy --locked -p pam_keydyn --all-targets --features replay-source --target-dir $(TARGET) -- -D warnings
	$(CARGO) clippy --locked -p keydyn-enroll --all-targets --features replay-source --target-dir $(TARGET) -- -D warnings
	$(CARGO) clippy --locked --workspace --all-targets --manifest-path tests/Cargo.toml --target-dir $(TESTS) -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet --target-dir $(TARGET)
	scripts/check-house

modules: module replay-module standin tool

## The module as it is shipped.
module: prepare
	$(CARGO) build --locked --release -p pam_keydyn --target-dir $(TARGET)

## The module with recorded typing in place of keyboards, in a target directory of its own.
replay-module: prepare
	$(CARGO) build --locked --release -p pam_keydyn --features replay-source --target-dir $(REPLAY)

## The command, as the tests on a terminal run it.
tool: prepare
	$(CARGO) build --locked -p keydyn-enroll --target-dir $(TARGET)
	$(CARGO) build --locked -p keydyn-enroll --features replay-source --target-dir $(REPLAY)

## The stand-in for a password module, for tests and the demo.
standin: prepare
	$(CARGO) build --locked --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p pam-standin

prepare:
	@scripts/prepare

clean:
	rm -rf $(TARGET) $(REPLAY) $(TESTS)
