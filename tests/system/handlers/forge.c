/*
 * forge.c - a UDP echo that answers as somebody else if the payload says so.
 *
 * First byte of the payload: 'm' another MAC, 'p' another port, 's' a reply that
 * is too short to be a frame, 'l' one longer than a frame may be.
 */
#include <ash.h>

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + 1);

	if (ip.at != IP_PAYLOAD)
		return ash_decline();
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(IP_PAYLOAD);
	switch (frame_ld8(IP_PAYLOAD + UDP_BYTES)) {
	case 'm':
		frame_st8(ETH_SRC + 5, frame_ld8(ETH_SRC + 5) ^ 1);
		break;
	case 'p':
		frame_st16(IP_PAYLOAD + UDP_SPORT, 4711);
		break;
	case 's':
		return ash_reply(13);
	case 'l':
		return ash_reply(0xffff);
	}
	return ash_reply(len);
}
