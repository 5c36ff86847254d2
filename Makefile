# Makefile - the whole tree, one file, not recursive; `make help` lists targets.
#
# A folder with something to build has a rules.mk that adds to ALL (or TEST_DEPS)
# and uses the flags and pattern rules below.  Everything goes to build/; V=1 shows commands.

CROSS   ?= mipsel-linux-gnu-
HOSTCC  ?= gcc
PREFIX  ?= /usr/local
SECONDS ?= 60
Q       := $(if $(V),,@)
MIPSCC  := $(CROSS)gcc
MIPSAR  := $(CROSS)ar
PYTHON  := /usr/bin/python3

# --- flags --------------------------------------------------------------------
WARN   := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wconversion \
	-Wimplicit-fallthrough -Wframe-larger-than=1024
COMMON := -std=gnu11 -g $(WARN) -fno-common -fno-strict-aliasing \
	-Ikernel/include -I. -MMD -MP
ALIGN  := $(if $(findstring clang,$(HOSTCC)),-Wcast-align,-Wcast-align=strict)
SAN    := -fsanitize=address,undefined -fno-sanitize-recover=all
MIPSCPU := -EL -march=mips32r2 -mabi=32 -Wcast-align
BARE   := $(MIPSCPU) -msoft-float -G0 -mno-abicalls -fno-pic -fno-pie \
	-ffreestanding -nostdlib -fno-stack-protector -O2

HOSTFLAGS := $(COMMON) $(ALIGN) -O1 $(SAN)      # host code under test
TOOLFLAGS := $(COMMON) $(ALIGN) -O2             # host programs
KFLAGS    := $(COMMON) $(BARE)                  # the kernel and what it links
UFLAGS    := $(COMMON) $(BARE)                  # programs on the kernel
MFLAGS    := $(COMMON) $(MIPSCPU) -O2           # tests under qemu-mipsel

# --- sources ------------------------------------------------------------------
FREESTANDING := $(sort $(wildcard dpf/*.c ash/*.c netstack/*.c))
KSRCS   := $(sort $(shell find kernel -name '*.[cS]'))
KOBJS   := $(KSRCS:%=build/kernel/%.o)
KLIBS   := $(FREESTANDING:%=build/kernel/%.o)
FOLDERS := dpf ash netstack kernel spin-net apps tools tests
SOURCES := $(sort $(shell find $(FOLDERS) -name '*.[ch]'))
HEADERS := $(filter %.h,$(SOURCES))

ALL := build/kernel.elf
.DEFAULT_GOAL := all
include $(wildcard $(FOLDERS:%=%/rules.mk) tests/*/rules.mk)

# Goals that do not begin with tools/setup say what to do on a bare machine.
ifneq ($(filter-out demo test check help clean,$(or $(MAKECMDGOALS),all)),)
ifeq ($(shell command -v $(MIPSCC)),)
$(error $(MIPSCC) is missing; tools/setup installs all that is needed)
endif
endif

# --- what people type ---------------------------------------------------------
## Build everything: kernel, handlers, applications, host tools
all: $(ALL)

## Build what the tests need, without running them
tests: all tests-host tests-mips $(TEST_DEPS)

## The whole story in about a minute, from set-up to a table of figures
demo:
	$(Q)tools/setup
	$(Q)tools/demo

## The gate, everything CI runs; the last line is 'N passed, N failed'
test:
	$(Q)tools/setup
	$(Q)tests/run

## One machine for a long time: replay and churn for SECONDS (600)
soak: tests
	$(Q)tests/system/soak.py $(if $(filter file,$(origin SECONDS)),600,$(SECONDS))

## Lint and host unit tests, for every save
check:
	$(Q)tools/setup
	$(Q)tests/run lint host

## Layers, headers, formatting, sizes, static analysis
lint:
	$(Q)tests/run lint

## Reformat the tree
fmt:
	$(Q)clang-format -i $(SOURCES)

## Boot the kernel under gdb, in this terminal
gdb: all
	$(Q)tools/gdb

## Install the tools, kernel and SDK below PREFIX
install: LIB = $(DESTDIR)$(PREFIX)/lib/spindle
install: all
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(LIB)/apps \
		$(DESTDIR)$(PREFIX)/include/spindle
	$(Q)install build/spindle build/ashcc $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m 644 build/kernel.elf build/boot.cpio $(LIB)
	$(Q)install -m 644 $(filter build/apps/%.elf,$(ALL)) $(LIB)/apps
	$(Q)install -m 644 ash/sdk/*.h $(DESTDIR)$(PREFIX)/include/spindle

## Show this text
help:
	@awk '/^## /{t=substr($$0,4);getline;sub(/:.*/,"");printf "  make %-8s %s\n",$$0,t}' \
		$(MAKEFILE_LIST)

clean:
	rm -rf build

# --- the kernel: its own objects, then what they need of the libraries ---------
build/kernel.elf: $(KOBJS) build/kernel/libs.a kernel/kernel.ld
	@echo "  LD      $@"
	$(Q)$(MIPSCC) $(KFLAGS) -static -Wl,-T,kernel/kernel.ld \
		-Wl,--build-id=none -o $@ $(KOBJS) build/kernel/libs.a
build/kernel/libs.a: $(KLIBS)
	$(Q)rm -f $@; $(MIPSAR) rcsD $@ $^

# --- pattern rules: one a world -------------------------------------------------
build/kernel/%.c.o: %.c
	@echo "  KERNEL  $<"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(KFLAGS) -c -o $@ $<
build/kernel/%.S.o: %.S
	@echo "  KERNEL  $<"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(KFLAGS) -c -o $@ $<
build/apps/%.c.o: %.c
	@echo "  APP     $<"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(UFLAGS) -c -o $@ $<
build/apps/%.S.o: %.S
	@echo "  APP     $<"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(UFLAGS) -c -o $@ $<
build/tool/%.c.o: %.c
	@echo "  TOOL    $<"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -c -o $@ $<
build/host/%.c.o: %.c
	@echo "  HOST    $<"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -c -o $@ $<
build/mips/%.c.o: %.c
	@echo "  MIPS    $<"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(MFLAGS) -isystem tests/shim -c -o $@ $<

.PHONY: all tests demo test soak check lint fmt gdb install help clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find build -name '*.d' 2>/dev/null)
