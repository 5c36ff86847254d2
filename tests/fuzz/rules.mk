# tests/fuzz/rules.mk - `make fuzz [SECONDS=60] [SEED=n]`; findings in build/fuzz/.

SEED ?= $(shell date +%s)
FUZZERS := build/fuzz/dpf_lift build/fuzz/ash_mutate
ALL += $(FUZZERS)

## Damage filters and handlers at random for SECONDS (60)
fuzz: $(FUZZERS) $(HANDLER_OBJS)
	$(Q)tests/fuzz/fuzz $(SECONDS) $(SEED) $(HANDLER_OBJS)

build/fuzz/%: build/host/tests/fuzz/%.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -o $@ $^ -lpcap -lcapstone -lunicorn

.PHONY: fuzz
