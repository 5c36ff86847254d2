# apps/rules.mk - programs: each folder below apps/ (but lib/, ash-*/) with a C file
# is one program, linked with apps/lib; build/boot.cpio holds the agent.

APPS    := $(filter-out lib ash-%,$(sort $(patsubst apps/%/,%,$(dir $(wildcard apps/*/*.c)))))
APP_LIB := $(patsubst %,build/%.o,$(addprefix apps/,$(wildcard apps/lib/*.[cS])))

# Otherwise gcc turns memcpy() into a call of memcpy().
build/apps/apps/lib/mem.c.o: UFLAGS += -fno-tree-loop-distribute-patterns

build/apps/lib.a: $(APP_LIB)
	$(Q)rm -f $@; $(MIPSAR) rcsD $@ $^

define app_rule
build/apps/$(1).elf: $(patsubst %,build/apps/%.o,$(wildcard apps/$(1)/*.c)) \
		build/apps/lib.a apps/lib/user.ld
	@echo "  LD      $$@"
	$$(Q)$$(MIPSCC) $$(UFLAGS) -static -Wl,-T,apps/lib/user.ld \
		-Wl,--build-id=none -Wl,-z,max-page-size=4096 -o $$@ \
		build/apps/apps/lib/crt0.S.o $$(filter %.o %.a,$$^)
endef
$(foreach app,$(APPS),$(eval $(call app_rule,$(app))))

build/boot.cpio: build/apps/agent.elf apps/mkboot
	$(Q)apps/mkboot $@ agent=build/apps/agent.elf

ALL += $(APPS:%=build/apps/%.elf) build/boot.cpio

# The agent's freestanding parts have a unit test.
AGENT_PURE := apps/agent/proto.c apps/agent/elf.c apps/lib/format.c
build/test/host/test_agent_proto: $(AGENT_PURE:%=build/host/%.o)
build/test/mips/test_agent_proto: $(AGENT_PURE:%=build/mips/%.o)
