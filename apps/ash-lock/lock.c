/*
 * lock.c - locks for remote parties, with an owner and a lease (Gray and Cheriton,
 * SOSP 1989).
 *
 * Filter: any UDP port.  Payload: 'a' (acquire or prolong) or 'r' (release); number of
 * the lock, 0 to 63; 16 bits that come back; whose it shall be, 32 bits, not 0; the
 * lease in milliseconds, 32 bits, 1 to LEASE_MAX; network order.  The reply: 'A' it
 * is yours, 'H' somebody else holds it, 'R' it is free; the same; whose it is; how
 * much of the lease is left.  A release by who does not hold it changes nothing and
 * says so.  No two ever hold a lock at once; after 25 s without a
 * request, a lease that ended may be taken for one that has not, for its length.
 * Declined: another length, an operation, a lock, an owner or a lease out of range.
 */
#include <ash.h>

enum {
	LOCK = IP_PAYLOAD + UDP_BYTES,
	LOCK_OP = LOCK,
	LOCK_NUMBER = LOCK + 1,
	LOCK_OWNER = LOCK + 4,
	LOCK_LEASE = LOCK + 8,
	LOCK_BYTES = 12,
	LOCKS = 64,
	LEASE_MAX = 8000,
};

struct lock {
	uint32_t owner;        /* 0: nobody */
	uint32_t since, lease; /* of the clock */
};

struct state {
	uint32_t ticks_per_ms; /* of the clock */
	struct lock lock[LOCKS];
};

static volatile struct state state = { .ticks_per_ms = 166667 };

/* What is left of the lease on L; 0: nobody holds it. */
ASH_INLINE uint32_t
left(const volatile struct lock *l, uint32_t now)
{
	uint32_t passed = now - l->since;

	return l->owner == 0 || passed >= l->lease ? 0 : l->lease - passed;
}

ASH_INLINE void
answer(uint32_t op, uint32_t owner, uint32_t ms)
{
	frame_st8(LOCK_OP, op);
	frame_st32(LOCK_OWNER, owner);
	frame_st32(LOCK_LEASE, ms);
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(IP_PAYLOAD);
	frame_put_raw16(IP_PAYLOAD + UDP_CSUM, 0);
}

ASH_INLINE void
serve(volatile struct lock *l, uint32_t op, uint32_t who, uint32_t ms)
{
	uint32_t now = ash_clock(), rate = state.ticks_per_ms;
	uint32_t rest = left(l, now), holder = rest == 0 ? 0 : l->owner;

	if (holder != 0 && holder != who) {
		answer('H', holder, rest / rate);
	} else if (op == 'a') {
		l->owner = who;
		l->since = now;
		l->lease = ms * rate;
		answer('A', who, ms);
	} else {
		l->owner = 0;
		answer('R', 0, 0);
	}
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + LOCK_BYTES);
	uint32_t op = frame_ld8(LOCK_OP), number = frame_ld8(LOCK_NUMBER);
	uint32_t who = frame_ld32(LOCK_OWNER), ms = frame_ld32(LOCK_LEASE);

	if (ip.at != IP_PAYLOAD || ip.bytes != UDP_BYTES + LOCK_BYTES ||
		frame_raw16(IP_PAYLOAD + UDP_LEN) !=
			be16(UDP_BYTES + LOCK_BYTES))
		return ash_decline();
	if ((op != 'a' && op != 'r') || number >= LOCKS || who == 0 ||
		ms - 1 >= LEASE_MAX)
		return ash_decline();
	serve(&state.lock[number], op, who, ms);
	return ash_reply(len);
}
