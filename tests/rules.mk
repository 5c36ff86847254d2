# tests/rules.mk - unit tests for three worlds, and what the lint compiles.
#
# tests/unit/test_*.c       host (CUnit, ASan, UBSan) and mipsel (qemu-mipsel)
# tests/unit/host/test_*.c  host only
# Each is one program, linked with every freestanding library (the host-only
# ones with ash/host too).  A line ` * LIBS: -lpcap` in its first comment names
# further libraries.  TEST_DEPS is what else tests need built.

UNIT      := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HOST := $(sort $(wildcard tests/unit/host/test_*.c))
HOST_TESTS := $(patsubst tests/unit/%.c,build/test/host/%,$(UNIT)) \
	$(patsubst tests/unit/host/%.c,build/test/host/%,$(UNIT_HOST))
MIPS_TESTS := $(patsubst tests/unit/%.c,build/test/mips/%,$(UNIT))
TEST_LIBS   = $$(sed -n 's/^ \* LIBS: *//p' $<)

tests-host: $(HOST_TESTS)
tests-mips: $(MIPS_TESTS)

HOST_LIB := $(FREESTANDING:%=build/host/%.o) \
	$(patsubst %,build/host/%.o,$(sort $(wildcard ash/host/*.c)))
build/host/libs.a: $(HOST_LIB)
	$(Q)rm -f $@; ar rcsD $@ $^
build/mips/libs.a: $(FREESTANDING:%=build/mips/%.o)
	$(Q)rm -f $@; $(MIPSAR) rcsD $@ $^

# CUnit prints one line a test only in its verbose mode, whatever main() chose.
HOST_LINK = $(HOSTCC) $(HOSTFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
	-Wl,--wrap=CU_basic_run_tests -lcunit $(TEST_LIBS)

build/test/host/%: tests/unit/%.c build/host/tests/unit/%.c.o \
		build/host/tests/shim/verbose.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOST_LINK)
build/test/host/%: tests/unit/host/%.c build/host/tests/unit/host/%.c.o \
		build/host/tests/shim/verbose.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOST_LINK)
build/test/mips/%: tests/unit/%.c build/mips/tests/unit/%.c.o build/mips/libs.a
	@mkdir -p $(@D)
	$(Q)$(MIPSCC) $(MFLAGS) -static -o $@ $(filter %.o,$^) $(filter %.a,$^)

# The kernel's freestanding parts have unit tests.
build/test/host/test_follow: build/host/kernel/core/follow.c.o
build/test/mips/test_follow: build/mips/kernel/core/follow.c.o
build/test/host/test_unicast: build/host/kernel/core/unicast.c.o
build/test/mips/test_unicast: build/mips/kernel/core/unicast.c.o

# --- a header must compile with nothing included before it ----------------------
# Headers of the target's own world are compiled for the target.
BARE_HEADERS := $(filter kernel/% apps/% ash/sdk/% spin-net/%,$(HEADERS))
HOST_HEADERS := $(filter-out $(BARE_HEADERS) tests/shim/%,$(HEADERS)) \
	$(filter kernel/include/%,$(HEADERS))

lint-headers: $(BARE_HEADERS:%=build/lint/bare/%.ok) \
		$(HOST_HEADERS:%=build/lint/host/%.ok)
build/lint/bare/%.ok: %
	$(Q)mkdir -p $(@D); $(MIPSCC) $(KFLAGS) -MF $@.d -MT $@ \
		-fsyntax-only -x c $< && touch $@
build/lint/host/%.ok: %
	$(Q)mkdir -p $(@D); $(HOSTCC) $(TOOLFLAGS) -MF $@.d -MT $@ \
		-fsyntax-only -x c $< && touch $@

lint-format:
	$(Q)clang-format --dry-run --Werror $(SOURCES)

# Tests are exempt: they are full of deliberate nonsense.
lint-cppcheck:
	$(Q)mkdir -p build/lint/cppcheck
	$(Q)cppcheck --quiet --enable=warning,portability --error-exitcode=1 \
		--inline-suppr --cppcheck-build-dir=build/lint/cppcheck -j2 \
		-Ikernel/include -I. $(filter-out tests/%,$(SOURCES))

lint-layers:
	$(Q)tests/lint/check_layers.sh
lint-tree:
	$(Q)tests/lint/check_tree.sh

.PHONY: tests-host tests-mips lint-headers lint-format lint-cppcheck lint-layers \
	lint-tree

# --- what system tests compare with ----------------------------------------------
TEST_DEPS += build/test/pcap_count
build/test/pcap_count: build/tool/tests/system/pcap_count.c.o
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $< -lpcap

# A kernel that panics: of the real one only what it takes to say so.
TEST_DEPS += build/test/dying.elf
build/test/dying.elf: build/kernel/tests/system/dying.c.o \
		build/kernel/kernel/boot/start.S.o build/test/kernel.a \
		kernel/kernel.ld
	@mkdir -p $(@D)
	$(Q)$(MIPSCC) $(KFLAGS) -static -Wl,-T,kernel/kernel.ld \
		-Wl,--build-id=none -o $@ $(filter %.o,$^) $(filter %.a,$^)
build/test/kernel.a: $(KOBJS)
	@mkdir -p $(@D)
	$(Q)rm -f $@; $(MIPSAR) rcsD $@ $^

# Applications that misbehave, and those that attack (test_attack.py).
TEST_APPS := $(patsubst tests/system/apps/%.c,build/test/apps/%.elf,$(sort \
	$(wildcard tests/system/apps/*.c))) \
	$(patsubst tests/attack/%.c,build/test/attack/%.elf,$(sort \
	$(wildcard tests/attack/*.c)))
TEST_DEPS += $(TEST_APPS)
LINK_APP = $(MIPSCC) $(UFLAGS) -static -Wl,-T,apps/lib/user.ld \
	-Wl,--build-id=none -Wl,-z,max-page-size=4096 -o $@ \
	build/apps/apps/lib/crt0.S.o $(filter %.o,$^) $(filter %.a,$^)
build/test/apps/%.elf: build/apps/tests/system/apps/%.c.o build/apps/lib.a \
		apps/lib/user.ld
	@mkdir -p $(@D)
	$(Q)$(LINK_APP)
# NAME.S beside NAME.c is the part of the same program that C cannot say.
$(foreach f,$(wildcard tests/system/apps/*.S),$(eval build/test/apps/$(basename \
	$(notdir $(f))).elf: build/apps/$(f).o))
ATTACK_LIB := $(sort $(wildcard tests/attack/lib/*.[cS]))
build/test/attack.a: $(ATTACK_LIB:%=build/apps/%.o)
	@mkdir -p $(@D)
	$(Q)rm -f $@; $(MIPSAR) rcsD $@ $^
build/test/attack/%.elf: build/apps/tests/attack/%.c.o build/test/attack.a \
		build/apps/lib.a apps/lib/user.ld
	@mkdir -p $(@D)
	$(Q)$(LINK_APP)

# Handlers that misbehave, and one compiled without ashcc.
TEST_HANDLERS := $(patsubst tests/system/handlers/%.c,build/test/ash/%.o,$(sort \
	$(wildcard tests/system/handlers/*.c)))
TEST_DEPS += $(TEST_HANDLERS) build/test/ash/unguarded.o
build/test/ash/%.o: tests/system/handlers/%.c build/ashcc \
		$(wildcard ash/sdk/*.h)
	@echo "  ASHCC   $<"; mkdir -p $(@D)
	$(Q)CROSS=$(CROSS) build/ashcc -Wall -Wextra -Werror -o $@ $<
build/test/ash/unguarded.o: apps/ash-udp-echo/udp_echo.c $(wildcard ash/sdk/*.h)
	@mkdir -p $(@D)
	$(Q)$(MIPSCC) $(UFLAGS) -Iash/sdk -c -o $@ $<
