# tests/fuzz/rules.mk - `make fuzz [SECONDS=60]`: filters, programs, sets, handlers that
# are made up and system calls here, mutated handlers in ash/rules.mk; findings in
# build/fuzz/.

SEED ?= $(shell date +%s)

fuzz: fuzz-dpf
fuzz-dpf: build/fuzz/dpf_lift
	@echo "fuzz: damaged filters, seed $(SEED)"
	$(Q)$< $(SECONDS) $(SEED) tests/system/expressions.txt

TEST_DEPS += build/fuzz/dpf_lift
build/fuzz/dpf_lift: build/host/tests/fuzz/dpf_lift.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -o $@ $^ -lpcap

fuzz: fuzz-live
fuzz-live: build/fuzz/dpf_live
	@echo "fuzz: sets that change, seed $(SEED)"
	$(Q)$< $(SECONDS) $(SEED)

TEST_DEPS += build/fuzz/dpf_live
build/fuzz/dpf_live: build/host/tests/fuzz/dpf_live.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -o $@ $^

fuzz: fuzz-program
fuzz-program: build/fuzz/dpf_program
	@echo "fuzz: valid programs, seed $(SEED)"
	$(Q)$< $(SECONDS) $(SEED)

TEST_DEPS += build/fuzz/dpf_program
build/fuzz/dpf_program: build/host/tests/fuzz/dpf_program.c.o build/host/libs.a
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -o $@ $^ -lpcap -lunicorn

.PHONY: fuzz fuzz-dpf fuzz-live fuzz-program fuzz-ash

# Handlers that are made up, and single words, beside ash/rules.mk's mutants.
ASH_FUZZ := build/fuzz/ash_generate build/fuzz/ash_words
ASH_FUZZ_OBJS := $(patsubst %,build/tool/%.o,$(sort $(wildcard ash/*.c)) \
	$(sort $(wildcard ash/host/*.c)))
TEST_DEPS += $(ASH_FUZZ)
$(ASH_FUZZ): build/fuzz/%: build/tool/tests/fuzz/%.c.o $(ASH_FUZZ_OBJS)
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lcapstone -lunicorn

fuzz: fuzz-ash-generate
fuzz-ash-generate: $(ASH_FUZZ)
	$(Q)seed=$(SEED); end=$$(($$(date +%s) + $(SECONDS))); \
	while [ $$(date +%s) -lt $$end ]; do \
		build/fuzz/ash_generate 50000 $$seed || exit 1; \
		build/fuzz/ash_words 10000 $$seed || exit 1; \
		seed=$$((seed + 1)); \
	done
.PHONY: fuzz-ash-generate

# System calls with hostile arguments, by programs on the kernel.
SYSCALL_FUZZ := $(sort $(wildcard tests/fuzz/syscall/*.[cS]))
TEST_DEPS += build/test/fuzz/syscall.elf
build/test/fuzz/syscall.elf: $(SYSCALL_FUZZ:%=build/apps/%.o) \
		build/test/attack.a build/apps/lib.a apps/lib/user.ld
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(LINK_APP)

fuzz: fuzz-syscalls
fuzz-syscalls: all $(patsubst %,build/test/%.elf,fuzz/syscall attack/judge \
		attack/churn)
	$(Q)tests/attack/churn.py 1000
	$(Q)tests/fuzz/syscalls.py $(SECONDS) $(SEED)
.PHONY: fuzz-syscalls

# Programs and frames, judged by libpcap, the filter and its code.
PAIRS ?= 10000000
PAIRS_OBJS := build/tool/tests/fuzz/programs.c.o \
	$(filter build/tool/dpf/%,$(FREESTANDING:%=build/tool/%.o))
TEST_DEPS += build/fuzz/dpf_pairs
build/fuzz/dpf_pairs: build/tool/tests/fuzz/dpf_pairs.c.o $(PAIRS_OBJS)
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lpcap -lunicorn

## Differential fuzzing: PAIRS (10000000) pairs of a program and a frame
fuzz-pairs: build/fuzz/dpf_pairs
	$(Q)$< $(PAIRS) $(SEED) tests/system/expressions.txt
.PHONY: fuzz-pairs

# The same by libFuzzer, which looks where its inputs lead to.
FUZZER_SRCS := tests/fuzz/dpf_fuzzer.c $(wildcard dpf/*.c)
build/fuzz/dpf_fuzzer: $(FUZZER_SRCS) tests/fuzz/guest.h $(wildcard dpf/*.h)
	@echo "  CLANG   $@"; mkdir -p $(@D)
	$(Q)clang $(filter-out -MMD -MP,$(COMMON)) -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(FUZZER_SRCS) -lpcap -lunicorn

fuzz: fuzz-libfuzzer
fuzz-libfuzzer: build/fuzz/dpf_fuzzer
	$(Q)mkdir -p build/fuzz/corpus
	$(Q)$< -max_total_time=$(SECONDS) -seed=$(SEED) -max_len=600 \
		-artifact_prefix=build/fuzz/ -print_final_stats=1 build/fuzz/corpus
.PHONY: fuzz-libfuzzer
