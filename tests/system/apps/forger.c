/*
 * forger.c - answers each UDP frame, after trying to answer as somebody else.
 *
 * The true reply's payload is what the kernel said to each attempt, negated:
 * another source MAC, source address, source port, protocol, ethertype.
 */
#include "apps/lib/app.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stddef.h>

enum {
	ETH_DST = 0,
	ETH_SRC = 6,
	ETH_TYPE = 12,
	IP_LEN = 16,
	IP_PROTO = 23,
	IP_CSUM = 24,
	IP_SRC = 26,
	IP_DST = 30,
	UDP_SRC = 34,
	UDP_DST = 36,
	UDP_LEN = 38,
	UDP_CSUM = 40,
	UDP_DATA = 42,
	FRAME = 60,
};

/* What a lie changes: one byte of the true reply. */
static const uint8_t lies[] = { ETH_SRC + 5, IP_SRC + 3, UDP_SRC + 1, IP_PROTO,
	ETH_TYPE + 1 };

static uint8_t reply[FRAME];

static void
copy(uint8_t *dst, const uint8_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = src[i];
}

static void
ip_checksum(uint8_t *f)
{
	uint32_t sum = 0;

	be16_put(f + IP_CSUM, 0);
	for (size_t i = 14; i < 34; i += 2)
		sum += be16_get(f + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	be16_put(f + IP_CSUM, (uint16_t)~sum);
}

static void
make_reply(const uint8_t *in)
{
	copy(reply, in, UDP_DATA);
	copy(reply + ETH_DST, in + ETH_SRC, 6);
	copy(reply + ETH_SRC, in + ETH_DST, 6);
	copy(reply + IP_SRC, in + IP_DST, 4);
	copy(reply + IP_DST, in + IP_SRC, 4);
	copy(reply + UDP_SRC, in + UDP_DST, 2);
	copy(reply + UDP_DST, in + UDP_SRC, 2);
	be16_put(reply + UDP_CSUM, 0);
	be16_put(reply + IP_LEN, 28 + ARRAY_LEN(lies));
	be16_put(reply + UDP_LEN, 8 + ARRAY_LEN(lies));
	ip_checksum(reply);
}

static int32_t
send_reply(void)
{
	struct sp_piece whole = { sys_addr(reply), FRAME };

	return sys_net_send(0, &whole, 1);
}

static void
answer(const uint8_t *frame)
{
	make_reply(frame);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		reply[lies[i]] ^= 1;
		reply[UDP_DATA + i] = (uint8_t)-send_reply();
		reply[lies[i]] ^= 1;
	}
	(void)send_reply();
}

int
app_main(uint32_t a0, uint32_t a1)
{
	struct sp_ring *r = ring_get();

	(void)a0;
	(void)a1;
	for (;;) {
		(void)sys_wait(SP_EVENT_RING);
		while (ring_waiting(r) > 0) {
			answer(ring_slot_bytes(ring_slot(r)) +
				SP_RING_FRAME_AT);
			ring_next(r);
		}
	}
}
