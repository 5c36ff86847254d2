# tests/fuzz/rules.mk - `make fuzz [SECONDS=60]`: filters here, handlers in
# ash/rules.mk; findings in build/fuzz/.

SEED ?= $(shell date +%s)

fuzz: fuzz-dpf
fuzz-dpf: build/fuzz/dpf_lift
	@echo "fuzz: damaged filters, seed $(SEED)"
	$(Q)$< $(SECONDS) $(SEED) tests/system/expressions.txt

TEST_DEPS += build/fuzz/dpf_lift
build/fuzz/dpf_lift: build/host/tests/fuzz/dpf_lift.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -o $@ $^ -lpcap

.PHONY: fuzz fuzz-dpf fuzz-ash
