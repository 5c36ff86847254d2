/*
 * follow.h - which datagrams' later fragments are whose.
 *
 * Of a fragmented datagram only the first piece has ports.  A binding that asks
 * for it (SP_BIND_FOLLOW) gets the others too: the table remembers, for a while,
 * who took the first one.  Pure logic: receive.c asks, and says what time it is.
 */
#ifndef KERNEL_CORE_FOLLOW_H
#define KERNEL_CORE_FOLLOW_H

#include <spindle/abi.h>
#include <spindle/bytes.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	FOLLOW_SHARE = 16, /* datagrams an owner may have on their way */
	FOLLOW_ENTRIES = SP_MAX_ENVS * FOLLOW_SHARE,
	FOLLOW_PIECES = 56, /* fragments of one: 64 KiB over IPv6's least MTU */
	FOLLOW_TICKS = 500, /* how long one is followed, 10 ms each */
	FOLLOW_COST = 1200, /* instructions a fragment, at most */
};

/* A fragment of an IP datagram, in units of eight bytes. */
struct follow_piece {
	uint32_t key[10]; /* source, destination, protocol and version, id */
	uint16_t from, to;
	bool last;
};

enum follow_kind {
	FOLLOW_NOT, /* a whole datagram, or a fragment that cannot be right */
	FOLLOW_FIRST,
	FOLLOW_LATER,
};

/* Forget everything; SEED is for hashes that nobody can foresee.  What is done
 * is counted in SHOWN. */
void follow_init(uint32_t seed, struct sp_follow_info *shown);

/*
 * Is this perhaps a fragment for one receiver?  FRAME has an Ethernet and the
 * shortest IP header or is not looked at further by follow_parse().
 */
static inline bool
follow_is_fragment(const uint8_t *frame)
{
	uint16_t type = be16_get(frame + 12);

	if (type == 0x0800)
		return (be16_get(frame + 20) & 0x3fff) != 0 &&
		       (frame[0] & 1) == 0;
	return type == 0x86dd && frame[20] == 44 && (frame[0] & 1) == 0;
}

/* Reads nothing beyond LEN; P is filled in unless the answer is FOLLOW_NOT. */
enum follow_kind follow_parse(
	const uint8_t *frame, uint32_t len, struct follow_piece *p);

/*
 * The first fragment P came at tick NOW and BINDING takes it, which is of the
 * environment in slot OWNER; 0: nobody who wants to follow does.
 */
void follow_first(const struct follow_piece *p, uint32_t binding,
	uint32_t owner, uint32_t now);

/*
 * Who gets the later fragment P; 0: whoever the classifier says.  Nobody is given
 * a byte twice: what was there before is not followed, and a datagram whose
 * fragments overlap or contradict each other is not followed any more.
 */
uint32_t follow_later(const struct follow_piece *p, uint32_t now);

/* BINDING of the environment in slot OWNER follows nothing any more. */
void follow_forget(uint32_t binding, uint32_t owner);

/* Does the table depend on the clock at NOW? */
bool follow_waits(uint32_t now);

/* Whose the datagram at AT is, 0 for nobody's; FOLLOW_SHARE entries belong to each
 * slot of an environment.  Returns false if it contradicts itself. */
bool follow_check(uint32_t at, uint32_t *binding);

#endif /* KERNEL_CORE_FOLLOW_H */
