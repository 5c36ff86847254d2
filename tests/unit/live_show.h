/*
 * live_show.h - what is shown of a set is what the set does.
 */
#ifndef TESTS_UNIT_LIVE_SHOW_H
#define TESTS_UNIT_LIVE_SHOW_H

#include "tests/unit/live_sets.h"

enum { SHOW_PIECES = 20000, SHOW_WORDS = 100000 };

/* The pieces of the trie, as a frame finds them. */
static struct {
	const struct model_frame *f;
	struct {
		uint32_t at;
		bool holds;
	} piece[SHOW_PIECES];
	uint32_t n, id, insns, groups;
	uint8_t accepts[MODEL_IDS + 1], may[MODEL_IDS + 1];
	uint8_t noted[SHOW_WORDS], seen[MODEL_IDS + 1];
} show;

static bool
show_holds(uint32_t at)
{
	if (at == 0)
		return true;
	for (uint32_t i = show.n; i-- > 0;)
		if (show.piece[i].at == at)
			return show.piece[i].holds;
	CU_FAIL_FATAL("hangs on nothing");
	return false;
}

static void
show_may(void *arg, uint32_t id)
{
	(void)arg;
	CU_ASSERT_FATAL(id > 0 && id <= MODEL_IDS);
	show.may[id] = 1;
}

static void
show_item(void *arg, const struct dpf_item *item)
{
	const struct model_frame *f = show.f;
	bool holds = show_holds(item->above);

	CU_ASSERT_FATAL(show.n < SHOW_PIECES);
	switch (item->kind) {
	case DPF_ITEM_LEAF:
		CU_ASSERT_EQUAL(item->rank, model.item[item->id].rank);
		show.accepts[item->id] |= holds;
		return;
	case DPF_ITEM_TEST:
		holds = holds &&
			dpf_interp(&item->fields, f->bytes, f->len, f->wirelen);
		break;
	case DPF_ITEM_TABLE:
	case DPF_ITEM_TAIL:
	case DPF_ITEM_RESIDUAL:
		if (holds)
			dpf_set_below(arg, item, show_may, NULL);
		holds = false;
		break;
	default:
		CU_FAIL("no piece of a trie");
		break;
	}
	show.piece[show.n].at = item->at;
	show.piece[show.n++].holds = holds;
}

static void
check_walk(void)
{
	static struct model_frame f;

	model_make_frame(&model, &f);
	model_judge(&model, f.bytes, f.len, f.wirelen, f.before);
	show.n = 0;
	memset(show.accepts, 0, sizeof(show.accepts));
	memset(show.may, 0, sizeof(show.may));
	show.f = &f;
	dpf_set_walk(model.set, show_item, model.set);
	for (uint32_t id = 1; id <= MODEL_IDS; id++) {
		CU_ASSERT_FATAL(!show.accepts[id] || f.before[id]);
		CU_ASSERT_FATAL(
			!f.before[id] || show.accepts[id] || show.may[id]);
	}
}

static void
show_seen(void *arg, uint32_t id)
{
	(void)arg;
	show.seen[id] = 1;
	show.id = id;
}

static void
show_note(void *arg, uint32_t i, const struct dpf_item *item)
{
	CU_ASSERT_FATAL(i < SHOW_WORDS);
	show.noted[i] = 1;
	show.id = 0;
	dpf_set_below(arg, item, show_seen, NULL);
	CU_ASSERT(show.id != 0 || item->kind == DPF_ITEM_FRAME ||
		  item->kind == DPF_ITEM_BOUND);
	CU_ASSERT(item->fields.nnodes > 0 || item->kind == DPF_ITEM_FRAME ||
		  item->kind == DPF_ITEM_LEAF || item->kind == DPF_ITEM_TAIL ||
		  item->kind == DPF_ITEM_RESIDUAL);
	show.insns += item->insn != NULL;
	show.groups += item->kind == DPF_ITEM_CHOICE && item->count > 4 &&
		       item->nodes[0].op == DPF_GT;
}

static void
check_notes(void)
{
	uint32_t address;
	size_t words;

	memset(show.seen, 0, sizeof(show.seen));
	memset(show.noted, 0, sizeof(show.noted));
	CU_ASSERT_EQUAL_FATAL(
		dpf_set_annotate(model.set, show_note, model.set), SP_OK);
	CU_ASSERT_PTR_NOT_NULL(dpf_set_code(model.set, &words, &address));
	CU_ASSERT_EQUAL(address, model.root);
	for (size_t i = 0; i < SHOW_WORDS; i++)
		CU_ASSERT_FATAL(show.noted[i] == (i < words));
	for (uint32_t id = 1; id <= MODEL_IDS; id++)
		CU_ASSERT(!show.seen[id] || model.item[id].in);
	model_check(&model, 10);
}

static void
test_what_is_shown_is_what_is_done(void)
{
	for (uint32_t i = 0; i < live_rounds; i++) {
		open_model(i + 91, i % 3 == 2);
		for (unsigned k = 0; k < 100; k++) {
			CU_ASSERT_EQUAL_FATAL(
				model_step(
					&model, 1 + 20 * i % MODEL_IDS, false),
				SP_OK);
			check_walk();
			if (k % 25 == 24)
				check_notes();
		}
	}
	CU_ASSERT(show.insns > 0);
	CU_ASSERT(show.groups > 0 || live_rounds < 10);
}

/* A set of two, spelled out. */
static void
note_kind(void *arg, uint32_t i, const struct dpf_item *item)
{
	uint8_t *kinds = arg;

	CU_ASSERT_FATAL(i < 64);
	kinds[i] = item->kind;
	if (item->kind != DPF_ITEM_TEST)
		return;
	CU_ASSERT(item->fields.nnodes >= 1);
	CU_ASSERT(item->nodes[0].off == 12 || item->nodes[0].off == 23);
	CU_ASSERT_EQUAL(item->nodes[0].value, item->nodes[0].off == 12 ? 0x0800
					      : item->id == 0          ? 6
								       : 17);
}

static void
test_each_word_serves_its_test(void)
{
	struct flow f = { .proto = 6 };
	uint8_t kinds[64] = { 0 }, n[DPF_ITEM_FRAME + 1] = { 0 };
	uint32_t address;
	size_t words;

	open_model(1, false);
	add(model.set, &f, 1, 1);
	CU_ASSERT_EQUAL(dpf_set_annotate(model.set, note_kind, kinds), SP_OK);
	(void)dpf_set_code(model.set, &words, &address);
	for (size_t i = 0; i < words; i++)
		n[kinds[i]]++;
	CU_ASSERT_EQUAL(n[DPF_ITEM_BOUND], 2);
	CU_ASSERT_EQUAL(n[DPF_ITEM_LEAF], 2);
	CU_ASSERT(n[DPF_ITEM_TEST] >= 6 && n[DPF_ITEM_TEST] <= 8);
	CU_ASSERT_EQUAL(n[DPF_ITEM_CHOICE] + n[DPF_ITEM_TABLE], 0);
}

#endif /* TESTS_UNIT_LIVE_SHOW_H */
