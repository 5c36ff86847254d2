/*
 * balance.c - spread connections over stations on the same wire, which answer by
 * themselves (direct server return, as in LVS and Maglev).
 *
 * Filter: `udp dst port 4002`, or TCP's.  A frame goes on to the station that the hash
 * of addresses and ports names, with nothing changed but hardware addresses: all
 * stations have our IP address, but tell nobody, so their answers need not come by
 * here.  The state has who they are; the owner may change it.
 * What may be sent is what the mirrors of the owner's filters accept, and that of the
 * one above is its answers only.  So the owner needs a second filter, of what comes
 * the other way: `udp src port 4002`, of a lower priority.  Other ways of balancing would rewrite the
 * source, and need a filter for each port that they take.
 * Declined: what is no UDP or TCP over IPv4, fragments, all while there is no station.
 */
#include <ash.h>

enum { PROTO_TCP = 6, STATIONS = 16 };

struct station {
	uint16_t mac[3]; /* as on the wire */
	uint16_t pad;
	uint32_t frames;
};

struct state {
	uint32_t stations;
	struct station station[STATIONS];
};

static volatile struct state state;

/* The same for all frames of a connection; a multiplication mixes upwards. */
ASH_INLINE uint32_t
hash(uint32_t l4)
{
	uint32_t h = frame_raw32(IP_SRC) ^ frame_raw32(IP_DST);

	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ frame_raw32_at(l4, UDP_SPORT)) * 0xc2b2ae35;
	return h ^ h >> 15;
}

ASH_INLINE int
forward(uint32_t len, volatile struct station *to)
{
	frame_put_raw16(ETH_SRC, frame_raw16(ETH_DST));
	frame_put_raw32(ETH_SRC + 2, frame_raw32(ETH_DST + 2));
	frame_put_raw16(ETH_DST, to->mac[0]);
	frame_put_raw16(ETH_DST + 2, to->mac[1]);
	frame_put_raw16(ETH_DST + 4, to->mac[2]);
	to->frames++;
	return ash_reply(len);
}

int
ash_main(uint32_t len)
{
	uint32_t proto = frame_ld8(IP_PROTO), n = state.stations;
	struct ip_view ip = ip_parse(len, proto, UDP_BYTES);

	if (ip.at == 0 || (proto != PROTO_UDP && proto != PROTO_TCP) ||
		n - 1 >= STATIONS)
		return ash_decline();
	return forward(len, &state.station[hash(ip.at) % n]);
}
