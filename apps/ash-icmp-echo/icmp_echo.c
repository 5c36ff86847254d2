/*
 * icmp_echo.c - answer ping: echo request becomes echo reply (RFC 792).
 *
 * Only the type changes, so the checksum is corrected rather than computed again
 * (RFC 1624), whatever the size of the payload.
 */
#include <ash.h>

enum {
	ECHO_REQUEST = 8 << 8, /* type and code */
	ECHO_REPLY = 0,
};

int
ash_main(uint32_t len)
{
	uint32_t l4 = ip_payload(len, PROTO_ICMP, ICMP_BYTES);
	uint32_t csum;

	if (l4 == 0 || frame_raw16_at(l4, ICMP_TYPE) != be16(ECHO_REQUEST))
		return ash_decline();
	csum = frame_raw16_at(l4, ICMP_CSUM);
	csum = csum_update16(csum, be16(ECHO_REQUEST), be16(ECHO_REPLY));
	frame_put_raw16_at(l4, ICMP_TYPE, be16(ECHO_REPLY));
	frame_put_raw16_at(l4, ICMP_CSUM, csum);
	frame_swap_mac();
	frame_swap_ip();
	return ash_reply(len);
}
