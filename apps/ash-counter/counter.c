/*
 * counter.c - remote increment: count UDP requests, answer with the count.
 *
 * The count lives in the handler's state, at offset 0, where its owner reads it
 * and where it says at which count it wants to be woken.  The reply carries it in
 * the first four bytes of the payload, in network order.
 */
#include <ash.h>

struct counter {
	uint32_t count;
	uint32_t wake_at; /* 0: never; written by the owner */
};

static volatile struct counter state;

/* The first word of the payload becomes VALUE; the checksum follows. */
static inline void
put_value(uint32_t l4, uint32_t value)
{
	uint32_t new = be32(value), old = frame_raw32_at(l4, UDP_BYTES);
	uint32_t csum = frame_raw16_at(l4, UDP_CSUM);

	frame_put_raw32_at(l4, UDP_BYTES, new);
	if (csum == 0)
		return; /* the sender does not use checksums */
	csum = csum_update32(csum, old, new);
	frame_put_raw16_at(l4, UDP_CSUM, csum == 0 ? 0xffff : csum);
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + 4);
	uint32_t udp, count;

	if (ip.at == 0)
		return ash_decline();
	udp = frame_ld16_at(ip.at, UDP_LEN);
	if (udp < UDP_BYTES + 4 || udp > ip.bytes)
		return ash_decline();
	count = state.count + 1;
	state.count = count;
	put_value(ip.at, count);
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(ip.at);
	if (count == state.wake_at)
		ash_wake();
	return ash_reply(len);
}
