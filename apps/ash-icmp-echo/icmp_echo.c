/*
 * icmp_echo.c - answer ping: echo request becomes echo reply (RFC 792).
 *
 * Only the type changes, so the checksum is corrected rather than computed again,
 * whatever the size of the payload.  The sum shrinks by 8 << 8, so its complement
 * grows by it; adding never yields the 0 that a message of zeros must not have,
 * as subtracting would (RFC 1624, section 3 has the two forms).
 */
#include <ash.h>

enum {
	ECHO_REQUEST = 8 << 8, /* type and code */
	ECHO_REPLY = 0,
};

ASH_INLINE int
echo(uint32_t len, uint32_t icmp)
{
	uint32_t csum = frame_raw16_at(icmp, ICMP_CSUM);

	if (frame_raw16_at(icmp, ICMP_TYPE) != be16(ECHO_REQUEST))
		return ash_decline();
	csum = csum_fold(csum + be16(ECHO_REQUEST));
	frame_put_raw16_at(icmp, ICMP_TYPE, be16(ECHO_REPLY));
	frame_put_raw16_at(icmp, ICMP_CSUM, csum);
	frame_swap_mac();
	frame_swap_ip();
	return ash_reply(len);
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_ICMP, ICMP_BYTES);

	if (ip.at == IP_PAYLOAD)
		return echo(len, IP_PAYLOAD);
	return ip.at == 0 ? ash_decline() : echo(len, ip.at);
}
