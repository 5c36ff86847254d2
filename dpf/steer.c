/*
 * steer.c - change a frame until a residual says what is wanted of it.
 *
 * A residual is not understood, it is watched: to a field that it loaded is
 * added what one of its comparisons was off by, in all ways.  That finds frames
 * for equal, different and ordered fields, sums and remainders.  Who asks
 * believes only what dpf_interp() confirms.
 */
#include "dpf/witness.h"

#include "dpf/bpf.h"

struct steer {
	struct witness *w;
	witness_test *test;
	void *arg;
	uint32_t *steps;
	uint32_t cost; /* of one try */
};

/* Would the frame be right with V in that field? */
static bool
try_value(const struct steer *q, size_t off, unsigned width, uint32_t v)
{
	uint8_t *p = q->w->frame + off;
	uint32_t old = dpf_field_get(p, width);
	uint32_t fixed = dpf_field_get(q->w->fixed + off, width);

	v = ((old & fixed) | (v & ~fixed)) & dpf_width_mask(width);
	if (v == old)
		return false;
	if (*q->steps <= q->cost) {
		*q->steps = 0;
		return false;
	}
	*q->steps -= q->cost;
	dpf_field_put(p, width, v);
	if (q->test(q->w, q->arg))
		return true;
	dpf_field_put(p, width, old);
	return false;
}

/* With what the field lacks for A to be V, or a little less or more? */
static bool
try_difference(const struct steer *q, size_t off, unsigned width, uint32_t a,
	uint32_t v)
{
	uint32_t now = dpf_field_get(q->w->frame + off, width);

	for (uint32_t more = 0; more < 3; more++) {
		uint32_t d = v - a + more - 1;

		if (try_value(q, off, width, now + d) ||
			try_value(q, off, width, now - d) ||
			try_value(q, off, width, now + (d >> 2)))
			return true;
	}
	return try_value(q, off, width, v);
}

static bool
try_field(const struct steer *q, const struct bpf_trace *t, unsigned i)
{
	static const uint32_t some[] = { 1, 0xffffffff, 0x55555555 };
	size_t off = t->load[i].off;
	unsigned width = t->load[i].width;

	if (off > DPF_MAX_FRAME - width)
		return false;
	for (unsigned k = 0; k < BPF_TRACED && k < t->compares; k++) {
		unsigned last = (t->compares - 1 - k) % BPF_TRACED;

		if (try_difference(q, off, width, t->compared[last].a,
			    t->compared[last].v))
			return true;
	}
	for (unsigned k = 0; k < sizeof(some) / sizeof(some[0]); k++)
		if (try_value(q, off, width, some[k]))
			return true;
	return false;
}

bool
dpf_witness_steer(struct witness *w, const struct dpf_filter *f,
	witness_test *test, void *arg, uint32_t *steps)
{
	struct steer q = { .w = w,
		.test = test,
		.arg = arg,
		.steps = steps,
		.cost = 8 + f->nresidual / 2u };
	struct bpf_trace t;

	if (f->nresidual == 0)
		return false;
	(void)dpf_bpf_trace(f->residual, w->frame, w->len, w->len, &t);
	for (unsigned k = 0; k < BPF_TRACED && k < t.loads; k++)
		if (try_field(&q, &t, (t.loads - 1 - k) % BPF_TRACED))
			return true;
	return false;
}
