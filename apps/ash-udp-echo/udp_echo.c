/*
 * udp_echo.c - answer a UDP datagram with itself (RFC 862), in the frame it came in.
 *
 * Addresses and ports change places, which leaves every checksum as it was; a bad
 * one goes back as bad as it came.  What is not a complete datagram to us is left
 * to whoever gets declined frames.
 */
#include <ash.h>

/* Both ports the same: an echo server asks us, and we would never stop. */
static inline bool
would_loop(uint32_t l4)
{
	uint32_t ports = frame_raw32_at(l4, UDP_SPORT);

	return (ports >> 16) == (ports & 0xffff);
}

ASH_INLINE int
echo(uint32_t len, uint32_t l4)
{
	uint32_t udp = frame_ld16_at(l4, UDP_LEN);

	if (udp < UDP_BYTES || udp > len - l4 || would_loop(l4))
		return ash_decline();
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(l4);
	return ash_reply(len);
}

int
ash_main(uint32_t len)
{
	uint32_t l4 = ip_payload(len, PROTO_UDP, UDP_BYTES);

	if (l4 == IP_PAYLOAD)
		return echo(len, IP_PAYLOAD);
	return l4 == 0 ? ash_decline() : echo(len, l4);
}
