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
	WORD_BYTES = 6, /* of code, and how long it takes from there */
	ROOM_BYTES = 8,
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

static uint32_t
room_for(uint32_t words)
{
	return dpf_pool_room(ROOM_BYTES * words + LEAST_BYTES);
}

/* Room for WORDS and some more.  When there is none, what was there before is
 * still there. */
static int
resize(struct dpf_set *s, uint32_t words)
{
	uint32_t before = s->room[1];

	drop_reserve(s);
	drop_side(s, 1);
	if (take_sides(s, room_for(words)) == SP_OK)
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
	uint32_t fair = room_for(words);

	return s->room[1] > fair &&
	       (s->nfilters == 0 || s->room[1] > GENEROUS * fair);
}

/* Do WORDS fit?  What is added leaves room for what may come of removing it. */
static bool
fits(const struct dpf_set *s, uint32_t words, bool adding)
{
	if (adding)
		words += words / SLACK + SLACK;
	return s->side[1] != 0 && WORD_BYTES * words <= s->room[1];
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

const uint32_t *
dpf_set_code(const struct dpf_set *s, size_t *words, uint32_t *address)
{
	*words = s->words;
	*address = s->address + s->side[0];
	return trie_at(s, s->side[0]);
}

/* How long do WORDS take that have been written to SIDE?  The room behind them
 * is for the answers. */
static uint32_t
bound(const struct dpf_set *s, ref_t side, uint32_t words)
{
	uint32_t *code = trie_at(s, side);

	return dpf_longest(
		s, code, words, s->address + side, (void *)(code + words));
}

static bool
too_long(const struct dpf_set *s, uint32_t n)
{
	return s->limit != 0 && n > s->limit;
}

int
dpf_rebound(struct dpf_set *s)
{
	uint32_t n = bound(s, s->side[0], s->words);

	if (too_long(s, n))
		return SP_EFULL;
	s->bound = n;
	return SP_OK;
}

int
dpf_publish(struct dpf_set *s, bool adding)
{
	uint32_t words, longest;
	bool far;

	if (s->root == NULL || (!s->dirty && s->side[0] != 0))
		return SP_OK;
	s->dirty = true;
	dpf_plan(s);
	words = count(s, &far);
	if ((!fits(s, words, adding) || too_much(s, words)) &&
		fit(s, adding, &words, &far) < 0)
		return SP_ENOMEM;
	words = dpf_gen(
		s, trie_at(s, s->side[1]), s->address + s->side[1], far);
	longest = bound(s, s->side[1], words);
	if (adding && too_long(s, longest))
		return SP_EFULL;
	if (s->sync != NULL)
		s->sync(trie_at(s, s->side[1]), 4 * (size_t)words);
	swing(s);
	s->words = words;
	s->bound = longest;
	s->dirty = false;
	dpf_table_settle(s);
	return SP_OK;
}

uint32_t
dpf_set_bound(const struct dpf_set *s)
{
	return s->bound;
}

void
dpf_set_limit(struct dpf_set *s, uint32_t limit)
{
	s->limit = limit;
}

uint32_t
dpf_set_code_bytes(const struct dpf_set *s)
{
	return 4 * s->words;
}
