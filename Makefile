# These do everything on a fresh Debian or Ubuntu with cargo (e2e on Debian only):
#
#   make demo    the main job in about a minute: learn a typist, accept them, refuse others
#   make test    every check and every test
#   make e2e     the shipped module under login, on an emulated machine with a keyboard
#   make e2e-full   every story of such machines, an hour at most
#   make bench   what is claimed of speed, as ratios (KEYDYN_DATA=FOLDER for a real recording too)
#   make accuracy   every figure of docs/evaluation.md anew, held to what is claimed (DATA=FOLDER)
#   make bench-instructions   what one score and one learning step cost, counted by valgrind
#   make bench-oracle   whether the time of a refusal tells what was wrong, as root (minutes)
#   make sanitize   the module under libpam with address and leak sanitizers (nightly compiler)
#   make long-life   a host that logs people in 2,000 and 100,000 times, and what it takes
#   make fuzz TARGET=name SECONDS=300   one reader of what comes from outside, by libFuzzer (nightly)
#   make miri    the core and the wrappers of keydyn-sys, interpreted (nightly)
#   make deny    licences, sources and known faults of what is linked, by cargo-deny
#   make build   the module and the command `keydyn`; then, as root: make install (make uninstall)
#   make package   the same as a package for Debian and Ubuntu, to be installed by apt
#   make check-package   that package installed, upgraded and removed, in a Debian of its own, as root
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

# Where this machine keeps its PAM modules; DESTDIR and PREFIX as everywhere.
PREFIX ?= /usr/local
PAM_DIR ?= $(patsubst %/,%,$(dir $(firstword $(wildcard /usr/lib/*/security/pam_unix.so /usr/lib64/security/pam_unix.so /lib/*/security/pam_unix.so /usr/lib/security/pam_unix.so))))

.PHONY: help demo test e2e e2e-image e2e-full accuracy accuracy-measured bench bench-instructions bench-oracle sanitize long-life build package check-package install uninstall fuzz miri deny check modules module replay-module standin tool prepare clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo 'make demo DATA=FILE    the same with real people: the CMU benchmark, DSL-StrongPasswordData.csv'
	@echo 'make demo DEMO_ARGS=--ascii   or --help, for what else the demo can be told'

## The main job, shown. DATA=path/to/DSL-StrongPasswordData.csv replays real people.
demo: replay-module standin
	@$(CARGO) build --quiet --locked --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p keydyn-demo
	@$(TESTS)/debug/keydyn-demo --module $(KEYDYN_REPLAY_MODULE) $(if $(DATA),--data "$(DATA)") $(DEMO_ARGS)

test: prepare check modules
	@scripts/prepare test
	$(CARGO) test --locked --workspace --target-dir $(TARGET)
	$(CARGO) test --locked --workspace --manifest-path tests/Cargo.toml --target-dir $(TESTS)

# Told by `make e2e`, and by `make e2e-full`, by their file in tests/vm/tests: two lists side by side
# (scripts/stories), about as long as each other.
STORIES := 'learned applications' 'password'
LONG := long files
ALL := '$(filter-out $(LONG),$(patsubst tests/vm/tests/%.rs,%,$(wildcard tests/vm/tests/*.rs)))' '$(LONG)'

## The machine alone; fails where it cannot be had.
e2e-image:
	@scripts/prepare e2e
	@scripts/vm-image $(TESTS)/vm

## Boots machines of its own (tests/vm); their image is made once and kept below $(TESTS).
e2e: package e2e-image
	@scripts/stories $(TESTS) $(STORIES)

## Every story, an hour at most; what they showed becomes docs/e2e.md.
e2e-full: package e2e-image
	@scripts/vm-image --logind $(TESTS)/vm
	@rm -rf $(TESTS)/vm/stories
	@{ scripts/stories $(TESTS) $(ALL); echo $$? >$(TESTS)/vm/code; } 2>&1 | tee $(TESTS)/vm/log
	@scripts/e2e-report $(TESTS)/vm/stories $(TESTS)/vm/log
	@exit $$(cat $(TESTS)/vm/code)

## The recordings are not ours to hand on: without them there is nothing to measure, which is no
## failure. DATA=FOLDER or KEYDYN_DATA says where they are.
RECORDINGS = $(abspath $(or $(DATA),$(KEYDYN_DATA),../shared/data))
accuracy:
	@if test -f "$(RECORDINGS)/DSL-StrongPasswordData.csv"; then \
	    $(MAKE) --no-print-directory accuracy-measured; \
	else \
	    echo "Nothing was measured: $(RECORDINGS)/DSL-StrongPasswordData.csv is not there."; \
	    echo "Fetch it from https://www.cs.cmu.edu/~keystroke/ and run: make accuracy DATA=FOLDER"; \
	fi

