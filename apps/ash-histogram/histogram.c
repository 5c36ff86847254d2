/*
 * histogram.c - telemetry: what lengths and ports there are, without touching a frame.
 *
 * Any filter; load it with --ring, as it declines everything.  The owner reads struct
 * histogram, at the beginning of the state, and may clear it.  A frame is counted
 * once in each of the two.
 */
#include <ash.h>

enum {
	STEP_BITS = 6, /* lengths are counted by 64 bytes */
	LENGTHS = 32,
	PORTS = 256,
	PROTO_TCP = 6,
};

struct histogram {
	uint32_t frames;
	uint32_t portless; /* no UDP or TCP over IPv4, a fragment, too short */
	uint32_t length[LENGTHS];
	uint32_t port[PORTS]; /* destination: both bytes XORed */
};

static volatile struct histogram histogram;

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, frame_ld8(IP_PROTO), 4);
	uint32_t proto = frame_ld8(IP_PROTO), port;

	histogram.frames++;
	histogram.length[len >> STEP_BITS & (LENGTHS - 1)]++;
	if (ip.at == 0 || (proto != PROTO_UDP && proto != PROTO_TCP)) {
		histogram.portless++;
		return ash_decline();
	}
	port = frame_ld16_at(ip.at, UDP_DPORT);
	histogram.port[(port ^ port >> 8) & (PORTS - 1)]++;
	return ash_decline();
}
