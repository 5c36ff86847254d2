/*
 * live_model.h - a set that changes, beside a list that says what it should do.
 *
 * Filters come in families that differ in constants, so that tables form, grow,
 * widen and vanish, and in all other shapes.  While a change is made the
 * classifier is called behind every word that is written, on frames that lie
 * ready: each must be judged as before the change or as after it.
 */
#ifndef TESTS_UNIT_LIVE_MODEL_H
#define TESTS_UNIT_LIVE_MODEL_H

#include "tests/unit/dpf_random.h"
#include "tests/unit/run.h"

#include "dpf/trie.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MODEL_IDS = 200, /* at most RUN_MAX_IDS */
	MODEL_WATCHED = 3,
	MODEL_FRAME = 128,
};

struct model_item {
	bool in;
	uint32_t rank;
	struct flow flow; /* what a frame for it may look like */
	void *blob;
	struct dpf_filter filter;
};

struct model_frame {
	uint8_t bytes[MODEL_FRAME];
	size_t len, wirelen;
	uint8_t before[MODEL_IDS + 1], after[MODEL_IDS + 1]; /* 1: it accepts */
	uint32_t best_before, best_after;
};

struct model {
	struct rng r;
	struct dpf_set *set;
	uint32_t root;
	bool all;
	uint32_t ranges; /* of 32 filters, about so many less 6 have one */
	bool watching;   /* call the classifier behind each word */
	uint64_t checks;
	uint32_t limit, most; /* instructions: allowed, taken by a frame */
	struct model_item item[MODEL_IDS + 1]; /* by id */
	struct model_frame frame[MODEL_WATCHED];
};

static inline void
model_fail(const struct model *m, const char *what, const uint8_t *frame,
	size_t len)
{
	printf("\n    %s, %s:", m->all ? "ALL" : "ONE", what);
	for (size_t i = 0; i < len; i++)
		printf(" %02x", frame[i]);
	printf("\n");
	fflush(stdout);
	abort();
}

/* --- what it should do -------------------------------------------------------- */

static inline bool
model_accepts(const struct model *m, uint32_t id, const uint8_t *frame,
	size_t len, size_t wirelen)
{
	return m->item[id].in &&
	       dpf_interp(&m->item[id].filter, frame, len, wirelen);
}

/* Who accepts; returns the best. */
static inline uint32_t
model_judge(const struct model *m, const uint8_t *frame, size_t len,
	size_t wirelen, uint8_t accepts[MODEL_IDS + 1])
{
	uint32_t best = 0;

	for (uint32_t id = 1; id <= MODEL_IDS; id++) {
		accepts[id] = model_accepts(m, id, frame, len, wirelen);
		if (accepts[id] &&
			(best == 0 || m->item[id].rank > m->item[best].rank))
			best = id;
	}
	return best;
}

/* Does the classifier say A or B, filter by filter? */
static inline void
model_compare(struct model *m, const struct model_frame *f, const char *what)
{
	static uint16_t ids[RUN_MAX_IDS];
	uint8_t seen[MODEL_IDS + 1] = { 0 };
	uint32_t got = run_call(f->bytes, (uint32_t)f->len,
		(uint32_t)f->wirelen, m->all ? ids : NULL);

	m->checks++;
	if (!m->watching && run_insns() > dpf_set_bound(m->set))
		model_fail(m, "longer than the bound", f->bytes, f->len);
	if (run_insns() > m->most)
		m->most = run_insns();
	if (!m->all && got != f->best_before && got != f->best_after)
		model_fail(m, what, f->bytes, f->len);
	for (uint32_t i = 0; m->all && i < got; i++) {
		if (ids[i] == 0 || ids[i] > MODEL_IDS || seen[ids[i]])
			model_fail(m, what, f->bytes, f->len);
		seen[ids[i]] = 1;
	}
	for (uint32_t id = 1; m->all && id <= MODEL_IDS; id++)
		if (seen[id] != f->before[id] && seen[id] != f->after[id])
			model_fail(m, what, f->bytes, f->len);
}

/* --- frames ------------------------------------------------------------------- */

