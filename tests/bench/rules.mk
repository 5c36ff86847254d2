# tests/bench/rules.mk - figures: what is measured with, and `make bench`.

## Measure; fails when a figure grew by more than 5 % (tests/bench/expected.tsv)
bench: all $(TEST_APPS) $(TEST_HANDLERS)
	$(Q)tests/bench/bench.py

ALL += build/bench/icount_plugin.so build/bench/irqoff_plugin.so
build/bench/%.so: tests/bench/%.c tests/bench/qemu_plugin.h
	@echo "  PLUGIN  $<"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -fPIC -shared -fvisibility=hidden -o $@ $<

.PHONY: bench

# What the classifier costs, by unicorn.
ALL += build/host/bench_demux
build/host/bench_demux: build/tool/tests/bench/demux.c.o \
		$(filter build/tool/dpf/%,$(FREESTANDING:%=build/tool/%.o))
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lpcap -lunicorn

build/bench/sets_target.elf: build/kernel/tests/bench/sets_target.c.o \
		build/apps/apps/lib/mem.c.o $(filter build/kernel/dpf/%,$(KLIBS))
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(KFLAGS) -static -Wl,-e,sets_table \
		-Wl,--build-id=none -o $@ $^
ALL += build/bench/sets_target.elf

# What it costs others, by unicorn too.  libpcap's is Debian's for mipsel.
LIBPCAP_MIPSEL := build/peer/usr/lib/mipsel-linux-gnu/libpcap.a
$(LIBPCAP_MIPSEL):
	@echo "  FETCH   libpcap0.8-dev:mipsel"
	$(Q)tools/mipsel build/peer libpcap0.8-dev && touch $@
build/mips/apps/lib/mem.c.o: MFLAGS += -fno-tree-loop-distribute-patterns
build/bench/peers_target.elf: build/mips/tests/bench/peers_target.c.o \
		build/mips/apps/lib/mem.c.o build/mips/libs.a $(LIBPCAP_MIPSEL)
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(MIPSCC) $(MFLAGS) -static -nostdlib -Wl,-e,peers_table \
		-Wl,--build-id=none -o $@ $^
ALL += build/host/bench_peers
build/host/bench_peers: build/tool/tests/bench/peers.c.o \
		$(filter build/tool/dpf/%,$(FREESTANDING:%=build/tool/%.o))
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lpcap -lunicorn
bench: build/bench/peers_target.elf
