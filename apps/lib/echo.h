/*
 * echo.h - turn a UDP frame round where it lies in the packet ring.
 *
 * Shared by the programs that answer from the ring and from an upcall.  What is
 * swapped leaves both checksums as they were.
 */
#ifndef APPS_LIB_ECHO_H
#define APPS_LIB_ECHO_H

#include "ring.h"
#include "syscall.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Places in the slot, in halfwords and words: the frame begins at byte 2, so IP
 * begins at byte 16.  Constants are as a little-endian load sees them.
 */
enum {
	ECHO_DST = 1, /* halfwords */
	ECHO_SRC = 4,
	ECHO_TYPE = 7,
	ECHO_IP = 4, /* words: version, header words, total length */
	ECHO_FRAG = 5,
	ECHO_PROTO = 6,
	ECHO_FROM = 7,
	ECHO_TO = 8,

	ECHO_IPV4 = 0x0008,
	ECHO_UDP = 17 << 8,
	ECHO_ETHER = 14,
	ECHO_SHORTEST = 42,
	ECHO_UDP_BYTES = 8,
};

static inline void
echo_swap16(uint16_t *a, uint16_t *b)
{
	uint16_t t = *a;

	*a = *b;
	*b = t;
}

/*
 * Where UDP begins in the slot W of a frame of LEN bytes, or NULL when it is no
 * whole UDP datagram: all lengths are checked against each other.
 */
static inline uint32_t *
echo_find_udp(uint32_t *w, uint32_t len)
{
	const uint16_t *h = (const uint16_t *)w;
	uint32_t words = w[ECHO_IP] & 15;
	uint32_t total = __builtin_bswap16((uint16_t)(w[ECHO_IP] >> 16));
	uint32_t room = total - words * 4; /* wraps when too small */
	uint32_t *udp = w + ECHO_IP + words;

	if ((h[ECHO_TYPE] ^ ECHO_IPV4) | ((w[ECHO_PROTO] & 0xff00) ^ ECHO_UDP) |
		(w[ECHO_FRAG] & 0xff3f0000u) | ((w[ECHO_IP] & 0xf0) ^ 0x40) |
		(len < ECHO_SHORTEST))
		return NULL;
	if (words < 5 || total > len - ECHO_ETHER || room > total ||
		room < ECHO_UDP_BYTES)
		return NULL;

	uint32_t bytes = __builtin_bswap16((uint16_t)udp[1]);

	return bytes < ECHO_UDP_BYTES || bytes > room ? NULL : udp;
}

/* Make the frame of LEN bytes in the slot W a reply; false: nothing to echo. */
static inline bool
echo_turn(uint32_t *w, uint32_t len)
{
	uint16_t *h = (uint16_t *)w;
	uint32_t *udp = echo_find_udp(w, len);

	if (udp == NULL)
		return false;

	uint32_t ports = *udp << 16 | *udp >> 16;
	uint32_t from = w[ECHO_FROM];

	/* Another echo server asks; neither would ever stop. */
	if (ports == *udp)
		return false;
	*udp = ports;
	for (int i = 0; i < 3; i++)
		echo_swap16(h + ECHO_DST + i, h + ECHO_SRC + i);
	w[ECHO_FROM] = w[ECHO_TO];
	w[ECHO_TO] = from;
	return true;
}

/* Answer every frame in the ring; what cannot be sent is dropped.  Inlined even
 * where it is called twice: it is what a round trip is measured with. */
__attribute__((always_inline)) static inline void
echo_ring(struct sp_ring *r)
{
	while (ring_waiting(r) > 0) {
		uint32_t slot = ring_slot(r);
		uint32_t *w = ring_slot_words(slot);
		const struct sp_piece frame = {
			sys_addr(w) + SP_RING_FRAME_AT,
			r->slot[slot].len,
		};

		if (echo_turn(w, frame.len))
			(void)sys_net_send(APP_CAP_SELF, &frame, 1);
		ring_next(r);
	}
}

#endif /* APPS_LIB_ECHO_H */
