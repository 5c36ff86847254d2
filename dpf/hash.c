/*
 * hash.c - the function that finds a table's bucket, chosen for its keys.
 *
 * Candidates are tried on the very keys, the cheapest first; what counts is
 * instructions: those of the function, and those of keys that meet others in
 * their bucket.
 */
#include "dpf/table.h"

#include "dpf/emit.h"

#define GOLDEN   0x9e3779b1u /* spreads arithmetic series evenly */
#define GOLDEN16 0x9e370000u

enum {
	PROBE_WORDS = 5, /* what one more entry of a chain costs */
	SHORT_CHAIN = 6, /* longer ones are worse than dear functions */
	LAYER = 16,      /* HASH_STRONG folds the upper half down */
	SAMPLE = 64,     /* keys for a first look */
	HOPES = 2,       /* functions that are tried on all keys */
};

static uint32_t
strong_mul(const struct hash *h, uint32_t i)
{
	return (h->mul + i * 2 * GOLDEN) | 1;
}

/* The constant that word I is multiplied with. */
uint32_t
dpf_hash_mul(const struct hash *h, uint32_t i)
{
	return h->kind == HASH_STRONG ? strong_mul(h, i) : h->mul;
}

static uint32_t
sum(const uint32_t *key, uint32_t n)
{
	uint32_t x = key[0];

	for (uint32_t i = 1; i < n; i++)
		x += key[i];
	return x;
}

static uint32_t
horner(const struct hash *h, const uint32_t *key, uint32_t n)
{
	uint32_t x = key[0] * h->mul;

	for (uint32_t i = 1; i < n; i++)
		x = (x + key[i]) * h->mul;
	return x;
}

static uint32_t
strong(const struct hash *h, const uint32_t *key, uint32_t n)
{
	uint32_t x = key[0] * strong_mul(h, 0);

	for (uint32_t i = 1; i < n; i++)
		x = ((x ^ x >> LAYER) + key[i]) * strong_mul(h, i);
	return x;
}

uint32_t
dpf_hash(const struct hash *h, const uint32_t *key, uint32_t n)
{
	uint32_t x;

	switch (h->kind) {
	case HASH_WINDOW:
		return key[h->word] >> h->pos & ((1u << h->bits) - 1);
	case HASH_SWAPPED:
		x = key[h->word];
		return (x >> 8 | x << 8) & ((1u << h->bits) - 1);
	case HASH_MUL:
		x = key[h->word] * h->mul;
		break;
	case HASH_SUM:
		x = sum(key, n) * h->mul;
		break;
	case HASH_HORNER:
		x = horner(h, key, n);
		break;
	default:
		x = strong(h, key, n);
		break;
	}
	return x >> (32 - h->bits);
}

unsigned
dpf_hash_cost(const struct hash *h, uint32_t n)
{
	unsigned li = dpf_li_words(h->mul);

	switch (h->kind) {
	case HASH_WINDOW:
		return h->pos != 0;
	case HASH_SWAPPED:
		return 1;
	case HASH_MUL:
		return li + 2;
	case HASH_SUM:
		return n - 1 + li + 2;
	case HASH_HORNER:
		return 2 * (n - 1) + li + 2;
	default:
		return 6 * (n - 1) + 4;
	}
}

/* --- the choice -------------------------------------------------------------- */

struct contest {
	struct dpf_set *s;
	struct table *t;
	ref_t first;
	uint32_t n;
	uint8_t *count; /* one of each bucket, 0 between candidates */
	uint32_t best;  /* instructions for all keys, of the winner */
	uint32_t nsample;
	ref_t sample[SAMPLE];
	/* The most promising ones of a heat. */
	struct hash hope[HOPES];
	uint32_t guess[HOPES];
};

static ref_t
next_in(const struct contest *c, ref_t r)
{
	return entry_at(c->s, r)->next[c->t->turn];
}

static uint8_t *
count_of(const struct contest *c, const struct hash *h, ref_t r)
{
	return &c->count[dpf_hash(h, entry_at(c->s, r)->key, c->t->ncols)];
}

/* Try H on all keys; it wins if it takes fewer instructions. */
static void
compete(struct contest *c, const struct hash *h)
{
	uint32_t cost = dpf_hash_cost(h, c->t->ncols) * c->n;
	uint32_t longest = 0, met = 0;

	for (ref_t r = c->first; r != 0 && cost < c->best; r = next_in(c, r)) {
		uint8_t *in = count_of(c, h, r);

		if (*in == UINT8_MAX)
			cost = c->best;
		else
			cost += PROBE_WORDS * *in;
		met += *in;
		if (*in < UINT8_MAX)
			(*in)++;
		longest = *in > longest ? *in : longest;
	}
	for (uint32_t i = 0; i < 1u << h->bits; i += sizeof(uint32_t))
		*(uint32_t *)(void *)(c->count + i) = 0;
	if (longest > SHORT_CHAIN)
		cost += (longest - SHORT_CHAIN) * c->n;
	if (cost >= c->best)
		return;
	c->best = cost;
	c->t->now.hash = *h;
	c->t->met = met;
	c->t->longest = (uint8_t)longest;
}

