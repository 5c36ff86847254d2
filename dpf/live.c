/*
 * live.c - make what changed visible, whoever classifies a frame meanwhile.
 *
 * New code is written beside the old, to addresses that nothing points to, made
 * visible to fetch, and published by one store.  Only then is given back what
 * the old code could read.  There is always room for code as large as what
 * runs, so that filters can be removed when memory is short.
 */
#include "dpf/emit.h"
#include "dpf/table.h"

enum {
	LEAST_BYTES = 256,
	SLACK = 8,    /* code for fewer filters may be longer by so much */
	GENEROUS = 4, /* room that is used to less than 1 / GENEROUS is cut */
};

void
dpf_write(const struct dpf_set *s, uint32_t *at, uint32_t word)
{
	*at = word;
	if (s->wrote != NULL)
		s->wrote(s->wrote_arg);
}

void
dpf_fill(const struct dpf_set *s, uint32_t *at, uint32_t word, uint32_t n)
{
	if (s->wrote != NULL) {
		for (uint32_t i = 0; i < n; i++)
			dpf_write(s, at + i, word);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		at[i] = word;
}

static void
drop_side(struct dpf_set *s, unsigned i)
{
	dpf_pool_free(s, s->side[i], s->room[i]);
	s->side[i] = s->room[i] = 0;
}

static void
drop_reserve(struct dpf_set *s)
{
	dpf_pool_free(s, s->reserve, s->room[1]);
	s->reserve = 0;
}

/* BYTES for the side that is not live, and as much for the other one. */
static int
take_sides(struct dpf_set *s, uint32_t bytes)
{
	s->side[1] = dpf_pool_take(s, bytes);
	if (s->side[1] == 0)
		return SP_ENOMEM;
	s->room[1] = bytes;
	if (s->room[0] >= bytes)
		return SP_OK;
	s->reserve = dpf_pool_take(s, bytes);
	if (s->reserve != 0)
		return SP_OK;
	drop_side(s, 1);
	return SP_ENOMEM;
}

/* Room for WORDS and some more.  When there is none, what was there before is
 * still there. */
static int
resize(struct dpf_set *s, uint32_t words)
{
	uint32_t before = s->room[1];

	drop_reserve(s);
	drop_side(s, 1);
	if (take_sides(s, dpf_pool_room(5 * words + LEAST_BYTES)) == SP_OK)
		return SP_OK;
	if (before != 0)
		(void)take_sides(s, before);
	return SP_ENOMEM;
}

/* The side that was written becomes the live one; the other gets its size. */
static void
swing(struct dpf_set *s)
{
	ref_t live = s->side[0];
	uint32_t room = s->room[0];

	dpf_write(s, s->root, s->address + s->side[1]);
	s->side[0] = s->side[1];
	s->room[0] = s->room[1];
	s->side[1] = live;
	s->room[1] = room;
	if (room == s->room[0])
		return;
	drop_side(s, 1);
	s->side[1] =
		s->reserve != 0 ? s->reserve : dpf_pool_take(s, s->room[0]);
	s->room[1] = s->side[1] != 0 ? s->room[0] : 0;
	s->reserve = 0;
}

/* How many words, at the address where they would go; plans must be made. */
static uint32_t
count(struct dpf_set *s, bool *far)
{
	uint32_t address = s->address + s->side[1], words;

	*far = false;
	words = dpf_gen(s, NULL, address, false);
	if (words <= GEN_NEAR_WORDS)
		return words;
	*far = true;
	return dpf_gen(s, NULL, address, true);
}

static bool
too_much(const struct dpf_set *s, uint32_t words)
{
	uint32_t fair = dpf_pool_room(5 * words + LEAST_BYTES);

	return s->room[1] > fair &&
	       (s->nfilters == 0 || s->room[1] > GENEROUS * fair);
}

/* Do WORDS fit?  What is added leaves room for what may come of removing it. */
static bool
fits(const struct dpf_set *s, uint32_t words, bool adding)
{
	if (adding)
		words += words / SLACK + SLACK;
	return s->side[1] != 0 && 4 * words <= s->room[1];
}

/* Make the side that is written fit *WORDS, which depend on where it is: jump
 * tables are aligned. */
static int
fit(struct dpf_set *s, bool adding, uint32_t *words, bool *far)
{
	for (uint32_t wanted = *words;; wanted += wanted / 2 + LEAST_BYTES) {
		int err = resize(s, wanted);

		if (s->side[1] == 0)
			return SP_ENOMEM;
		*words = count(s, far);
		if (fits(s, *words, adding))
			return SP_OK;
		if (err < 0)
			return err;
	}
}

int
dpf_publish(struct dpf_set *s, bool adding)
{
	uint32_t words;
	bool far;

	if (s->root == NULL || (!s->dirty && s->side[0] != 0))
		return SP_OK;
	s->dirty = true;
	dpf_plan(s);
	words = count(s, &far);
	if ((!fits(s, words, adding) || too_much(s, words)) &&
		fit(s, adding, &words, &far) < 0)
		return SP_ENOMEM;
	s->words = dpf_gen(
		s, trie_at(s, s->side[1]), s->address + s->side[1], far);
	if (s->sync != NULL)
		s->sync(trie_at(s, s->side[1]), 4 * (size_t)s->words);
	swing(s);
	s->dirty = false;
	dpf_table_settle(s);
	return SP_OK;
}
