# AEGIS.  `make help` lists the targets; README.md has the first five minutes.
#
# Not recursive.  Everything built goes to $(B); a sanitizer run has a tree of
# its own: `make test SAN=address,undefined` builds in build/address-undefined.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
SHELL := /bin/bash

comma := ,
VERSION := 0.1.0
SAN ?=
B := build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(patsubst $(B)/%,%,$@)';)

CC := gcc
CLANG ?= clang
PKG_CONFIG ?= pkg-config
PKGS := sqlite3 yaml-0.1 libseccomp libcap libcrypto
H2O_LIBS = $(shell $(PKG_CONFIG) --libs libh2o-evloop) -lssl

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Werror
HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE \
	-fstack-clash-protection
CPPFLAGS += -I. -isystem $(B)/gen -D_GNU_SOURCE -DAEGIS_VERSION='"$(VERSION)"' \
	-include lib/banned.h
CFLAGS += -std=gnu11 -O2 -g -fvisibility=hidden -fno-omit-frame-pointer \
	$(WARN) $(HARDEN) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread \
	$(if $(SAN),-fsanitize=$(SAN))
LDLIBS = $(shell $(PKG_CONFIG) --libs $(PKGS))

LIB_SRC := $(wildcard lib/*.c lib/*/*.c)
LIB := $(B)/libaegis.a
GEN := $(B)/gen/schema.inc

