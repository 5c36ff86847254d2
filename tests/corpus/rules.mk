# tests/corpus/rules.mk - what others judged before: captures, expressions, vectors.

## Every filter of FILTERS on every capture below CORPUS, by native code and libpcap
corpus: all
	$(Q)tests/corpus/corpus.py "$(CORPUS)" "$(FILTERS)"

.PHONY: corpus
