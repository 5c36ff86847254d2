/*
 * show.c - the merged trie and its code, for people who want to see them.
 *
 * What a piece of the trie demands is written as a filter, so that whoever can
 * print filters can print it.  Nothing here runs unless somebody looks.
 */
#include "dpf/emit.h"
#include "dpf/residual.h"
#include "dpf/table.h"

/* --- what must hold ----------------------------------------------------------- */

static bool
same_base(const struct dpf_base *a, const struct dpf_base *b)
{
	return a->from == b->from && a->width == b->width &&
	       a->shift == b->shift && a->off == b->off && a->mask == b->mask;
}

/* The index of DEF among the bases of ITEM. */
static uint8_t
index_of(struct dpf_item *item, const struct dpf_base *def)
{
	uint16_t i = 0;

	while (i < item->fields.nbases && !same_base(&item->bases[i], def))
		i++;
	if (i == DPF_MAX_BASES)
		return DPF_BASE_FRAME; /* no filter has so many */
	if (i == item->fields.nbases)
		item->bases[item->fields.nbases++] = *def;
	return (uint8_t)(i + 1);
}

static uint8_t
add_base(const struct dpf_set *s, struct dpf_item *item, ref_t base)
{
	ref_t chain[DPF_MAX_BASES];
	uint8_t from = DPF_BASE_FRAME;
	unsigned n = 0;

	if (base == REF_LEN)
		return DPF_BASE_LEN;
	for (; base != REF_FRAME && n < DPF_MAX_BASES; n++) {
		const struct base *b = trie_at(s, base);

		chain[n] = base;
		base = b->from;
	}
	while (n-- > 0) {
		const struct base *b = trie_at(s, chain[n]);
		struct dpf_base def = { .from = from,
			.width = b->width,
			.shift = b->shift,
			.off = b->off,
			.mask = b->mask };

		from = index_of(item, &def);
	}
	return from;
}

/* ITEM demands the keyed literal L, too. */
static void
add_literal(const struct dpf_set *s, struct dpf_item *item, struct literal l)
{
	struct dpf_filter *f = &item->fields;
	bool no = l.kind == KIND_NE || l.kind == KIND_LE;
	uint16_t on = DPF_ACCEPT;

	if (f->nnodes == DPF_ITEM_FIELDS)
		return;
	dpf_literal_key(&l); /* the way back is the same */
	if (f->nnodes > 0) {
		struct dpf_node *before = &item->nodes[f->nnodes - 1];

		if (before->yes == DPF_ACCEPT)
			before->yes = f->nnodes;
		else
			before->no = f->nnodes;
	}
	item->nodes[f->nnodes++] = (struct dpf_node){
		.op = l.kind == KIND_GT || l.kind == KIND_LE ? DPF_GT : DPF_EQ,
		.base = add_base(s, item, l.base),
		.width = l.width,
		.off = l.off,
		.yes = no ? (uint16_t)DPF_REJECT : on,
		.no = no ? on : (uint16_t)DPF_REJECT,
		.mask = l.mask,
		.value = l.value,
	};
	f->root = 0;
}

/* NEED bytes behind BASE. */
static void
add_bound(const struct dpf_set *s, struct dpf_item *item, ref_t base,
	uint32_t need)
{
	struct literal l = { .base = base,
		.width = 1,
		.off = (uint16_t)(need - 1),
		.kind = KIND_BOUND };

	if (need > 0)
		add_literal(s, item, l);
}

static struct literal
literal_of(const struct test *t, uint32_t value)
{
	return (struct literal){ .base = t->base,
		.mask = t->mask,
		.value = t->kind == KIND_EQ ? value : t->link.key,
		.off = t->off,
		.width = t->width,
		.kind = t->kind };
}

/* --- items ---------------------------------------------------------------------- */

static void
begin(const struct dpf_set *s, struct dpf_item *item, enum dpf_item_kind kind,
	ref_t at, ref_t above)
{
	item->kind = (uint8_t)kind;
	item->at = at;
	item->above = above == s->trie ? 0 : above;
	item->id = item->rank = item->count = 0;
	item->insn = NULL;
	item->fields = (struct dpf_filter){
		.bases = item->bases, .nodes = item->nodes, .root = DPF_ACCEPT
	};
}