/* A look at some keys: pairs that meet grow with the square of their number. */
static void
enter(struct contest *c, struct hash h)
{
	uint32_t cost = dpf_hash_cost(&h, c->t->ncols) * c->n, met = 0;
	uint32_t more = (c->n + c->nsample - 1) / c->nsample;
	unsigned i;

	for (i = 0; i < c->nsample; i++)
		met += (*count_of(c, &h, c->sample[i]))++;
	for (i = 0; i < c->nsample; i++)
		*count_of(c, &h, c->sample[i]) = 0;
	if (met > c->nsample)
		return;
	cost += PROBE_WORDS * met * more * more;
	for (i = HOPES; i > 0 && cost < c->guess[i - 1]; i--) {
		if (i < HOPES) {
			c->hope[i] = c->hope[i - 1];
			c->guess[i] = c->guess[i - 1];
		}
		c->hope[i - 1] = h;
		c->guess[i - 1] = cost;
	}
}

static void
new_heat(struct contest *c)
{
	for (unsigned i = 0; i < HOPES; i++)
		c->guess[i] = UINT32_MAX;
}

static void
end_heat(struct contest *c)
{
	for (unsigned i = 0; i < HOPES; i++)
		if (c->guess[i] < c->best)
			compete(c, &c->hope[i]);
}

/* Bits of word I in which keys differ. */
static uint32_t
differing(const struct contest *c, uint32_t i)
{
	uint32_t first = entry_at(c->s, c->sample[0])->key[i], bits = 0;

	for (unsigned k = 1; k < c->nsample; k++)
		bits |= first ^ entry_at(c->s, c->sample[k])->key[i];
	return bits;
}

/* Functions that take an instruction at most. */
static void
heat_of_windows(struct contest *c, uint8_t bits)
{
	uint32_t ones = (1u << bits) - 1;

	new_heat(c);
	for (uint8_t i = 0; i < c->t->ncols; i++) {
		const struct column *col = &c->t->col[i];
		uint32_t differ = differing(c, i);
		struct hash h = { .word = i, .bits = bits };

		for (; h.pos + bits <= 32u; h.pos++)
			if ((differ >> h.pos & ones) == ones)
				enter(c, h);
		h.pos = 0;
		h.kind = HASH_SWAPPED;
		if (col->mask >> col->shift == 0xffff && bits <= 16)
			enter(c, h);
	}
	end_heat(c);
}

static uint32_t
random_mul(struct dpf_set *s)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 17;
	s->seed ^= s->seed << 5;
	return s->seed | 1;
}

/* Those that multiply. */
static void
heat_of_products(struct contest *c, uint8_t bits)
{
	new_heat(c);
	for (uint8_t i = 0; i < c->t->ncols; i++) {
		struct hash h = { .kind = HASH_MUL,
			.word = i,
			.bits = bits,
			.mul = GOLDEN16 };

		if (differing(c, i) == 0)
			continue;
		enter(c, h);
		h.mul = GOLDEN;
		enter(c, h);
	}
	for (unsigned kind = HASH_SUM; kind <= HASH_HORNER; kind++) {
		struct hash h = {
			.kind = (uint8_t)kind, .bits = bits, .mul = GOLDEN
		};

		enter(c, h);
		h.mul = random_mul(c->s);
		enter(c, h);
	}
	end_heat(c);
}

static void
take_sample(struct contest *c)
{
	uint32_t step = (c->n + SAMPLE - 1) / SAMPLE, i = 0;

	c->nsample = 0;
	for (ref_t r = c->first; r != 0; r = next_in(c, r))
		if (i++ % step == 0)
			c->sample[c->nsample++] = r;
}

void
dpf_hash_choose(struct dpf_set *s, struct table *t, ref_t first, uint32_t n,
	unsigned bits, uint8_t *count)
{
	struct contest c = { .s = s,
		.t = t,
		.first = first,
		.n = n,
		.count = count,
		.best = UINT32_MAX };
	struct hash h = t->now.hash; /* what was good may still be */

	h.bits = (uint8_t)bits;
	for (uint32_t i = 0; i < 1u << bits; i++)
		count[i] = 0;
	if (h.pos + bits <= 32 && (h.kind != HASH_SWAPPED || bits <= 16))
		compete(&c, &h);
	if (c.best <= (2 + dpf_hash_cost(&h, t->ncols)) * n)
		return;
	take_sample(&c);
	heat_of_windows(&c, (uint8_t)bits);
	if (c.best > 2 * n)
		heat_of_products(&c, (uint8_t)bits);
	if (c.best < UINT32_MAX && t->longest <= SHORT_CHAIN)
		return;
	h = (struct hash){
		.kind = HASH_STRONG, .bits = (uint8_t)bits, .mul = random_mul(s)
	};
	if (c.best == UINT32_MAX) { /* whatever happens there is one */
		t->now.hash = h;
		t->longest = UINT8_MAX;
	}
	compete(&c, &h);
}
