/*
 * arp.c - answer "who has our address?" (RFC 826; probes: RFC 5227, section 2.1.1).
 *
 * Filter: `arp dst host 10.7.0.2`.  The state holds who we are, as it lies on the
 * wire; the owner may change it.  Declined: what is no request for IPv4 over
 * Ethernet, asks for another address, comes from a group address or from a station
 * that says it is another one, and who claims to have our own address.
 */
#include <ash.h>

enum {
	ETHERTYPE_ARP = 0x0806,
	ARP_HTYPE = 14, /* 1: Ethernet */
	ARP_PTYPE = 16,
	ARP_SIZES = 18, /* of both kinds of address */
	ARP_OP = 20,
	ARP_SHA = 22, /* sender's hardware address */
	ARP_SPA = 28, /* sender's protocol address */
	ARP_THA = 32,
	ARP_TPA = 38,
	ARP_END = 42,
	REQUEST = 1,
	REPLY = 2,
};

struct self {
	uint32_t ip;
	uint16_t mac[3];
};

static volatile struct self self = {
	__builtin_bswap32(0x0a070002),
	{ __builtin_bswap16(0x5254), __builtin_bswap16(0x0012),
		__builtin_bswap16(0x3456) },
};

ASH_INLINE bool
is_request(uint32_t len)
{
	return len >= ARP_END && frame_raw16(ETH_TYPE) == be16(ETHERTYPE_ARP) &&
	       frame_raw16(ARP_HTYPE) == be16(1) &&
	       frame_raw16(ARP_PTYPE) == be16(ETHERTYPE_IP) &&
	       frame_raw16(ARP_SIZES) == be16(6 << 8 | 4) &&
	       frame_raw16(ARP_OP) == be16(REQUEST);
}

/* The sender is one station, and the one that sent the frame. */
ASH_INLINE bool
is_honest(void)
{
	return (frame_ld8(ETH_SRC) & 1) == 0 &&
	       frame_raw16(ETH_SRC) == frame_raw16(ARP_SHA) &&
	       frame_raw16(ETH_SRC + 2) == frame_raw16(ARP_SHA + 2) &&
	       frame_raw16(ETH_SRC + 4) == frame_raw16(ARP_SHA + 4);
}

/* Two bytes of the hardware addresses, at AT in each: to THEIRS, from OURS. */
ASH_INLINE void
turn_half(uint32_t at, uint32_t theirs, uint32_t ours)
{
	frame_put_raw16(ETH_DST + at, theirs);
	frame_put_raw16(ARP_THA + at, theirs);
	frame_put_raw16(ETH_SRC + at, ours);
	frame_put_raw16(ARP_SHA + at, ours);
}

int
ash_main(uint32_t len)
{
	uint32_t ip = self.ip, asker = frame_raw32(ARP_SPA);

	if (!is_request(len) || !is_honest() || frame_raw32(ARP_TPA) != ip ||
		asker == ip)
		return ash_decline();
	frame_put_raw16(ARP_OP, be16(REPLY));
	turn_half(0, frame_raw16(ARP_SHA), self.mac[0]);
	turn_half(2, frame_raw16(ARP_SHA + 2), self.mac[1]);
	turn_half(4, frame_raw16(ARP_SHA + 4), self.mac[2]);
	frame_put_raw32(ARP_SPA, ip);
	frame_put_raw32(ARP_TPA, asker);
	return ash_reply(len);
}
