# ash/rules.mk - ashcc, and every handler of apps/ash-*/ as build/ash/NAME.o.

ASHCC_OBJS := $(patsubst %,build/tool/%.o,$(sort $(wildcard ash/*.c)) \
	$(sort $(wildcard ash/host/*.c)) $(sort $(wildcard ash/ashcc/*.c)))

build/ashcc: $(ASHCC_OBJS)
	@echo "  LD      $@"
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lcapstone -lunicorn

HANDLERS := $(sort $(wildcard apps/ash-*/*.c))
define handler_rule
build/ash/$(notdir $(1:.c=.o)): $(1) build/ashcc $(wildcard ash/sdk/*.h)
	@echo "  ASHCC   $(1)"; mkdir -p $$(@D)
	$$(Q)CROSS=$(CROSS) build/ashcc -Wall -Wextra -Werror -o $$@ $(1)
endef
$(foreach h,$(HANDLERS),$(eval $(call handler_rule,$(h))))
HANDLER_OBJS := $(addprefix build/ash/,$(notdir $(HANDLERS:.c=.o)))

ALL += build/ashcc $(HANDLER_OBJS)

# Programs that the verifier must refuse, and others that it must accept.
ASH_CORPUS := tests/corpus/ash
ASH_REFUSED := $(sort $(wildcard $(ASH_CORPUS)/refused/*.s))
ASH_ACCEPTED := $(sort $(wildcard $(ASH_CORPUS)/accepted/*.[cs]))
ASH_CORPUS_OBJS := $(patsubst tests/%,build/%.o, \
	$(ASH_REFUSED) $(ASH_ACCEPTED))

build/corpus/ash/%.s.o: $(ASH_CORPUS)/%.s $(wildcard $(ASH_CORPUS)/*.inc)
	@mkdir -p $(@D)
	$(Q)$(CROSS)as -EL -mips32r2 -mabi=32 -msoft-float -G0 -o $@ \
		$(ASH_CORPUS)/begin.inc $< $(ASH_CORPUS)/end.inc
build/corpus/ash/%.c.o: $(ASH_CORPUS)/%.c build/ashcc $(wildcard ash/sdk/*.h)
	@mkdir -p $(@D)
	$(Q)CROSS=$(CROSS) build/ashcc -Wall -Wextra -Werror -o $@ $<

build/test/host/test_ashcc: | build/ashcc
build/test/host/test_ash_corpus: | $(HANDLER_OBJS) $(ASH_CORPUS_OBJS)
build/test/host/test_handlers: | $(HANDLER_OBJS) $(ASH_CORPUS_OBJS)

# Mutants of all that is accepted.
FUZZ_SEEDS := $(HANDLER_OBJS) $(patsubst tests/%,build/%.o,$(ASH_ACCEPTED))
FUZZ_OBJS := $(patsubst %,build/tool/%.o,tests/fuzz/ash_mutate.c \
	$(sort $(wildcard ash/*.c)) $(sort $(wildcard ash/host/*.c)))

ALL += build/fuzz/ash_mutate
build/fuzz/ash_mutate: $(FUZZ_OBJS) | $(FUZZ_SEEDS)
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lcapstone -lunicorn

## Fuzz for SECONDS (60), with other seeds each time
fuzz: fuzz-ash
fuzz-ash: build/fuzz/ash_mutate
	$(Q)seed=$$(date +%s); end=$$((seed + $(SECONDS))); \
	while [ $$(date +%s) -lt $$end ]; do \
		$< 200000 $$seed $(FUZZ_SEEDS) || exit 1; \
		seed=$$((seed + 1)); \
	done
