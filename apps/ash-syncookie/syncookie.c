/*
 * syncookie.c - answer TCP's SYN without keeping anything (RFC 4987, section 3.6).
 *
 * Filter: `tcp dst port 80`, or any; load it with --ring.  A SYN is answered by a
 * SYN-ACK whose sequence number is a keyed hash (HalfSipHash-2-4) of both ends, the
 * client's number and the epoch.  An ACK that carries one of this or the last epoch
 * proves that its sender is where it says: it is declined, so it goes to the ring, and
 * so are all later segments of that connection.  Everything else is consumed: no SYN
 * flood, and nobody's guess, gets to the application.  It finds the MSS, 536, and its
 * own first number in the first ACK (acknowledgement - 1).
 * The owner writes the key, which must not be 0 (else all is declined), and increments
 * the epoch every minute or so.  Connections are remembered by 10 bits of the hash:
 * a later one takes the place of an earlier.  Checksums of what comes are not verified.
 * Declined: what is no complete TCP
 * segment over IPv4 without options, and a SYN with data.
 */
#include <ash.h>

enum {
	PROTO_TCP = 6,
	TCP = IP_PAYLOAD,
	TCP_SEQ = TCP + 4,
	TCP_ACK = TCP + 8,
	TCP_OFFSET = TCP + 12, /* of the data, in words, times 16; then flags */
	TCP_FLAGS = TCP + 13,
	TCP_WINDOW = TCP + 14,
	TCP_CSUM = TCP + 16,
	TCP_URGENT = TCP + 18,
	TCP_OPTIONS = TCP + 20,
	TCP_BYTES = 20,
	REPLY_BYTES = 24, /* with the MSS */
	FIN = 1,
	SYN = 2,
	RST = 4,
	ACK = 16,
	WINDOW = 8192,
	OPTION_MSS = 0x02040218, /* 536 */
	KNOWN = 1024,
};

struct state {
	uint32_t key[2];
	uint32_t epoch;
	uint32_t answered, proved, dropped;
	uint32_t known[KNOWN]; /* hashes of both ends */
};

static volatile struct state state;

struct sip {
	uint32_t v0, v1, v2, v3;
};

ASH_INLINE uint32_t
rotl(uint32_t v, uint32_t n)
{
	return v << n | v >> (32 - n);
}

ASH_INLINE void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 5) ^ s->v0;
	s->v0 = rotl(s->v0, 16);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 8) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 7) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v2;
	s->v2 = rotl(s->v2, 16);
}

ASH_INLINE void
sip_word(struct sip *s, uint32_t w)
{
	s->v3 ^= w;
	sip_round(s);
	sip_round(s);
	s->v0 ^= w;
}

/* HalfSipHash-2-4 of three words and LAST, which is the fourth. */
static __attribute__((noinline)) uint32_t
hash(uint32_t last, uint32_t tweak)
{
	uint32_t k0 = state.key[0], k1 = state.key[1];
	struct sip s = { k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1 };

	sip_word(&s, frame_raw32(IP_SRC));
	sip_word(&s, frame_raw32(IP_DST));
	sip_word(&s, frame_raw32(TCP));
	sip_word(&s, last);
	sip_word(&s, tweak);
	sip_word(&s, 20u << 24); /* bytes */
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v1 ^ s.v3;
}

/* The sum over the pseudo header and the segment that we send. */
ASH_INLINE uint32_t
tcp_checksum(void)
{
	uint32_t sum = be16(PROTO_TCP) + be16(REPLY_BYTES);

	sum += frame_sum(IP_SRC, IP_PAYLOAD + REPLY_BYTES - IP_SRC);
	return ~csum_fold(sum) & 0xffff;
}

ASH_INLINE int
answer_syn(uint32_t cookie)
{
	uint32_t old = frame_raw16(IP_LEN);
	uint32_t new = be16(IP_MIN_BYTES + REPLY_BYTES);

	frame_put_raw16(IP_LEN, new);
	frame_put_raw16(IP_CSUM, csum_update16(frame_raw16(IP_CSUM), old, new));
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(TCP);
	frame_st32(TCP_ACK, frame_ld32(TCP_SEQ) + 1);
	frame_st32(TCP_SEQ, cookie);
	frame_put_raw16(TCP_OFFSET, be16(REPLY_BYTES / 4 << 12 | SYN | ACK));
	frame_put_raw16(TCP_WINDOW, be16(WINDOW));
	frame_put_raw32(TCP_OPTIONS, be32(OPTION_MSS));
	frame_put_raw16(TCP_URGENT, 0);
	frame_put_raw16(TCP_CSUM, 0);
	frame_put_raw16(TCP_CSUM, tcp_checksum());
	state.answered++;
	return ash_reply(60);
}

/* The connection as such, whatever its numbers are. */
enum { CONNECTION = 0xffffffff };

ASH_INLINE int
judge(uint32_t flags)
{
	uint32_t who = hash(0, CONNECTION) | 1, at = who >> 22;
	uint32_t epoch = state.epoch, seq, cookie;

	if (state.known[at] == who)
		return ash_decline();
	seq = frame_ld32(TCP_SEQ) - 1;
	cookie = frame_ld32(TCP_ACK) - 1;
	if ((flags & (ACK | RST)) != ACK ||
		(cookie != hash(seq, epoch) &&
			cookie != hash(seq, epoch - 1))) {
		state.dropped++;
		return ash_consume();
	}
	state.known[at] = who;
	state.proved++;
	return ash_decline();
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_TCP, TCP_BYTES);
	uint32_t flags = frame_ld8(TCP_FLAGS), head;

	if (ip.at != TCP || (state.key[0] | state.key[1]) == 0)
		return ash_decline();
	head = (frame_ld8(TCP_OFFSET) >> 4) * 4;
	if (head < TCP_BYTES || head > ip.bytes)
		return ash_decline();
	if ((flags & (SYN | ACK | RST | FIN)) != SYN)
		return judge(flags);
	if (head != ip.bytes)
		return ash_decline();
	return answer_syn(hash(frame_ld32(TCP_SEQ), state.epoch));
}
