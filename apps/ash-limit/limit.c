/*
 * limit.c - a token bucket in front of a ring: what comes too fast never costs its
 * owner anything.
 *
 * Any filter; load it with --ring.  At first a hundred frames a second may pass, and
 * 16 at once.  Frames that find a token are declined, so they go
 * to the ring; the others are consumed here, and counted.  The owner may change all
 * of struct bucket, at the beginning of the state, at any time; without ticks for a
 * token there is no limit.  Tokens that a silence of more than 25 s, when the clock
 * comes round, would have brought may be lost.
 */
#include <ash.h>

struct bucket {
	uint32_t ticks; /* of the clock, for a token */
	uint32_t burst; /* tokens it holds */
	uint32_t tokens;
	uint32_t clock; /* of the last token */
	uint32_t passed, dropped;
};

static volatile struct bucket bucket = { 1666667, 16, 16, 0, 0, 0 };

/* The tokens there are now. */
ASH_INLINE uint32_t
refill(uint32_t ticks)
{
	uint32_t now = ash_clock(), n = (now - bucket.clock) / ticks;
	uint32_t tokens = bucket.tokens, burst = bucket.burst;

	bucket.clock = bucket.clock + n * ticks;
	if (tokens > burst)
		return burst;
	return n > burst - tokens ? burst : tokens + n;
}

int
ash_main(uint32_t len)
{
	uint32_t ticks = bucket.ticks, tokens;

	(void)len;
	if (ticks == 0)
		return ash_decline();
	tokens = refill(ticks);
	if (tokens == 0) {
		bucket.tokens = 0;
		bucket.dropped++;
		return ash_consume();
	}
	bucket.tokens = tokens - 1;
	bucket.passed++;
	return ash_decline();
}