## Fails where a figure is off: the EER by 0.002, a rate by half a point (keydyn-enroll/tests/accuracy.rs).
accuracy-measured: prepare
	$(CARGO) build --locked --release -p keydyn-enroll --target-dir $(TARGET)
	@scripts/accuracy $(TARGET)/release/keydyn "$(RECORDINGS)" $(TARGET)/accuracy
	KEYDYN_DATA="$(RECORDINGS)" $(CARGO) test --locked --release -p keydyn-enroll --test accuracy --target-dir $(TARGET)

## Fails on no claim: a machine that does other things too proves nothing by one run.
bench: prepare
	$(CARGO) bench --locked --quiet -p keydyn-core --features eval --bench speed --target-dir $(TARGET)

bench-instructions: prepare
	$(CARGO) build --locked --release -p keydyn-core --features eval --example steps --target-dir $(TARGET)
	@scripts/bench-instructions $(TARGET)/release/examples/steps

## As root it asks pam_unix, with a yescrypt hash; else the stand-in. Asserts nothing.
bench-oracle: replay-module standin
	@$(CARGO) run --locked --quiet --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p stacks --example oracle

## Not in `make test`: ten minutes to half an hour. Says so and checks nothing where there is no nightly compiler.
sanitize: prepare standin
	@scripts/sanitize $(CURDIR)/target-sanitize $(TESTS)

## Not in `make test`: minutes to half an hour. Fails where a host grows (tests/stacks/tests/long_life.rs).
long-life: replay-module standin
	$(CARGO) test --locked --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p stacks --test long_life -- \
	    --ignored --test-threads 1 --nocapture

## Format, lints, documentation, every fuzz target over its corpus and mutations of it, and the rules
## of the house (scripts/check-house).
check: prepare
	$(CARGO) fmt --all --check
	$(CARGO) fmt --all --check --manifest-path tests/Cargo.toml
	$(CARGO) fmt --all --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --locked --workspace --all-targets --target-dir $(TARGET) -- -D warnings
	$(CARGO) clippy --locked -p pam_keydyn --all-targets --features replay-source --target-dir $(TARGET) -- -D warnings
	$(CARGO) clippy --locked -p keydyn-enroll --all-targets --features replay-source --target-dir $(TARGET) -- -D warnings
	$(CARGO) clippy --locked --workspace --all-targets --manifest-path tests/Cargo.toml --target-dir $(TESTS) -- -D warnings
	$(CARGO) clippy --locked --all-targets --manifest-path fuzz/Cargo.toml --target-dir $(TARGET) -- -D warnings
	$(CARGO) test --locked --quiet --manifest-path fuzz/Cargo.toml --target-dir $(TARGET)
	@scripts/deny --if-installed
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet --target-dir $(TARGET)
	scripts/check-house

## TARGET is a target's name here, and SECONDS how long; without a name it lists them.
fuzz: prepare
	@scripts/fuzz "$(if $(filter command,$(firstword $(origin TARGET))),$(TARGET))" "$(or $(SECONDS),300)"

miri: prepare
	@scripts/miri

deny:
	@scripts/deny

## What is installed.
build: module
	$(CARGO) build --locked --release -p keydyn-enroll --target-dir $(TARGET)

## A .deb for apt, in target/package. Installing it changes no stack (docs/adr/0025-a-package.md).
package: build
	@scripts/prepare package
	@scripts/package $(TARGET)/release $(TARGET)/package

## Installs it for real, as root, in a Debian of its own that is made once and kept.
check-package: package
	@scripts/prepare check-package
	@scripts/check-package $(TARGET)/package

