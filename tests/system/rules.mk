# tests/system/rules.mk - handlers in assembly, which stop at bad moments or pry.
# Framed like the verifier's corpus (tests/corpus/ash/begin.inc).

RAW_HANDLERS := $(patsubst tests/system/handlers/%.s,build/test/ash/%.o,$(sort \
	$(wildcard tests/system/handlers/*.s)))
TEST_DEPS += $(RAW_HANDLERS)
build/test/ash/%.o: tests/system/handlers/%.s $(wildcard tests/corpus/ash/*.inc)
	@mkdir -p $(@D)
	$(Q)$(CROSS)as -EL -mips32r2 -mabi=32 -msoft-float -G0 -o $@ \
		tests/corpus/ash/begin.inc $< tests/corpus/ash/end.inc

# What libpcap says of filters, and their stored form, for tests that bind by
# themselves.
TEST_DEPS += build/test/filter_oracle
build/test/filter_oracle: build/tool/tests/system/filter_oracle.c.o \
		$(filter build/tool/dpf/%,$(FREESTANDING:%=build/tool/%.o))
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lpcap