/* A frame for some filter, or nearly. */
static inline void
model_make_frame(struct model *m, struct model_frame *f)
{
	struct rng *r = &m->r;
	const struct model_item *i = &m->item[1 + rng_below(r, MODEL_IDS)];
	struct flow flow = i->flow;

	if (rng_below(r, 4) == 0)
		flow.dport ^= (uint16_t)(1u << rng_below(r, 16));
	if (rng_below(r, 8) == 0)
		flow.src ^= 1u << rng_below(r, 32);
	if (rng_below(r, 8) == 0)
		flow.proto = (uint8_t)(6 + rng_below(r, 12));
	if (rng_below(r, 4) == 0) {
		f->len = 20 + rng_below(r, 60);
		random_frame(r, f->bytes, f->len);
	} else if (rng_below(r, 4) == 0) {
		f->len = flow_frame6(&flow, f->bytes);
	} else {
		f->len = flow_frame(&flow,
			rng_below(r, 8) ? 5 : rng_below(r, 16), f->bytes);
	}
	if (rng_below(r, 8) == 0)
		f->bytes[12 + rng_below(r, 46)] ^=
			(uint8_t)(1u << rng_below(r, 8));
	if (rng_below(r, 2) == 0)
		f->bytes[15] = (uint8_t)rng_below(r, 0x100);
	f->wirelen = f->len;
	if (rng_below(r, 3) == 0)
		f->wirelen += rng_below(r, 30);
	if (rng_below(r, 6) == 0)
		f->len = rng_below(r, (uint32_t)f->len + 1);
}

/* The classifier against the model on N frames. */
static inline void
model_check(struct model *m, unsigned n)
{
	static struct model_frame f;

	while (n-- > 0) {
		model_make_frame(m, &f);
		f.best_before = f.best_after =
			model_judge(m, f.bytes, f.len, f.wirelen, f.before);
		memcpy(f.after, f.before, sizeof(f.after));
		model_compare(m, &f, "after a change");
	}
}

static void
model_wrote(void *arg)
{
	struct model *m = arg;

	for (unsigned i = 0; m->watching && i < MODEL_WATCHED; i++)
		model_compare(m, &m->frame[i], "during a change");
}

/* --- filters ------------------------------------------------------------------ */

/* Flows that differ in a few constants. */
static inline struct flow
model_flow(struct rng *r)
{
	static const struct flow families[] = {
		{ .proto = 17, .ip6 = true, .has_dport = true },
		{ .proto = 17, .has_dport = true },
		{ .proto = 6, .has_dport = true },
		{ .proto = 6, .has_src = true },
		{ .proto = 6, .has_src = true, .has_dport = true },
		{ .proto = 6,
			.has_src = true,
			.has_dst = true,
			.has_sport = true,
			.has_dport = true },
		{ .proto = 17, .has_sport = true, .has_dport = true },
		{ .proto = 47 },
	};
	struct flow f = families[rng_below(r, ARRAY_LEN(families))];

	f.src = 0x0a000000 + rng_below(r, 24);
	f.dst = rng_below(r, 4) ? 0x0a630001 : 0x0a630002;
	f.sport = (uint16_t)(1024 + rng_below(r, 16));
	f.dport = (uint16_t)(rng_below(r, 8) ? 8000 + rng_below(r, 64)
					     : rng_below(r, 0x10000));
	if (f.proto != 47 && rng_below(r, 16) == 0)
		f.proto = (uint8_t)(6 + rng_below(r, 12));
	return f;
}

/* Any of N addresses, as `host a or host b ...` has it. */
static inline int
model_hosts(struct draft *d, struct flow *f, struct rng *r)
{
	uint32_t n = 2 + rng_below(r, 10);

	draft_begin(d);
	draft_eq(d, 0, 12, 2, 0xffff, 0x0800);
	for (uint32_t i = 0; i < n; i++)
		flow_node(d, 0, 26, 4, 0xffffffff, f->src + 3 * i,
			(uint16_t)(d->head.nnodes + 1));
	for (uint32_t i = 1; i <= n; i++)
		d->nodes[i].yes = DPF_ACCEPT;
	d->nodes[n].no = DPF_REJECT;
	return draft_end(d);
}

/* A field of some width that is above a bound or within two. */
static inline struct dpf_node
model_range_of(struct draft *d, const struct flow *f, struct rng *r)
{
	struct dpf_node n = { .op = DPF_GT, .mask = UINT32_MAX };
	uint32_t spread = 1 + rng_below(r, 8);

	switch (rng_below(r, 4)) {
	case 0:
		n.base = DPF_BASE_LEN;
		n.width = 4;
		n.value = 50 + rng_below(r, 40);
		break;
	case 1:
		n.off = 26;
		n.width = 4;
		n.value = f->src - rng_below(r, spread);
		break;
	case 2:
		n.off = 15; /* type of service: any byte will do */
		n.width = 1;
		n.mask = rng_below(r, 8) ? 0xff : 0xfc;
		n.value = rng_below(r, 0x100) & n.mask;
		break;
	default:
		n.base = draft_base(d, 0, 14, 1, 0xf, 2);
		n.off = 16;
		n.width = 2;
		n.mask = 0xffff;
		n.value = f->dport - rng_below(r, spread);
		break;
	}
	return n;
}

