# Two commands matter: `make run` shows a container, `make test` runs every check. Both set up what they need.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

BIN := node_modules/.bin
CLOCHE := npx tsx orchestrator
TSX := node --import tsx

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------------------------------------------------- set-up

# npm ci rewrites this file last, so it is newer than the lock exactly when node_modules fits it.
NPM := node_modules/.package-lock.json

setup: system $(NPM) ## install what is missing: npm packages and, on Debian or Ubuntu as root, system packages

system:
	@.ci/packages build

$(NPM): package-lock.json | system
	npm ci --no-audit --no-fund
	@touch $@

# ------------------------------------------------------------------------------------------------------ the helper

# Evaluated at its first use in a recipe, once: on a bare machine `system` installs the compiler after make has read this.
ifneq ($(filter default undefined,$(origin CC)),)
CC = $(eval CC := $(shell command -v musl-gcc || echo cc))$(CC)
endif
# musl has none of the kernel's headers; those of the C library stand in, after its own.
MULTIARCH = $(eval MULTIARCH := $(shell gcc -print-multiarch))$(MULTIARCH)
KERNEL_HEADERS = $(if $(findstring musl,$(CC)),-idirafter /usr/include -idirafter /usr/include/$(MULTIARCH))
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Werror
PROTOCOL_HASH := $(shell sha256sum helper-c/protocol.def | cut -c1-16)
VERSION := $(shell sed -n 's/^\t"version": "\(.*\)",$$/\1/p' package.json)
DEFINES = -D_GNU_SOURCE -DPROTOCOL_HASH=0x$(PROTOCOL_HASH)ull -DCLOCHE_VERSION='"$(VERSION)"'
# Nothing is ever unwound, and its tables are a tenth of the binary.
C_FLAGS = -std=gnu11 -Os -static -fno-asynchronous-unwind-tables $(WARNINGS) -ffunction-sections -fdata-sections $(DEFINES) $(KERNEL_HEADERS) $(CFLAGS)
LINK_FLAGS = -static -Wl,--gc-sections -s $(LDFLAGS)

# One line for each file; make V=1 shows the commands.
V ?= 0
SAY = @$(if $(filter 0,$(V)),echo '  $(notdir $(firstword $(CC)))  $@' &&,set -x;)

