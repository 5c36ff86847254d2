# tests/corpus/rules.mk - what others judged before: captures, expressions, vectors.

## Every filter of FILTERS on every capture below CORPUS, by native code and libpcap
corpus: all
	$(Q)tests/corpus/corpus.py "$(CORPUS)" "$(FILTERS)"

.PHONY: corpus

## Others' vectors below VECTORS (*.tsv, *.json), without a machine
vectors: build/host/vectors
	$(Q)test -n "$(VECTORS)" || { echo "usage: make vectors VECTORS=DIR" >&2; exit 2; }
	$(Q)$< $(sort $(wildcard $(VECTORS)/*.tsv $(VECTORS)/*.json))

TEST_DEPS += build/host/vectors
build/host/vectors: build/tool/tests/corpus/vectors.c.o \
		$(filter build/tool/dpf/%,$(FREESTANDING:%=build/tool/%.o))
	@echo "  LD      $@"; mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLFLAGS) -o $@ $^ -lpcap -lunicorn -ljansson

.PHONY: vectors