/* It may go on behind that. */
static inline int
model_range(struct draft *d, struct flow *f, struct rng *r)
{
	uint16_t at = rng_below(r, 4) ? 1 : 2;
	struct dpf_node n;
	bool more = rng_below(r, 4) == 0;

	draft_begin(d);
	n = model_range_of(d, f, r);
	draft_eq(d, 0, 12, 2, 0xffff, 0x0800);
	if (at == 2)
		draft_eq(d, 0, 23, 1, 0xff, f->proto);
	n.yes = more ? (uint16_t)(at + 1) : (uint16_t)DPF_ACCEPT;
	n.no = DPF_REJECT;
	if (rng_below(r, 4)) {
		uint32_t least = n.value;

		n.yes = (uint16_t)(at + 1);
		draft_node(d, n);
		n.value = least + 1 + rng_below(r, 12);
		n.yes = DPF_REJECT;
		n.no = more ? (uint16_t)(at + 2) : (uint16_t)DPF_ACCEPT;
	}
	draft_node(d, n);
	if (more)
		flow_node(d, 0, 34, 2, 0xffff, f->sport, DPF_REJECT);
	if (more)
		d->nodes[d->head.nnodes - 1].yes = DPF_ACCEPT;
	return draft_end(d);
}

static inline void
model_new_filter(struct model *m, struct model_item *i)
{
	static struct draft d;
	struct rng *r = &m->r;
	uint32_t k = rng_below(r, 32);
	size_t bytes;
	int n;

	i->flow = model_flow(r);
	if (k == 0)
		n = random_braid(&d, r);
	else if (k < 4)
		n = random_filter(&d, r);
	else if (k < 6)
		n = model_hosts(&d, &i->flow, r);
	else if (k < m->ranges)
		n = model_range(&d, &i->flow, r);
	else
		n = flow_filter(&d, &i->flow);
	if (n <= 0)
		abort();
	bytes = (size_t)n;
	free(i->blob);
	i->blob = malloc(bytes);
	if (i->blob == NULL)
		abort();
	memcpy(i->blob, &d.head, bytes);
	if (dpf_parse(i->blob, bytes, &i->filter) != n)
		abort();
}

/* --- who may meet ------------------------------------------------------------- */

struct model_near {
	struct model *m;
	uint8_t relation[MODEL_IDS + 1]; /* 0: not a candidate */
	uint32_t n, decided;
};

static inline int
model_is_near(void *arg, uint32_t id, enum dpf_relation r)
{
	struct model_near *n = arg;

	if (id == 0 || id > MODEL_IDS || !n->m->item[id].in ||
		n->relation[id] != 0 || r == DPF_DISJOINT || r == DPF_OVERLAPS)
		abort();
	n->relation[id] = (uint8_t)r;
	n->n++;
	n->decided += r != DPF_UNDECIDED;
	return SP_OK;
}

/* The candidates of F are all that it meets on frames, and related as said. */
static inline void
model_check_near(struct model *m, const struct dpf_filter *f, unsigned frames,
	struct model_near *n)
{
	static uint8_t accepts[MODEL_IDS + 1];
	static struct model_frame frame;

	memset(n, 0, sizeof(*n));
	n->m = m;
	if (dpf_set_candidates(m->set, f, model_is_near, n) < 0)
		return; /* no memory */
	while (frames-- > 0) {
		const uint8_t *p = frame.bytes;
		bool own;

		model_make_frame(m, &frame);
		own = dpf_interp(f, p, frame.len, frame.wirelen);
		(void)model_judge(m, p, frame.len, frame.wirelen, accepts);
		for (uint32_t id = 1; id <= MODEL_IDS; id++) {
			uint8_t r = n->relation[id];

			if ((own && accepts[id] && r == 0) ||
				(own && !accepts[id] &&
					(r == DPF_INSIDE || r == DPF_EQUAL)) ||
				(!own && accepts[id] &&
					(r == DPF_CONTAINS || r == DPF_EQUAL)))
				model_fail(m, "candidate", p, frame.len);
		}
	}
}

