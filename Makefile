# SPDX-License-Identifier: GPL-2.0-only
#
#   make            what the machine lacks, the complete tree in linux/, and the pull request that would be sent
#   make test       every test, up to KUnit and IGT in the kernel
#   make tree       linux/ only
#   make checks     checks of every patch only
#   make kunit      KUnit on UML only
#   make kunit-debug  the debug variant of it, which searches for leaks, too
#   make igt        IGT on UML only
#   make registry   what the registry says of the tree and of the latest results
#   make demo       a test picture through rvkms, frame by frame; the last one is build/demo/frame.png
#   make cross      compiles the abstractions and drivers for the other architectures
#   make matrix     boots and tests the kernels of all architectures
#   make report     all that is known of the tree on one HTML page, build/report/index.html
#   make test-report  that page in a browser, which is installed for it
#   make rust-analyzer   rust-project.json, for editors
#   make bench      measures the toolchain against tar and git
#   make bench-kernel  measures the time from an edit to KUnit's verdict against kunit.py
#   make clean      removes build/
#
# Everything else is the kernel's: make ARCH=arm64 defconfig, make menuconfig, make -j8 vmlinux … run in linux/.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory --no-builtin-rules
.SUFFIXES:
.NOTPARALLEL:
.DEFAULT_GOAL := all

TOOL := build/cargo/release/drm-rust
CARGO := cd scripts/drm-rust && cargo
# The client of rvkms, and where it leaves its picture.
DEMO := $(CURDIR)/build/demo
CLIENT := cd tools/testing/selftests/drm-rust && cargo
CLIENT_ARGS := --release --locked --quiet --target-dir $(DEMO)/cargo
# Other variables of the command line are the kernel's (LLVM=, ARCH=, V=…): cargo need not see them.
OURS := all bootstrap tool setup tree test test-tool test-tree test-editor test-report report checks kunit kunit-debug igt registry demo cross matrix \
	rust-analyzer bench bench-kernel clean

# Where clang and Rust's sources are, as `drm-rust setup` found them. Where it has not run yet, make runs it and
# starts again.
ifeq ($(filter bootstrap tool setup clean,$(MAKECMDGOALS)),)
include build/toolchain.mk
build/toolchain.mk:
	@$(MAKE) setup
endif

.PHONY: $(OURS)

all: tree
	@$(TOOL) forward --dry-run

# A bare machine has no linker: without one cargo cannot build the program that would install it.
bootstrap:
	@command -v cargo >/dev/null || { echo "error: cargo is missing"; \
		echo "hint: install a Rust toolchain with rustup"; exit 1; } >&2
	@command -v cc >/dev/null && command -v git >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "error: cc or git is missing"; \
			echo "hint: sudo apt-get install gcc libc6-dev git"; exit 1; } >&2; \
		apt-get update -qq && apt-get install -yqq --no-install-recommends gcc libc6-dev git ca-certificates; }

tool: bootstrap
	@$(CARGO) build --release --locked --quiet

setup: tool
	@$(TOOL) setup

tree: setup
	@$(TOOL) tree

# Every step of it, and how long each took (minutes and seconds), whether they pass or not.
STEPS := test-tool test-tree checks kunit test-editor igt registry test-report demo cross
test:
	@trap 'printf "\n%s" "$$times"' EXIT; \
	for step in $(STEPS); do \
		begin=$$SECONDS; $(MAKE) $$step; code=$$?; \
		times+=$$(printf "%-12s %3d:%02d" $$step $$(((SECONDS-begin)/60)) $$(((SECONDS-begin)%60))); \
		[ $$code = 0 ] || { times+="  failed"$$'\n'; exit $$code; }; \
		times+=$$'\n'; \
	done

# Format, lints, unit and command tests: seconds.
test-tool: setup
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets --quiet -- -D warnings
	$(CARGO) test --release --locked
	$(CLIENT) clippy --all-targets $(CLIENT_ARGS) -- -D warnings
	$(CLIENT) test $(CLIENT_ARGS)

# The real base, end to end, and Debian's archive through apt.
test-tree: tree
	$(CARGO) test --release --locked --test real_base --test base -- --ignored --test-threads=1 --nocapture

# Checks of every patch, and that each check finds what it is for.
checks: tree
	@$(TOOL) setup --checks
	$(CARGO) test --release --locked --test check -- --ignored --test-threads=1 --nocapture

# The suites and doctests of the topics, with everything else that the tree can test on UML; and what must not compile.
kunit: tree
	$(CARGO) test --release --locked --test kunit -- --ignored --test-threads=1 --nocapture --skip debug_variant
	$(CARGO) test --release --locked --test misuse -- --ignored --nocapture

# The same with whatever finds mistakes at run time, and a search for leaks.
kunit-debug: tree
	$(CARGO) test --release --locked --test kunit -- --ignored --test-threads=1 --nocapture debug_variant

# IGT GPU Tools against vkms, with tests that hang and that kill the kernel; then rvkms, which must not be worse.
igt: tree
	@$(TOOL) setup --igt
	$(CARGO) test --release --locked --test igt -- --ignored --test-threads=1 --nocapture
	@$(TOOL) igt --driver rvkms --compare vkms

# What the registry says, against the tree and the results that are there by now.
registry: tree
	@$(TOOL) registry verify

# A client of rvkms in user space: draws, has the driver write a frame back, and compares.
demo: tree
	@$(CLIENT) build $(CLIENT_ARGS)
	@$(TOOL) boot um -- sh -c \
		'mount -t hostfs -o $(DEMO) none /mnt && exec /mnt/cargo/release/drm-rust-demo /mnt/frame.png'

# What is ours, for the architectures that no other test builds for.
cross: tree
	@$(TOOL) build arm64 riscv loongarch --target rust/ --target samples/rust/ --target drivers/gpu/drm/rvkms/

# Every architecture in full, and the debug variant: well over an hour from cold on two cores.
matrix: tree kunit-debug
	@$(TOOL) setup --qemu
	@$(TOOL) test um x86_64 arm64 riscv loongarch

# What rust-analyzer finds, where it is installed.
test-editor: tree
	$(CARGO) test --release --locked --test rust_analyzer -- --ignored --nocapture

# For another architecture's code: make ARCH=arm64 rust-analyzer. Without the program itself, too: editors may bring it.
rust-analyzer: tree
	-@$(TOOL) setup --editor
	@$(TOOL) rust-analyzer $(ARCH)

report: tree
	@$(TOOL) report

# The page in headless Chromium: keyboard, filters, sorting, phone, dark mode, and without JavaScript.
test-report: tool
	@$(TOOL) setup --report
	$(CARGO) test --release --locked --test report -- --ignored --test-threads=1

bench: tree
	$(CARGO) bench --locked --bench tree

bench-kernel: tree
	$(CARGO) bench --locked --bench kernel

clean:
	rm -rf build

# The kernel's own targets.
ifneq ($(filter-out $(OURS),$(MAKECMDGOALS)),)
KERNEL_GOALS := $(filter-out $(OURS),$(MAKECMDGOALS))
# The compiler with ccache in front of it, unless the caller names one.
CALLERS := $(filter command environment,$(origin LLVM) $(origin CC))
COMPILER := $(if $(CACHED_CC),$(if $(CALLERS),,CC="$(CACHED_CC)"))
.PHONY: $(KERNEL_GOALS) kernel
$(KERNEL_GOALS): kernel ;
kernel: | linux/Makefile
	@+$(MAKE) -C linux $(if $(O),O=$(abspath $(O))) $(COMPILER) $(KERNEL_GOALS)
endif

linux/Makefile:
	@$(MAKE) tree
