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
PKGS := sqlite3 json-c yaml-0.1 libseccomp libcap libcrypto
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
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

objs = $(patsubst %.c,$(B)/obj/%.o,$(1))
with_src = $(foreach p,$(1),$(if $($(p)_SRC),$(p)))

.PHONY: all
all: $(addprefix $(B)/,$(call with_src,$(PROGS)))

include $(wildcard mk/*.mk)

# --- what is compiled ---------------------------------------------------------

$(B)/obj/%.o: %.c | $(GEN) $(DEPS_STAMP)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call objs,$(LIB_SRC))
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^

define prog_rule
$(B)/$(1): $(call objs,$($(1)_SRC)) $(LIB)
	$$(call say,LD)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(H2O_LIBS)
endef
$(foreach p,$(PROGS),$(eval $(call prog_rule,$(p))))

$(B)/tests/%: $(B)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(H2O_LIBS) -lcmocka

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(H2O_LIBS)

# The schema is a file of its own and travels inside the library.
$(B)/gen/schema.inc: lib/store/schema.sql
	@mkdir -p $(@D)
	$(call say,GEN)od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- what it needs from Debian ------------------------------------------------------

PACKAGES := gcc make pkg-config libh2o-evloop-dev libssl-dev libsqlite3-dev \
	libjson-c-dev libyaml-dev libseccomp-dev libcap-dev libcmocka-dev

.PHONY: deps
deps:
	$(Q)missing=$$(for p in $(PACKAGES); do dpkg-query -Wf '$${Status}' $$p 2>/dev/null | \
		grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi

# --- tests ----------------------------------------------------------------------

.PHONY: test-unit
test-unit: $(UNIT)
	$(Q)tests/run-unit $(UNIT)

.PHONY: test
test:
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) test-unit

.PHONY: clean
clean:
	rm -rf build
