/*
 * tail.c - the part of a filter that too many paths share to be written out.
 *
 * It stays a graph: its paths in the trie end with a literal of their own kind
 * which says that the tail accepts.  gen_tail.c makes one piece of code of it,
 * whoever enters it and where.
 */
#include "dpf/trie.h"

static struct tail *
tail_at(const struct dpf_set *s, ref_t r)
{
	return trie_at(s, r);
}

/* A new node behind the one *LAST belongs to; 0 when full. */
static ref_t
append(struct dpf_set *s, ref_t **last)
{
	ref_t r = dpf_pool_alloc(s, sizeof(struct tail));

	if (r == 0)
		return 0;
	**last = r;
	*last = &tail_at(s, r)->link.next;
	return r;
}

/* What NODE tests; *ALWAYS is set when it always comes out the same. */
static struct literal
test_of(const struct walk *w, uint16_t node, enum fate *fate)
{
	struct literal l = dpf_walk_literal(w, node, false);

	*fate = dpf_literal_tidy(&l);
	if (*fate == FATE_FALSE)
		(void)dpf_literal_bound(&l);
	if (*fate == FATE_KEEP && l.kind == KIND_BOUND)
		*fate = FATE_DROP;
	if (l.base == REF_LEN && *fate != FATE_KEEP)
		l.kind = KIND_BOUND;
	dpf_literal_key(&l);
	return l;
}

static void
reach_for(struct walk *w, uint16_t to)
{
	if (to < DPF_REJECT && dpf_walk_is_live(w, to))
		w->flags[to] |= WALK_STACKED; /* nothing is stacked yet */
}

/* Allocate a node for each that lies behind an entry; in their order. */
static int
allocate(struct dpf_set *s, struct walk *w, ref_t **last)
{
	const struct dpf_filter *f = w->filter;

	for (uint32_t i = 0; i < f->nnodes; i++) {
		if ((w->flags[i] & (WALK_ENTRY | WALK_STACKED)) == 0)
			continue;
		w->flags[i] |= WALK_STACKED;
		w->tails[i] = append(s, last);
		if (w->tails[i] == 0)
			return SP_ENOMEM;
		reach_for(w, f->nodes[i].yes);
		reach_for(w, f->nodes[i].no);
	}
	return SP_OK;
}

static ref_t
target(const struct walk *w, uint16_t to, ref_t accept, ref_t reject)
{
	if (to == DPF_ACCEPT)
		return accept;
	return to == DPF_REJECT || w->paths[to] == 0 ? reject : w->tails[to];
}

static void
connect(struct dpf_set *s, struct walk *w, ref_t accept, ref_t reject)
{
	const struct dpf_filter *f = w->filter;

	for (uint16_t i = 0; i < f->nnodes; i++) {
		struct tail *t = tail_at(s, w->tails[i]);
		enum fate fate;

		if ((w->flags[i] & WALK_STACKED) == 0)
			continue;
		w->flags[i] &= (uint8_t)~WALK_STACKED;
		t->lit = test_of(w, i, &fate);
		dpf_base_ref(s, t->lit.base);
		t->yes = target(w, f->nodes[i].yes, accept, reject);
		t->no = target(w, f->nodes[i].no, accept, reject);
		if (fate == FATE_FALSE)
			t->yes = t->no;
		if (fate == FATE_DROP)
			t->no = t->yes;
		t->entered = (w->flags[i] & WALK_ENTRY) != 0;
	}
}

static void
free_nodes(struct dpf_set *s, ref_t head)
{
	while (head != 0) {
		ref_t next = tail_at(s, head)->link.next;

		dpf_base_put(s, tail_at(s, head)->lit.base);
		dpf_pool_free(s, head, sizeof(struct tail));
		head = next;
	}
}

int
dpf_tail_build(struct dpf_set *s, struct walk *w, uint32_t id)
{
	ref_t head = 0, *last = &head, accept = 0, reject = 0;
	int err = allocate(s, w, &last);

	if (err == SP_OK) {
		accept = append(s, &last);
		reject = append(s, &last);
	}
	if (accept == 0 || reject == 0) {
		free_nodes(s, head);
		return SP_ENOMEM;
	}
	tail_at(s, accept)->is_end = tail_at(s, reject)->is_end = true;
	tail_at(s, accept)->accepts = true;
	connect(s, w, accept, reject);
	dpf_rows_sort(s, head);
	tail_at(s, head)->id = (uint16_t)id;
	tail_at(s, head)->link.key = s->tails;
	s->tails = head;
	return SP_OK;
}

/* Where the list has the tail of filter ID; to 0 when there is none. */
static ref_t *
find(struct dpf_set *s, uint32_t id)
{
	ref_t *at = &s->tails;

	while (*at != 0 && tail_at(s, *at)->id != id)
		at = &tail_at(s, *at)->link.key;
	return at;
}

void
dpf_tail_free(struct dpf_set *s, uint32_t id)
{
	ref_t *at = find(s, id), head = *at;

	if (head == 0)
		return;
	*at = tail_at(s, head)->link.key;
	free_nodes(s, head);
}

void
dpf_tail_rename(struct dpf_set *s, uint32_t id, uint32_t to)
{
	ref_t head = *find(s, id);

	if (head != 0)
		tail_at(s, head)->id = (uint16_t)to;
}

static uint32_t
reach_of(const struct dpf_set *s, ref_t head)
{
	uint32_t reach = 0;

	for (; head != 0; head = tail_at(s, head)->link.next) {
		const struct literal *l = &tail_at(s, head)->lit;
		uint32_t end = (uint32_t)l->off + l->width;

		if (l->base != REF_FRAME && l->base != REF_LEN)
			return UINT16_MAX;
		if (l->base == REF_FRAME && end > reach)
			reach = end;
	}
	return reach;
}

uint32_t
dpf_tails_reach(const struct dpf_set *s)
{
	uint32_t reach = 0;

	for (ref_t r = s->tails; r != 0; r = tail_at(s, r)->link.key) {
		uint32_t own = reach_of(s, r);

		reach = own > reach ? own : reach;
	}
	return reach;
}