/* --- changes ------------------------------------------------------------------ */

/* Different for all ids.  Some sets have but a few levels, as kernels do. */
static inline uint32_t
model_rank(struct model *m, uint32_t id)
{
	return rng_below(&m->r, rng_below(&m->r, 2) ? 4 : 300) *
		       (MODEL_IDS + 1) +
	       id;
}

/* The frames that are looked at during a change, as they are judged before. */
static inline void
model_before(struct model *m)
{
	for (unsigned i = 0; i < MODEL_WATCHED; i++) {
		struct model_frame *f = &m->frame[i];

		model_make_frame(m, f);
		f->best_before =
			model_judge(m, f->bytes, f->len, f->wirelen, f->before);
	}
}

/* M is as it is to be: make CHANGE, whatever the set says about memory. */
static inline void
model_after(struct model *m)
{
	for (unsigned i = 0; i < MODEL_WATCHED; i++) {
		struct model_frame *f = &m->frame[i];

		f->best_after =
			model_judge(m, f->bytes, f->len, f->wirelen, f->after);
	}
}

/* Returns what the set said; when it refused, M is as it was. */
static inline int
model_insert(struct model *m, uint32_t id, bool watch)
{
	struct model_item *i = &m->item[id];
	int err;

	model_before(m);
	model_new_filter(m, i);
	i->rank = model_rank(m, id);
	i->in = true;
	model_after(m);
	m->watching = watch;
	err = dpf_set_insert(m->set, &i->filter, id, i->rank);
	m->watching = false;
	if (err < 0)
		i->in = false;
	return err;
}

static inline void
model_remove(struct model *m, uint32_t id, bool watch)
{
	model_before(m);
	m->item[id].in = false;
	model_after(m);
	m->watching = watch;
	if (dpf_set_remove(m->set, id) != SP_OK)
		abort();
	m->watching = false;
}

static inline int
model_replace(struct model *m, uint32_t old, uint32_t id, bool watch)
{
	struct model_item *i = &m->item[id];
	int err;

	model_before(m);
	model_new_filter(m, i);
	i->rank = model_rank(m, id);
	i->in = true;
	m->item[old].in = false;
	model_after(m);
	m->watching = watch;
	err = dpf_set_replace(m->set, old, &i->filter, id, i->rank);
	m->watching = false;
	if (err < 0) {
		i->in = false;
		m->item[old].in = true;
	}
	return err;
}

static inline int
model_change_rank(struct model *m, uint32_t id, bool watch)
{
	uint32_t rank = m->item[id].rank;
	int err;

	model_before(m);
	m->item[id].rank = model_rank(m, id);
	model_after(m);
	m->watching = watch;
	err = dpf_set_rank(m->set, id, m->item[id].rank);
	m->watching = false;
	if (err < 0)
		m->item[id].rank = rank;
	return err;
}

/* One change by chance; IDS bounds how many filters there are. */
static inline int
model_step(struct model *m, uint32_t ids, bool watch)
{
	uint32_t id = 1 + rng_below(&m->r, ids);
	uint32_t other = 1 + rng_below(&m->r, ids);

	if (!m->item[id].in)
		return model_insert(m, id, watch);
	if (rng_below(&m->r, 4) == 0)
		return model_change_rank(m, id, watch);
	if (!m->item[other].in)
		return model_replace(m, id, other, watch);
	model_remove(m, id, watch);
	return SP_OK;
}

/* A set that is empty, in BYTES of the pool. */
static inline int
model_open(struct model *m, uint32_t seed, bool all, size_t bytes)
{
	struct dpf_site site = { .bytes = bytes,
		.seed = seed,
		.limit = m->limit,
		.root = &m->root,
		.sync = run_sync,
		.wrote = model_wrote,
		.arg = m };

	for (uint32_t i = 1; i <= MODEL_IDS; i++)
		m->item[i].in = false;
	m->r.s = seed;
	m->all = all;
	m->ranges = rng_below(&m->r, 3) ? 8 : 28;
	m->watching = false;
	site.pool = run_pool(&site.address, &m->root);
	return dpf_set_open(&site, all ? DPF_SET_ALL : DPF_SET_ONE, &m->set);
}

static inline void
model_close(struct model *m)
{
	for (uint32_t i = 1; i <= MODEL_IDS; i++) {
		free(m->item[i].blob);
		m->item[i].blob = NULL;
	}
}

#endif /* TESTS_UNIT_LIVE_MODEL_H */