## Installs what `make build` has built, and builds nothing: root needs no cargo. Changes no stack.
install:
	@test -f $(TARGET)/release/libpam_keydyn.so && test -f $(TARGET)/release/keydyn || \
	    { echo "Nothing is built yet: run 'make build' first, as yourself." >&2; exit 1; }
	@test -n "$(PAM_DIR)" || \
	    { echo "There is no pam_unix.so where PAM modules usually are: say PAM_DIR=/path/to/security." >&2; exit 1; }
	# In one step: a stack whose module is not there lets nobody in.
	install -D -m 0644 $(TARGET)/release/libpam_keydyn.so $(DESTDIR)$(PAM_DIR)/.pam_keydyn.so.new
	mv -f $(DESTDIR)$(PAM_DIR)/.pam_keydyn.so.new $(DESTDIR)$(PAM_DIR)/pam_keydyn.so
	install -D -m 0755 $(TARGET)/release/keydyn $(DESTDIR)$(PREFIX)/bin/keydyn
	test -e $(DESTDIR)/etc/pam.d/keydyn || install -D -m 0644 packaging/pam.d/keydyn $(DESTDIR)/etc/pam.d/keydyn
	test -e $(DESTDIR)/etc/security/keydyn.conf || install -D -m 0644 packaging/keydyn.conf $(DESTDIR)/etc/security/keydyn.conf
	install -D -m 0644 packaging/man/keydyn.1 $(DESTDIR)$(PREFIX)/share/man/man1/keydyn.1
	install -D -m 0644 packaging/man/pam_keydyn.8 $(DESTDIR)$(PREFIX)/share/man/man8/pam_keydyn.8
	sed -i 's|/usr/share/doc|$(PREFIX)/share/doc|' $(DESTDIR)$(PREFIX)/share/man/man8/pam_keydyn.8
	@scripts/documents $(DESTDIR)$(PREFIX)/share/doc/keydyn
	install -d -m 0700 $(DESTDIR)/var/lib/keydyn
	@echo "Installed. No stack was changed: see 'Put it into a stack' in README.md."

## Leaves what was learned (keydyn forget) and refuses while a stack still names the module.
uninstall:
	@named=$$({ $(DESTDIR)$(PREFIX)/bin/keydyn doctor --lines --root $(DESTDIR)/ 2>/dev/null | cut -d : -f 1; \
	    grep -Rils '^[^#]*pam_keydyn' $(DESTDIR)/etc/pam.conf $(DESTDIR)/etc/pam.d $(DESTDIR)/usr/lib/pam.d | \
	    grep -v '\(~\|\.bak\|\.orig\|\.old\|\.save\|\.pam-old\|\.dpkg-[a-z]*\)$$'; } | sort -u); test -z "$$named" || \
	    { echo "pam_keydyn.so is still named in" $$named "- take its lines out first, or nobody can log in." >&2; exit 1; }
	rm -f $(DESTDIR)$(PAM_DIR)/pam_keydyn.so $(DESTDIR)$(PREFIX)/bin/keydyn
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/keydyn.1 $(DESTDIR)$(PREFIX)/share/man/man8/pam_keydyn.8
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/keydyn
	if cmp -s packaging/pam.d/keydyn $(DESTDIR)/etc/pam.d/keydyn; then rm -f $(DESTDIR)/etc/pam.d/keydyn; fi
	if cmp -s packaging/keydyn.conf $(DESTDIR)/etc/security/keydyn.conf; then rm -f $(DESTDIR)/etc/security/keydyn.conf; fi
	@echo "Uninstalled."
	@if ls $(DESTDIR)/var/lib/keydyn/accounts/*.profile >/dev/null 2>&1; then \
	    echo "What was learned is still in $(DESTDIR)/var/lib/keydyn: remove that directory to erase it."; fi

modules: module replay-module standin tool

## The module as it is shipped.
module: prepare
	$(CARGO) build --locked --release -p pam_keydyn --target-dir $(TARGET)

## The module with recorded typing in place of keyboards, in a target directory of its own.
replay-module: prepare
	$(CARGO) build --locked --release -p pam_keydyn --features replay-source --target-dir $(REPLAY)

## The command, as the tests on a terminal run it: first with recorded typing, copied away, then as it
## is. What both link is built once.
tool: prepare
	$(CARGO) build --locked -p keydyn-enroll --features replay-source --target-dir $(TARGET)
	@install -D $(TARGET)/debug/keydyn $(KEYDYN_REPLAY_TOOL)
	$(CARGO) build --locked -p keydyn-enroll --target-dir $(TARGET)

## The stand-in for a password module, for tests and the demo.
standin: prepare
	$(CARGO) build --locked --manifest-path tests/Cargo.toml --target-dir $(TESTS) -p pam-standin

prepare:
	@scripts/prepare

clean:
	rm -rf $(TARGET) $(REPLAY) $(TESTS) $(CURDIR)/target-sanitize
