/*
 * ntp.c - tell the time: an SNTP server (RFC 5905, sections 7.3 and 14).
 *
 * Filter: `udp dst port 123`.  The owner says what time it was at which value of the
 * clock (struct ntp_time, at the beginning of the state), and how fast that runs; the
 * handler goes on from there, and moves that point along whenever it is asked.  The
 * owner must write again before the clock's 32 bits come round (25 s), or ask
 * itself.  While `valid` is 0, which it is before the first time, all is declined.
 * Declined: what is no client's request of version 1 to 4, and what carries a MAC or
 * extension fields, as nobody here has keys.
 */
#include <ash.h>

enum {
	NTP = IP_PAYLOAD + UDP_BYTES,
	NTP_BYTES = 48,
	NTP_HEAD = NTP,      /* leap, version, mode; stratum; poll; precision */
	NTP_DELAY = NTP + 4, /* of the root */
	NTP_DISPERSION = NTP + 8, /* of the root */
	NTP_ID = NTP + 12,        /* what we have it from */
	NTP_REFERENCE = NTP + 16, /* when the clock was set */
	NTP_ORIGIN = NTP + 24,
	NTP_RECEIVED = NTP + 32,
	NTP_TRANSMIT = NTP + 40,
	MODE_CLIENT = 3,
	MODE_SERVER = 4,
	STRATUM = 10,    /* a clock that nobody disciplines */
	PRECISION = -20, /* log2 of seconds */
	SCALE_BITS = 16,
};

struct ntp_time {
	uint32_t valid;
	uint32_t seconds, fraction; /* since 1900, at CLOCK */
	uint32_t clock;
	uint32_t rate;  /* of the clock, a second */
	uint32_t scale; /* 2^(32 + SCALE_BITS) / rate */
	uint32_t set;   /* seconds when the owner wrote last */
};

static volatile struct ntp_time state;

/* Go on to now. */
ASH_INLINE void
advance(void)
{
	uint32_t now = ash_clock(), passed = now - state.clock;
	uint32_t whole = passed / state.rate, rest = passed % state.rate;
	uint32_t before = state.fraction;
	uint32_t after =
		before + (uint32_t)((uint64_t)rest * state.scale >> SCALE_BITS);

	state.fraction = after;
	state.seconds += whole + (after < before);
	state.clock = now;
}

ASH_INLINE void
answer(uint32_t version)
{
	uint32_t seconds = state.seconds, fraction = state.fraction;

	frame_st16(NTP_HEAD, (version << 3 | MODE_SERVER) << 8 | STRATUM);
	frame_st8(NTP_HEAD + 3, (uint32_t)PRECISION);
	frame_put_raw32(NTP_DELAY, 0);
	frame_put_raw32(NTP_DISPERSION, be32(0x10000 / 64));
	frame_put_raw32(NTP_ID, be32(0x4c4f434c)); /* LOCL */
	frame_st32(NTP_REFERENCE, state.set);
	frame_put_raw32(NTP_REFERENCE + 4, 0);
	frame_put_raw32(NTP_ORIGIN, frame_raw32(NTP_TRANSMIT));
	frame_put_raw32(NTP_ORIGIN + 4, frame_raw32(NTP_TRANSMIT + 4));
	frame_st32(NTP_RECEIVED, seconds);
	frame_st32(NTP_RECEIVED + 4, fraction);
	frame_st32(NTP_TRANSMIT, seconds);
	frame_st32(NTP_TRANSMIT + 4, fraction);
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + NTP_BYTES);
	uint32_t head, version;

	if (ip.at != IP_PAYLOAD || ip.bytes != UDP_BYTES + NTP_BYTES ||
		frame_raw16(IP_PAYLOAD + UDP_LEN) !=
			be16(UDP_BYTES + NTP_BYTES))
		return ash_decline();
	head = frame_ld8(NTP_HEAD);
	version = head >> 3 & 7;
	if ((head & 7) != MODE_CLIENT || version - 1 > 3 || state.valid == 0 ||
		state.rate == 0)
		return ash_decline();
	advance();
	answer(version);
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(IP_PAYLOAD);
	frame_put_raw16(IP_PAYLOAD + UDP_CSUM, 0);
	return ash_reply(len);
}
