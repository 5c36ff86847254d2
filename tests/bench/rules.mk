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