PROGS := aegis-authz aegis-ctl
aegis-authz_SRC := $(wildcard authz-plugin/*.c)
aegis-ctl_SRC := $(wildcard ctl/*.c)

UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
LIVE := $(patsubst tests/live/%.c,$(B)/live/%,$(wildcard tests/live/*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

objs = $(patsubst %.c,$(B)/obj/%.o,$(1))

.PHONY: all
all: $(addprefix $(B)/,$(PROGS))

# --- what is compiled ---------------------------------------------------------

$(B)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call objs,$(LIB_SRC))
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^

define prog_rule
$(B)/$(1): $(call objs,$($(1)_SRC)) $(LIB)
	$$(call say,LD)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(H2O_LIBS)
endef
$(foreach p,$(PROGS),$(eval $(call prog_rule,$(p))))

$(B)/tests/test_workers: $(B)/obj/authz-plugin/workers.o
$(B)/tests/test_recorder: $(call objs,authz-plugin/recorder.c authz-plugin/record.c)
$(B)/tests/test_age_clock: $(call objs,authz-plugin/age_clock.c)
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS) $(H2O_LIBS) -lcmocka

$(B)/bench/steps: $(B)/obj/authz-plugin/record.o
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS) $(H2O_LIBS)

$(B)/live/%: $(B)/obj/tests/live/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(H2O_LIBS)

# The schema is a file of its own and travels inside the library.
$(B)/gen/schema.inc: lib/store/schema.sql
	@mkdir -p $(@D)
	$(call say,GEN)od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- what it needs from Debian ------------------------------------------------------

PACKAGES_BUILD := gcc make pkg-config libh2o-evloop-dev libssl-dev libsqlite3-dev \
	libyaml-dev libseccomp-dev libcap-dev zlib1g-dev
PACKAGES_RUN := docker.io iptables curl passwd
PACKAGES_TEST := $(PACKAGES_RUN) libcmocka-dev clang libclang-rt-14-dev bats \
	busybox-static sqlite3 jq mandoc shellcheck binutils util-linux

# $(call install,PACKAGES): from Debian, if something is missing.
define install
	$(Q)missing=$$(for p in $(1); do dpkg-query -Wf '$${Status}' $$p 2>/dev/null | \
		grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
endef

.PHONY: deps deps-run deps-test
deps:
	$(call install,$(PACKAGES_BUILD))
deps-run:
	$(call install,$(PACKAGES_BUILD) $(PACKAGES_RUN))
deps-test:
	$(call install,$(PACKAGES_BUILD) $(PACKAGES_TEST))

again = $(Q)$(MAKE) --no-print-directory -j$$(nproc)

# --- to try it ------------------------------------------------------------------

.PHONY: run
run: deps-run
	$(again) all
	$(Q)BUILD=$(abspath $(B)) packaging/run

# --- tests ----------------------------------------------------------------------

# What `make test` runs, in this order; each is a target of its own.
SUITES := test-tidy test-unit test-live test-asan test-tsan test-live-asan test-live-tsan \
	test-fuzz

.PHONY: test $(SUITES)
test: deps-test
	$(again) all tests
	$(Q)tests/run $(SUITES)

.PHONY: tests
tests: $(UNIT) $(LIVE)

test-unit: $(UNIT)
	$(Q)tests/run-unit $(UNIT)

test-live: all $(LIVE)
	$(Q)BUILD=$(abspath $(B)) tests/run-live

test-tidy:
	$(Q)tests/run-tidy

test-asan:
	$(again) SAN=address,undefined test-unit

# The thread sanitizer wants its addresses where they were before randomisation.
test-tsan:
	$(again) SAN=thread tests
	$(Q)setarch --addr-no-randomize $(MAKE) --no-print-directory SAN=thread test-unit

test-live-asan:
	$(again) SAN=address,undefined test-live

# The gate alone, with its threads in every trouble.  It does not wait for those
# that hang when it ends: that is no leak.
test-live-tsan:
	$(again) SAN=thread all tests
	$(Q)TSAN_OPTIONS=report_thread_leaks=0 BUILD=$(abspath build/thread) setarch --addr-no-randomize tests/run-live tests/live/faults.bats

# --- fuzzing --------------------------------------------------------------------

FUZZ_RUNS ?= 1000000
FUZZ_RUNS_IN_TEST := 60000
FUZZ_MAKE = $(MAKE) --no-print-directory CC=$(CLANG) B=build/fuzzing \
	SAN=address,undefined,fuzzer-no-link

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS) $(H2O_LIBS)

.PHONY: fuzz fuzzers
fuzzers: $(FUZZ)

fuzz:
	$(Q)$(FUZZ_MAKE) -j$$(nproc) fuzzers
	$(Q)tests/run-fuzz $(FUZZ_RUNS) $(patsubst $(B)/%,build/fuzzing/%,$(FUZZ))

test-fuzz:
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_RUNS=$(FUZZ_RUNS_IN_TEST)

# --- benchmarks -----------------------------------------------------------------

.PHONY: bench
bench: all $(BENCH)
	$(Q)B=$(abspath $(B)) tests/bench/run

# --- to keep it -----------------------------------------------------------------

PREFIX ?= /usr
DESTDIR ?=
UNITS ?= /lib/systemd/system

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)/etc/aegis \
		$(DESTDIR)$(UNITS) $(addprefix $(DESTDIR)$(PREFIX)/share/man/man,1 5 8)
	install -m 0755 $(B)/aegis-authz $(DESTDIR)$(PREFIX)/sbin/
	install -m 0755 $(B)/aegis-ctl $(DESTDIR)$(PREFIX)/bin/
	[ -e $(DESTDIR)/etc/aegis/gatekeeper.yaml ] || \
		install -m 0644 policies/gatekeeper.yaml $(DESTDIR)/etc/aegis/
	[ -e $(DESTDIR)/etc/aegis/rules.d ] || \
		install -D -m 0644 -t $(DESTDIR)/etc/aegis/rules.d policies/rules/*.yaml
	install -m 0644 packaging/aegis-authz.socket packaging/aegis-authz.service \
		$(DESTDIR)$(UNITS)/
	install -m 0644 $(wildcard */*.1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 0644 $(wildcard */*.5) $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 0644 $(wildcard */*.8) $(DESTDIR)$(PREFIX)/share/man/man8/
	@echo 'next: useradd --system aegis; systemctl daemon-reload; systemctl enable --now aegis-authz.socket; aegis-ctl setup docker'

MAN_PAGES := $(notdir $(wildcard */*.[158]))
INSTALLED := $(PREFIX)/sbin/aegis-authz $(PREFIX)/bin/aegis-ctl \
	$(addprefix $(UNITS)/,aegis-authz.socket aegis-authz.service) \
	$(foreach p,$(MAN_PAGES),$(PREFIX)/share/man/man$(subst .,,$(suffix $(p)))/$(p))

# The policy and the record stay; README.md says how they go.
.PHONY: uninstall
uninstall:
	@if [ -z "$(DESTDIR)" ] && grep -qsE '"aegis(:[^"]*)?"' /etc/docker/daemon.json; then \
		echo 'dockerd is wired to the gate and would not work without it; first:' >&2; \
		echo '  aegis-ctl setup docker --remove' >&2; exit 1; fi
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then \
		systemctl disable --now aegis-authz.socket aegis-authz.service || :; fi
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

.PHONY: deb
deb: all
	$(Q)BUILD=$(abspath $(B)) VERSION=$(VERSION) MAKE=$(MAKE) packaging/deb

.PHONY: plugin
plugin: all
	$(Q)BUILD=$(abspath $(B)) packaging/plugin

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@printf '%s\n' \
	'make               build the programs into build/' \
	'sudo make run      try it: the gate, and a dockerd wired to it, until Ctrl-C' \
	'sudo make test     everything that is tested; suites: $(SUITES)' \
	'make bench         latency and throughput, with ratios' \
	'make fuzz          every fuzzer for FUZZ_RUNS inputs ($(FUZZ_RUNS))' \
	'sudo make install  programs, man pages, systemd units; sudo make uninstall' \
	'make deb           the same as a Debian package, in build/' \
	'sudo make plugin   the managed-plugin form: rootfs and docker plugin create' \
	'make clean         remove build/' \
	'SAN=address,undefined or SAN=thread builds with sanitizers; V=1 shows commands'
