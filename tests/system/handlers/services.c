/*
 * services.c - a UDP service that shows what the kernel does for handlers.
 *
 * First byte of the payload: 'c' copy and sum, the rest of the payload through
 * memory and back, behind it the sum; 'm' as many messages as the second byte says,
 * then silence; 'f' a message with another's address; 'b' how many of some calls
 * that must be refused are; 'u' an upcall; 'l' the whole payload through the list
 * that its owner set at place 0; 'e' copies until the budget ends.
 */
#include <ash.h>

enum { DATA = IP_PAYLOAD + UDP_BYTES, ROOM = 2048 };

/* Place 0: CRC32C of what comes, then XOR, then the author's own, then copy. */
ASH_PIPE_LIST(0, ASH_PIPE(6) ASH_PIPE(5) ASH_PIPE_CODE("addu	$2,$4,$5\n"
						       "addiu	$3,$5,1\n")
			 ASH_PIPE(1));

static uint32_t memory[ROOM / 4];
static struct ash_states st;

ASH_INLINE void
turn_round(void)
{
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(IP_PAYLOAD);
	frame_put_raw16(IP_PAYLOAD + UDP_CSUM, 0);
}

/* The payload is 4-aligned but for the two bytes before it. */
ASH_INLINE int
copy(uint32_t len, uint32_t bytes)
{
	st.s[0] = 0;
	if (!frame_get(ASH_CKSUM_COPY, &st, memory, DATA + 1, bytes - 1) ||
		!frame_put(ASH_COPY, &st, DATA, memory, bytes - 1))
		return ash_decline();
	turn_round();
	frame_st8(DATA + bytes - 1, csum_fold(st.s[0]));
	return ash_reply(len);
}

ASH_INLINE int
messages(uint32_t len, bool forged)
{
	uint32_t n = forged ? 1 : frame_ld8(DATA + 1), sent = 0;

	turn_round();
	if (forged)
		frame_st8(ETH_SRC + 5, 0x77);
	if (!frame_get(ASH_COPY, &st, memory, 0, len))
		return ash_decline();
	for (uint32_t i = 0; i < n; i++) {
		((uint8_t *)memory)[DATA + 1] = (uint8_t)i;
		sent += ash_send(memory, len);
	}
	/* Who was not refused declines, and his frame is missed. */
	return (sent == 0) == forged ? ash_consume() : ash_decline();
}

ASH_INLINE int
refused(uint32_t len)
{
	uint32_t out = (uint32_t)memory ^ 0x40000000, n = 0;
	struct ash_states *bad = (struct ash_states *)((uint32_t)&st + 2);

	n += ash_pipe_in(3, &st, memory, 4 << 16) == 0; /* no list */
	n += ash_pipe_in(99, &st, memory, 4 << 16) == 0;
	n += ash_pipe_in(ASH_COPY, bad, memory, 4 << 16) == 0;
	n += ash_pipe_in(ASH_COPY, &st, (void *)out, 4 << 16) == 0;
	n += ash_pipe_in(ASH_COPY, (struct ash_states *)out, memory, 4 << 16) ==
	     0;
	n += ash_pipe_in(ASH_COPY, &st, memory, 2046 | 1 << 16) == 0;
	n += ash_pipe_in(ASH_COPY, &st, memory, 2047u << 16) == 0;
	n += ash_pipe_out(ASH_COPY, &st, memory, 0xffff | 0xffffu << 16) == 0;
	n += ash_pipe_out(ASH_COPY, &st, (void *)0x80000000, 4 << 16) == 0;
	n += ash_send(memory, 13) == 0;
	n += ash_send(memory, 1515) == 0;
	n += ash_send((void *)out, 60) == 0;
	n += ash_send((void *)((uint32_t)memory | 0xfff0), 1514) == 0;
	turn_round();
	frame_st8(DATA, n);
	return ash_reply(len);
}

ASH_INLINE int
list(uint32_t len, uint32_t bytes)
{
	st.s[0] = 0xffffffff;
	st.s[1] = 0x5a5a5a5a;
	st.s[2] = 0;
	if (!frame_get(0, &st, memory, DATA, bytes) ||
		!frame_put(ASH_COPY, &st, DATA, memory, bytes))
		return ash_decline();
	turn_round();
	return ash_reply(len);
}

ASH_INLINE int
for_ever(uint32_t bytes)
{
	while (frame_get(ASH_COPY, &st, memory, DATA, bytes))
		;
	return ash_decline();
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + 2);
	uint32_t bytes = ip.bytes - UDP_BYTES;

	if (ip.at != IP_PAYLOAD)
		return ash_decline();
	switch (frame_ld8(DATA)) {
	case 'c':
		return copy(len, bytes);
	case 'm':
		return messages(len, false);
	case 'f':
		return messages(len, true);
	case 'b':
		return refused(len);
	case 'l':
		return list(len, bytes);
	case 'e':
		return for_ever(bytes);
	case 'u':
		ash_upcall();
		return ash_consume();
	}
	return ash_decline();
}
