/*
 * active.c - active messages (von Eicken and others, ISCA 1992) on an ethertype of
 * their own: a message names the operation that its receiver performs.
 *
 * Filter: `ether proto 0x88b5`.  From byte 14: operation and tag, 16 bits each, then
 * index, value and expected value, 32 bits each, all in network order.  The reply has
 * bit 15 of the operation set, the tag, the index, and as value what the word of
 * the state was before.  The words are what the owner finds at the beginning of the
 * state, in its own byte order.  Each message is done whole before the next.
 * Declined: other operations, replies, an index beyond the state, what is too short.
 */
#include <ash.h>

enum {
	ETHERTYPE_ACTIVE = 0x88b5, /* for local experiments */
	AM_OP = 14,
	AM_TAG = 16,
	AM_INDEX = 18,
	AM_VALUE = 22,
	AM_EXPECTED = 26,
	AM_END = 30,
	AM_REPLY = 0x8000,
	WORDS = 256,
};

enum op {
	AM_READ,
	AM_WRITE,
	AM_ADD,
	AM_SWAP_IF, /* the word is the expected one */
	AM_WAKE,    /* write, then wake the owner */
	AM_LAST = AM_WAKE,
};

static volatile uint32_t words[WORDS];

/* What a word that WAS becomes. */
ASH_INLINE uint32_t
perform(uint32_t op, uint32_t was)
{
	uint32_t value = frame_ld32(AM_VALUE);

	if (op == AM_ADD)
		return was + value;
	if (op == AM_READ)
		return was;
	if (op == AM_SWAP_IF && was != frame_ld32(AM_EXPECTED))
		return was;
	return value;
}

int
ash_main(uint32_t len)
{
	uint32_t op = frame_ld16(AM_OP), index = frame_ld32(AM_INDEX), was;

	if (len < AM_END || frame_raw16(ETH_TYPE) != be16(ETHERTYPE_ACTIVE) ||
		(frame_ld8(ETH_DST) & 1) != 0 || index >= WORDS || op > AM_LAST)
		return ash_decline();
	was = words[index];
	words[index] = perform(op, was);
	frame_st32(AM_VALUE, was);
	frame_st16(AM_OP, op | AM_REPLY);
	frame_swap_mac();
	if (op == AM_WAKE)
		ash_wake();
	return ash_reply(len);
}
