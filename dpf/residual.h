/*
 * residual.h - private to dpf/: a classic BPF program behind a graph, in a set.
 */
#ifndef DPF_RESIDUAL_H
#define DPF_RESIDUAL_H

#include "dpf/bpf.h"
#include "dpf/trie.h"

struct residual_insn {
	struct dpf_bpf bpf;
	bool is_target; /* a jump that is no chain of jumps leads here */
	/* scratch of emit */
	uint16_t
		known; /* bytes known to be in the frame, whatever way led here */
	uint32_t label;
};

struct residual {
	uint32_t id;     /* whose it is */
	ref_t next;      /* of the set */
	uint32_t n;      /* instructions */
	uint32_t live;   /* registers that begin as 0, as bpf.h numbers them */
	uint32_t reach;  /* like dpf_set_reach() */
	bool has_memory; /* and so a place on the stack */
	uint32_t label, accept, reject; /* scratch of emit */
	struct residual_insn insn[];
};

static inline struct residual *
residual_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

/* The instruction that PC leads to, which is no jump that is always taken. */
uint32_t dpf_residual_follow(const struct residual *r, uint32_t pc);

/* How many bytes instruction I needs in any frame; UINT32_MAX: more than there
 * can be; 0: it loads nothing. */
uint32_t dpf_residual_need(const struct dpf_bpf *i);

#endif /* DPF_RESIDUAL_H */