OBJECTS := $(patsubst helper-c/%.c,build/obj/%.o,$(wildcard helper-c/*.c))

helper: build/nsinit ## build/nsinit, the C helper: static, warnings are errors

build/nsinit: $(OBJECTS) build/obj/flags
	$(SAY) $(CC) $(LINK_FLAGS) -o $@ $(OBJECTS)

# The same under ASan and UBSan, dynamic since they are: CLOCHE_NSINIT=build/nsinit-asan make test-helper runs it.
SANITIZED := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

build/nsinit-asan: $(wildcard helper-c/*.c helper-c/*.h) helper-c/protocol.def | system
	$(SAY) cc $(SANITIZED) $(WARNINGS) $(DEFINES) -o $@ $(wildcard helper-c/*.c)

build/obj/%.o: helper-c/%.c build/obj/flags
	$(SAY) $(CC) $(C_FLAGS) -MMD -MP -c -o $@ $<

# Changes only when the compiler or a flag does, and with it every object: the hash of the protocol is a flag, too.
build/obj/flags: FORCE | system
	@mkdir -p $(@D)
	@printf '%s\n' "$(CC) $(subst ",\",$(C_FLAGS)) $(LINK_FLAGS)" | cmp -s - $@ || printf '%s\n' "$(CC) $(subst ",\",$(C_FLAGS)) $(LINK_FLAGS)" > $@

-include $(OBJECTS:.o=.d)

build/probe build/terminal build/server: build/%: test/fixtures/%.c build/obj/flags
	$(SAY) $(CC) $(C_FLAGS) $(LINK_FLAGS) -o $@ $<

# Parts of the helper, driven without it.
KEPT := $(patsubst %,build/obj/%.o,log logfile record account json fail util)

build/keeper: test/fixtures/keeper.c $(KEPT) build/obj/flags
	$(SAY) $(CC) $(C_FLAGS) -Ihelper-c $(LINK_FLAGS) -o $@ $< $(KEPT)

probe: build/probe build/server build/terminal build/keeper ## what tests run: build/probe and build/server, static binaries of verbs, in containers; build/terminal, a user, outside; build/keeper, parts of the helper

PROTOCOL := orchestrator/helper/protocol.ts

build/print-protocol: helper-c/tools/print-protocol.c helper-c/protocol.def build/obj/flags
	$(SAY) $(CC) $(C_FLAGS) $(LINK_FLAGS) -o $@ $<

protocol: build/print-protocol ## print helper-c/protocol.def as orchestrator/helper/protocol.ts
	build/print-protocol > $(PROTOCOL).new
	mv $(PROTOCOL).new $(PROTOCOL)

protocol-check: build/print-protocol
	@build/print-protocol | cmp -s - $(PROTOCOL) || { echo '$(PROTOCOL) is stale: run make protocol and commit it' >&2; exit 1; }

# -------------------------------------------------------------------------------------------------- layers and dist

layers: build/layers/.busybox ## build/layers/busybox, from the Debian package busybox-static

build/layers/.busybox: $(wildcard layers/*.ts) orchestrator/image/recipe.ts $(wildcard /bin/busybox) | setup
	$(TSX) layers/build.ts busybox build/layers
	@touch $@

dist: dist/cloche.cjs ## the installed command and library: dist/cloche.cjs, dist/index.js

dist/cloche.cjs: $(shell find orchestrator layers -name '*.ts') orchestrator/launcher.cjs .ci/bundle.js package.json tsconfig.dist.json build/nsinit | setup
	node .ci/bundle.js
	$(BIN)/tsc -p tsconfig.dist.json
	@touch $@

# ------------------------------------------------------------------------------------------------------------ checks

built: setup helper layers probe

test: built dist protocol-check types lint ## every check: types, linter, C warnings, unit, helper and integration tests, examples
	@$(TSX) test/leftovers.ts before build/leftovers.json
	@$(MAKE) --no-print-directory run-tests
	@$(TSX) test/leftovers.ts after build/leftovers.json

# Bundled once and run as plain JavaScript, without tsx; each step waits for the one before, so that a failure is read alone.
AVA := CLOCHE_TESTS=built $(BIN)/ava
UNIT := $(AVA) 'build/tests/unit/**'
HELPER := $(AVA) --concurrency 2 --timeout 10m 'build/tests/helper/**'
# A test that starts a container beside fifty others tells little but how long each waits; so they take turns, in two rows.
INTEGRATION := $(AVA) --serial --timeout 10m

tests: setup
	@node .ci/bundle-tests.js

run-tests: tests
	$(UNIT)
	$(HELPER)
	@$(MAKE) --no-print-directory -j2 run-networks run-others
	@$(MAKE) --no-print-directory run-examples

run-networks: tests
	$(INTEGRATION) 'build/tests/integration/network/**'

run-others: tests
	$(INTEGRATION) 'build/tests/integration/**' '!build/tests/integration/network/**'

run-examples:
	@for file in examples/*.ts; do [ -e "$$file" ] || continue; echo "$(TSX) $$file"; $(TSX) "$$file"; done

test-unit: tests ## the tests that need neither root nor a build
	$(UNIT)

test-helper: built tests ## the tests of nsinit: frames, faults
	$(HELPER)

test-sanitized: built tests build/nsinit-asan ## the tests of nsinit again, against a build with ASan and UBSan
	CLOCHE_NSINIT=build/nsinit-asan $(HELPER) '!build/tests/helper/{inject,sweep}.test.js'

test-integration: built dist tests ## the tests that run containers
	@$(MAKE) --no-print-directory -j2 run-networks run-others

test-storage: built tests ## the storage drivers' contract suite alone, to be carried to other kernels
	$(AVA) --timeout 3m 'build/tests/integration/storage/**'

types: $(NPM) ## tsc
	$(BIN)/tsc -p .

lint: $(NPM) protocol-check ## eslint, and whether the generated protocol is fresh
	$(BIN)/eslint --max-warnings 0 --cache --cache-location build/eslintcache .

examples: built run-examples ## run the examples

# ------------------------------------------------------------------------------------------- a tour, and slow things

run: setup helper layers ## a short tour of what a container is
	@printf '\n# A host name of its own; the machine keeps its name.\n'
	$(CLOCHE) run --hostname westeros busybox hostname
	@printf '\n# Processes of its own: the command is process 1, and sees no other.\n'
	$(CLOCHE) run busybox sh -c 'echo "I am process $$$$"; ps; true'
	@printf '\n# A network of its own: nothing but lo.\n'
	$(CLOCHE) run busybox ip link
	@printf '\n# Root inside, with a root file system whose writes are thrown away: the second run finds nothing of the first.\n'
	$(CLOCHE) run busybox sh -c 'id; touch /test123; ls -l /test123'
	$(CLOCHE) run busybox sh -c 'ls /test123 || true'
	@printf '\n# The machine itself as the image: its programs, and still none of its processes.\n'
	$(CLOCHE) run host sh -c 'head -n 1 /etc/os-release; echo /proc/[0-9]*'
	@printf '\n# How it is done, step by step.\n'
	$(CLOCHE) run --explain --hostname westeros busybox hostname

# What a target fuzzes, beside itself. ASan and UBSan are on; a finding is kept in build/fuzz and fails the target.
FUZZED_decoder := helper-c/frame.c helper-c/plan.c
FUZZED_accounts := helper-c/user.c helper-c/fail.c helper-c/util.c
FUZZED_dns := helper-c/dns.c
FUZZ_TARGETS := decoder accounts dns

fuzz: $(FUZZ_TARGETS:%=fuzz-%) ## fuzz nsinit's decoder and parsers under ASan and UBSan, FUZZ_SECONDS (60) each

FUZZ_SECONDS ?= 60

fuzz-%: test/helper/fuzz/%.c
	@.ci/packages fuzz
	@mkdir -p build/fuzz/$*
	@clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(DEFINES) -Ihelper-c -o build/fuzz/$*.fuzzer $< $(FUZZED_$*)
	@echo 'fuzzing $* for $(FUZZ_SECONDS) seconds'
	@build/fuzz/$*.fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 -verbosity=0 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/$*- build/fuzz/$* test/helper/fuzz/corpus/$* >build/fuzz/$*.log 2>&1 \
		|| { tail -n 40 build/fuzz/$*.log; exit 1; }
	@sed -n 's/^stat:://p' build/fuzz/$*.log

build/spawner build/asker: build/%: bench/%.c build/obj/flags
	$(SAY) $(CC) $(C_FLAGS) $(LINK_FLAGS) -o $@ $<

LINKS := $(patsubst %,build/obj/%.o,netlink fail util)

build/linker: bench/linker.c $(LINKS) build/obj/flags
	$(SAY) $(CC) $(C_FLAGS) -Ihelper-c $(LINK_FLAGS) -o $@ $< $(LINKS)

# Bundled, since tsx would make the Node that is measured larger and slower; beside nsinit and layers/, as the installed one is.
bench: built dist build/spawner build/asker build/linker ## the table of start times, with every peer that is installed; BENCH_ROUNDS=5 is quick
	@$(BIN)/esbuild bench/main.ts --bundle --platform=node --target=node20 --format=esm --packages=external --log-level=warning --outfile=build/bench.mjs
	@env -u NODE_EXTRA_CA_CERTS BENCH_ROUNDS='$(BENCH_ROUNDS)' BENCH_STARTS='$(BENCH_STARTS)' node build/bench.mjs $(BENCH_ARGS)

bench-peers: ## install the peers that Debian has
	@.ci/packages peers

clean: ## remove what was built (not node_modules)
	rm -rf build dist

FORCE:

.PHONY: help setup system helper probe protocol protocol-check layers dist built test tests run-tests run-networks run-others run-examples test-unit test-helper test-sanitized test-integration test-storage types lint examples run fuzz bench \
	bench-peers clean FORCE
