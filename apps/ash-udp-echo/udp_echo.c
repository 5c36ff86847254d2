/*
 * udp_echo.c - answer a UDP datagram with itself (RFC 862), in the frame it came in.
 *
 * Addresses and ports change places, which leaves every checksum as it was; a bad
 * one goes back as bad as it came.  What is not a complete datagram to us is left
 * to whoever gets declined frames.
 */
#include <ash.h>

ASH_INLINE int
echo(uint32_t len, uint32_t l4, uint32_t bytes)
{
	uint32_t udp = frame_ld16_at(l4, UDP_LEN);
	uint32_t ports = frame_raw32_at(l4, UDP_SPORT);
	uint32_t swapped = ports >> 16 | ports << 16;

	/* BYTES is at least 8, so one comparison does for both ends. */
	if (udp - UDP_BYTES > bytes - UDP_BYTES)
		return ash_decline();
	/* Both ports the same: an echo server asks us, and neither would stop. */
	if (swapped == ports)
		return ash_decline();
	frame_swap_mac();
	frame_swap_ip();
	frame_put_raw32_at(l4, UDP_SPORT, swapped);
	return ash_reply(len);
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES);

	/* Without options, all offsets are constants. */
	if (ip.at == IP_PAYLOAD)
		return echo(len, IP_PAYLOAD, ip.bytes);
	return ip.at == 0 ? ash_decline() : echo(len, ip.at, ip.bytes);
}
