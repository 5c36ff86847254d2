/*
 * rank.c - a number for each binding, so that who beats another has the higher.
 *
 * There is room between ranks, so mostly nobody else's changes.  If there is
 * none, those above the new one move up, and only they.  The set is always live:
 * they move from the highest down, so that at every moment the order is right.
 */
#include "kernel/core/rank.h"

#include "kernel/core/classifier.h"
#include "kernel/core/info.h"
#include "kernel/core/slots.h"
#include "kernel/panic.h"

enum {
	FIRST = 0x4000, /* of who neither beats nor is beaten */
	GAP = 256,      /* to the next */
	LEAST = 1,
	MOST = DPF_MAX_RANK,
	CROWDED = MOST / 2, /* ranks that everybody fits into */
};

_Static_assert((int)CROWDED > (int)BIND_ENTRIES, "so many ranks");

static struct {
	uint32_t slot;
	struct slots below, above; /* whom the new one beats, who beats it */
	uint32_t high, low; /* the highest rank below it, the lowest above */
	uint16_t heap[BIND_ENTRIES]; /* by rank, the lowest first */
	uint32_t heaped;
	uint16_t moved[BIND_ENTRIES]; /* each before those that beat it */
	uint32_t nmoved;
	uint16_t want[BIND_ENTRIES]; /* new rank; 0: the old one */
} rank;

static void
clear(struct slots *s)
{
	uint32_t at;

	while ((at = slots_first(s)) != 0)
		slots_del(s, at);
}

void
rank_begin(uint32_t slot)
{
	clear(&rank.below);
	clear(&rank.above);
	rank.slot = slot;
	rank.high = LEAST - 1;
	rank.low = MOST + 1;
}

void
rank_beats(uint32_t at)
{
	slots_add(&rank.below, at);
	if (bind_table[at].rank > rank.high)
		rank.high = bind_table[at].rank;
}

void
rank_beaten(uint32_t at)
{
	slots_add(&rank.above, at);
	if (bind_table[at].rank < rank.low)
		rank.low = bind_table[at].rank;
}

/* --- the lowest first ---------------------------------------------------------- */

static bool
lower(uint32_t a, uint32_t b)
{
	return bind_table[rank.heap[a]].rank < bind_table[rank.heap[b]].rank;
}

static void
swap(uint32_t a, uint32_t b)
{
	uint16_t t = rank.heap[a];

	rank.heap[a] = rank.heap[b];
	rank.heap[b] = t;
}

static void
heap_add(uint32_t slot)
{
	uint32_t at = rank.heaped++;

	rank.heap[at] = (uint16_t)slot;
	for (; at > 0 && lower(at, (at - 1) / 2); at = (at - 1) / 2)
		swap(at, (at - 1) / 2);
}

static uint32_t
heap_take(void)
{
	uint32_t slot = rank.heap[0], at = 0;

	rank.heap[0] = rank.heap[--rank.heaped];
	for (uint32_t least = 0;; at = least) {
		for (uint32_t c = 2 * at + 1; c <= 2 * at + 2; c++)
			if (c < rank.heaped && lower(c, least))
				least = c;
		if (least == at)
			return slot;
		swap(at, least);
	}
}

/* --- moving -------------------------------------------------------------------- */

static int
tell(uint32_t slot)
{
	uint32_t to = rank.want[slot];
	int err = classifier_rank(&bind_rx, bind_table[slot].path, to);

	if (err < 0)
		return err;
	bind_table[slot].rank = to;
	bind_table[bind_table[slot].path].rank = to;
	if (slot < SP_MAX_BINDINGS)
		info.binding[slot].rank = to;
	return SP_OK;
}

/* SLOT must have at least the rank LEAST_RANK. */
static void
demand(uint32_t slot, uint32_t least_rank)
{
	uint32_t want = rank.want[slot];

	if (bind_table[slot].rank >= least_rank || want >= least_rank)
		return;
	if (want == 0)
		heap_add(slot);
	rank.want[slot] = (uint16_t)least_rank;
}

static void
forget_moves(void)
{
	while (rank.nmoved > 0)
		rank.want[rank.moved[--rank.nmoved]] = 0;
	while (rank.heaped > 0)
		rank.want[rank.heap[--rank.heaped]] = 0;
}