/* The tests that lead to LAST, from that which leads to FIRST on. */
static void
show_tests(
	const struct dpf_set *s, struct dpf_item *item, ref_t first, ref_t last)
{
	uint32_t n = 1;
	ref_t above;

	for (ref_t r = last; r != first; n++)
		r = test_at(s, place_at(s, r)->parent)->parent;
	above = test_at(s, place_at(s, first)->parent)->parent;
	begin(s, item, DPF_ITEM_TEST, last, above);
	for (; n > 0; n--) {
		ref_t r = last;

		for (uint32_t i = 1; i < n; i++)
			r = test_at(s, place_at(s, r)->parent)->parent;
		add_literal(s, item,
			literal_of(test_at(s, place_at(s, r)->parent),
				place_at(s, r)->link.key));
	}
}

static void
show_table(const struct dpf_set *s, struct dpf_item *item, ref_t test)
{
	const struct test *t = test_at(s, test);
	const struct table *table = table_at(s, t->link.key);
	const struct form *f = form_at(s, table->form);

	begin(s, item, DPF_ITEM_TABLE, test, t->parent);
	item->count = table->nentries;
	for (uint32_t i = 0; i < f->nfields; i++)
		if (table->field[i].col != TABLE_FIXED)
			add_literal(s, item, f->lit[i]);
}

static void
show_choice(const struct dpf_set *s, struct dpf_item *item, ref_t test)
{
	const struct test *t = test_at(s, test);

	begin(s, item, DPF_ITEM_CHOICE, test, t->parent);
	item->count = t->head != 0 ? t->groups : t->narms;
	add_literal(s, item, literal_of(t, 0));
}

static void
show_bound(const struct dpf_set *s, struct dpf_item *item, ref_t place)
{
	const struct place *p = place_at(s, place);

	begin(s, item, DPF_ITEM_BOUND, place, place);
	add_bound(s, item, REF_FRAME, p->need);
	if (p->need_base != 0)
		add_bound(s, item, p->need_base, p->need_of_base);
}

static void
show_leaf(const struct dpf_set *s, struct dpf_item *item, ref_t place,
	uint32_t id)
{
	begin(s, item, DPF_ITEM_LEAF, place, place);
	item->id = id;
	item->rank = dpf_order_of(s, id) - 1u;
}

/* Where the tail begins behind a test, whose arm is PLACE. */
static void
show_entry(const struct dpf_set *s, struct dpf_item *item, ref_t place)
{
	const struct test *t = test_at(s, place_at(s, place)->parent);

	begin(s, item, DPF_ITEM_TAIL, place, t->parent);
	while (place_at(s, place)->leaves == 0) /* behind a residual */
		place = dpf_trie_arms(s, place_at(s, place)->tests);
	item->id = leaf_at(s, place_at(s, place)->leaves)->id;
}

/* Likewise of a residual. */
static void
show_call(const struct dpf_set *s, struct dpf_item *item, ref_t place)
{
	const struct test *t = test_at(s, place_at(s, place)->parent);
	const struct residual *r = residual_at(s, t->link.key);

	begin(s, item, DPF_ITEM_RESIDUAL, place, t->parent);
	item->id = r->id;
	item->count = r->n;
}

static void
show_node(
	const struct dpf_set *s, struct dpf_item *item, ref_t node, uint32_t id)
{
	const struct tail *t = trie_at(s, node);

	begin(s, item, DPF_ITEM_TAIL, node, 0);
	item->id = id;
	if (!t->is_end)
		add_literal(s, item, t->lit);
}

/* Instruction I of a residual; none when I is as large as that. */
static void
show_insn(const struct dpf_set *s, struct dpf_item *item, ref_t residual,
	uint32_t i)
{
	const struct residual *r = residual_at(s, residual);

	begin(s, item, DPF_ITEM_RESIDUAL, residual, 0);
	item->id = r->id;
	item->count = r->n;
	if (i < r->n)
		item->insn = &r->insn[i].bpf;
}

/* The piece of the trie that PLACE is, but for the top. */
static void
show_place(const struct dpf_set *s, struct dpf_item *item, ref_t place)
{
	ref_t test = place_at(s, place)->parent;

	if (test_at(s, test)->kind == KIND_TABLE)
		show_table(s, item, test);
	else if (test_at(s, test)->kind == KIND_TAIL)
		show_entry(s, item, place);
	else if (test_at(s, test)->kind == KIND_RESIDUAL)
		show_call(s, item, place);
	else
		show_tests(s, item, place, place);
}

/* --- the trie --------------------------------------------------------------------- */

static void
walk_leaves(const struct dpf_set *s, struct dpf_item *item, ref_t place,
	dpf_item_fn *fn, void *arg)
{
	ref_t r = place_at(s, place)->leaves;

	for (; r != 0; r = leaf_at(s, r)->next) {
		show_leaf(s, item, place, leaf_at(s, r)->id);
		fn(arg, item);
	}
}

void
dpf_set_walk(const struct dpf_set *s, dpf_item_fn *fn, void *arg)
{
	struct dpf_item item;
	ref_t test = dpf_trie_walk(s, 0);

	walk_leaves(s, &item, s->trie, fn, arg);
	for (; test != 0; test = dpf_trie_walk(s, test)) {
		ref_t arm = dpf_trie_arms(s, test);

		for (; arm != 0; arm = place_at(s, arm)->link.next) {
			show_place(s, &item, arm);
			fn(arg, &item);
			walk_leaves(s, &item, arm, fn, arg);
		}
	}
}

/* --- what a piece leads to ---------------------------------------------------------- */

struct below {
	void (*fn)(void *arg, uint32_t id);
	void *arg;
};

static void
below_leaves(const struct dpf_set *s, const struct below *b, ref_t leaf)
{
	for (; leaf != 0; leaf = leaf_at(s, leaf)->next)
		b->fn(b->arg, leaf_at(s, leaf)->id);
}

static void
below_table(const struct dpf_set *s, const struct below *b, ref_t table)
{
	const struct table *t = table_at(s, table);
	uint32_t bucket = 0;
	ref_t r = dpf_table_first(s, t, &bucket);

	for (; r != 0; r = dpf_table_next(s, t, &bucket, r))
		below_leaves(s, b, entry_at(s, r)->leaves);
}

static void
below_test(const struct dpf_set *s, const struct below *b, ref_t test)
{
	const struct test *t = test_at(s, test);
	ref_t arm = dpf_trie_arms(s, test);

	if (t->kind == KIND_TABLE)
		below_table(s, b, t->link.key);
	for (; arm != 0; arm = place_at(s, arm)->link.next)
		below_leaves(s, b, place_at(s, arm)->leaves);
}

static void
below_place(const struct dpf_set *s, const struct below *b, ref_t place)
{
	ref_t test = dpf_trie_below(s, place, 0);

	below_leaves(s, b, place_at(s, place)->leaves);
	for (; test != 0; test = dpf_trie_below(s, place, test))
		below_test(s, b, test);
}

static void
below_arms(const struct dpf_set *s, const struct below *b, ref_t test)
{
	ref_t arm = dpf_trie_arms(s, test);

	for (; arm != 0; arm = place_at(s, arm)->link.next)
		below_place(s, b, arm);
}

void
dpf_set_below(const struct dpf_set *s, const struct dpf_item *item,
	void (*fn)(void *arg, uint32_t id), void *arg)
{
	const struct below b = { fn, arg };

	switch (item->kind) {
	case DPF_ITEM_LEAF:
	case DPF_ITEM_TAIL:
	case DPF_ITEM_RESIDUAL:
		fn(arg, item->id);
		break;
	case DPF_ITEM_TABLE:
		below_test(s, &b, item->at);
		break;
	case DPF_ITEM_CHOICE:
		for (ref_t r = item->at; r != 0; r = dpf_range_next(s, r))
			below_arms(s, &b, r);
		break;
	case DPF_ITEM_FRAME:
		below_place(s, &b, s->trie);
		break;
	default:
		below_place(s, &b, item->at);
		break;
	}
}

/* --- the code ----------------------------------------------------------------------- */

void
dpf_note(const struct gen *g, uint32_t i)
{
	const struct dpf_set *s = g->s;
	const struct about *a = &g->about;
	struct dpf_item item;

	switch (a->kind) {
	case DPF_ITEM_TEST:
		if (a->first == a->last)
			show_place(s, &item, a->last);
		else
			show_tests(s, &item, a->first, a->last);
		break;
	case DPF_ITEM_BOUND:
		show_bound(s, &item, a->last);
		break;
	case DPF_ITEM_CHOICE:
		show_choice(s, &item, a->last);
		break;
	case DPF_ITEM_TABLE:
		show_table(s, &item, a->last);
		break;
	case DPF_ITEM_TAIL:
		show_node(s, &item, a->last, a->id);
		break;
	case DPF_ITEM_RESIDUAL:
		show_insn(s, &item, a->first, a->last);
		break;
	case DPF_ITEM_LEAF:
		show_leaf(s, &item, a->last, a->id);
		break;
	default:
		begin(s, &item, DPF_ITEM_FRAME, 0, 0);
		break;
	}
	s->notes->fn(s->notes->arg, i, &item);
}

int
dpf_set_annotate(struct dpf_set *s, dpf_note_fn *note, void *arg)
{
	const struct notes notes = { note, arg };
	int err;

	s->dirty = true;
	s->notes = &notes;
	err = dpf_publish(s, false);
	s->notes = NULL;
	return err;
}