/*
 * Who has to move when the new one gets the rank NOW.  What beats another has the
 * higher rank as yet, so nobody is looked at before those it beats.  WITHOUT is
 * passed by: it will be gone.  SP_EUNDECIDED: those below would have to be above;
 * SP_EFULL: there are not so many ranks.
 */
static int
plan(uint32_t now, uint32_t without)
{
	for (uint32_t at = 0; (at = slots_next(&rank.above, at + 1)) != 0;)
		demand(at, now + 1);
	while (rank.heaped > 0) {
		uint32_t slot = heap_take();

		rank.moved[rank.nmoved++] = (uint16_t)slot;
		if (slots_has(&rank.below, slot))
			return SP_EUNDECIDED;
		if (rank.want[slot] >= MOST)
			return SP_EFULL;
		for (const struct bind_edge *e = bind_table[slot].beaten;
			e != NULL; e = e->next[EDGE_BEATEN])
			if (e->winner != without)
				demand(e->winner, rank.want[slot] + 1u);
	}
	return SP_OK;
}

static int
raise_above(uint32_t now)
{
	int err = plan(now, 0);

	/* A circle through what is replaced is none. */
	if (err == SP_EUNDECIDED && bind_table[rank.slot].kind != BIND_FREE) {
		forget_moves();
		err = plan(now, rank.slot);
	}
	while (err == SP_OK && rank.nmoved > 0) {
		err = tell(rank.moved[rank.nmoved - 1]);
		if (err == SP_OK)
			rank.want[rank.moved[--rank.nmoved]] = 0;
	}
	forget_moves();
	return err;
}

/* --- making room --------------------------------------------------------------- */

static bool
has_rank(uint32_t slot)
{
	return bind_is_ranked(bind_table[slot].kind);
}

/* New ranks, as far from each other as they can be in the lower half. */
static void
spread(void)
{
	uint32_t levels = 0, last = 0, step;

	for (uint32_t i = 1; i < BIND_ENTRIES; i++)
		if (has_rank(i))
			heap_add(i);
	while (rank.heaped > 0) {
		uint32_t slot = heap_take();

		levels += bind_table[slot].rank != last;
		last = bind_table[slot].rank;
		rank.want[slot] = (uint16_t)levels;
		rank.moved[rank.nmoved++] = (uint16_t)slot;
	}
	step = CROWDED / (levels + 1);
	for (uint32_t i = 0; i < rank.nmoved; i++)
		rank.want[rank.moved[i]] =
			(uint16_t)(rank.want[rank.moved[i]] * step);
}

/* Everybody's rank becomes low: who goes up goes before those below, who goes
 * down after them. */
static int
make_room(void)
{
	int err = SP_OK;

	spread();
	for (uint32_t i = rank.nmoved; i > 0 && err == SP_OK; i--) {
		uint32_t slot = rank.moved[i - 1];

		if (rank.want[slot] > bind_table[slot].rank)
			err = tell(slot);
	}
	for (uint32_t i = 0; i < rank.nmoved && err == SP_OK; i++) {
		uint32_t slot = rank.moved[i];

		if (rank.want[slot] < bind_table[slot].rank)
			err = tell(slot);
	}
	forget_moves();
	return err;
}

static void
look_again(void)
{
	rank.high = LEAST - 1;
	rank.low = MOST + 1;
	for (uint32_t at = 0; (at = slots_next(&rank.below, at + 1)) != 0;)
		rank_beats(at);
	for (uint32_t at = 0; (at = slots_next(&rank.above, at + 1)) != 0;)
		rank_beaten(at);
}

/* --- the new one --------------------------------------------------------------- */

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Between HIGH and LOW, if there is anything. */
static uint32_t
choose(uint32_t high, uint32_t low)
{
	if (high < LEAST && low > MOST)
		return FIRST;
	if (low > MOST)
		return high + smaller(GAP, (low - high) / 2);
	if (high < LEAST)
		return low - smaller(GAP, (low - high) / 2);
	return high + (low - high) / 2;
}

static int
squeeze_in(void)
{
	uint32_t now = rank.high + 1;
	int err = now > MOST ? SP_EFULL : raise_above(now);

	return err < 0 ? err : (int)now;
}

int
rank_find(void)
{
	int err;

	if (rank.high + 1 < rank.low)
		return (int)choose(rank.high, rank.low);
	err = squeeze_in();
	if (err != SP_EFULL)
		return err;
	err = make_room();
	if (err < 0)
		return err;
	look_again();
	return squeeze_in();
}
