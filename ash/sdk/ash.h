/*
 * ash.h - what the author of a handler includes.
 *
 *	#include <ash.h>
 *
 *	int
 *	ash_main(uint32_t len)
 *	{
 *		if (frame_ld16(ETH_TYPE) != 0x88b5)
 *			return ash_decline();
 *		frame_swap_mac();
 *		return ash_reply(len);
 *	}
 *
 * Compile with ashcc, which makes it safe and verifies it.  A handler runs in the
 * interrupt path, once for each frame, on the frame where it lies.
 *
 * The frame is reached by OFFSET, never by pointer: plain pointers and globals are
 * the handler's own state, which lives as long as it and which its owner maps.
 * Globals without an initial value, if there are no others, begin at offset 0 of
 * that region; what only the owner reads or writes must be volatile, else the
 * compiler sees that nobody does and leaves it out.  Whoever reads beyond LEN reads zeros or what an earlier frame
 * left; beyond 2047 the offset wraps around.
 *
 * Costs are instructions.  Accesses to state cost one guard more than in C, unless
 * ashcc knows that the last one was near; a loop costs 2 a turn, a call 0 to 3, a
 * return from a function that is not inlined about 5.
 *
 * What there is not: floating point, function pointers, switch tables, libc, 64-bit
 * division.  Signed overflow does not trap; nor does division by zero.
 */
#ifndef ASH_SDK_ASH_H
#define ASH_SDK_ASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASH_INLINE static inline __attribute__((always_inline, unused))

/* The way that should be straight. */
#define ASH_LIKELY(x) __builtin_expect((x), 1)

/* --- what the kernel calls, and its answer ---------------------------------- */

/* LEN: bytes of the frame, from the destination MAC, without FCS. */
int ash_main(uint32_t len);

/* Not mine: let the frame go where declined frames go. */
ASH_INLINE int
ash_decline(void)
{
	return 0;
}

/* Done with it. */
ASH_INLINE int
ash_consume(void)
{
	return 0x00010000;
}

/* Send LEN bytes of the frame, as it is now, back through the NIC. */
ASH_INLINE int
ash_reply(uint32_t len)
{
	return (int)(0x00020000 | len);
}

/* --- services of the kernel -------------------------------------------------- */

/* Make the owner runnable, with SP_EVENT_ASH.  120 instructions. */
void ash_wake(void);

/* CP0 Count.  40 instructions. */
uint32_t ash_clock(void);

/* Upcall the owner, as soon as others let it.  120 instructions. */
void ash_upcall(void);

/*
 * Send LEN bytes from MSG in the handler's memory, a whole frame.  0: it was not sent
 * (no transmit template accepts it, the NIC is full, LEN or MSG are out of range).
 * Any number while a frame is in hand, as far as the budget goes: 1200 instructions
 * and 2 a byte each.
 */
uint32_t ash_send(const void *msg, uint32_t len);

/*
 * Message vectoring and integrated layer processing: the kernel moves bytes between
 * the frame and the handler's memory, through a list of pipes fused into one loop.
 * LIST is one of those below, or the place of a list that the owner set
 * (sys_ash_pipes).  Copy and sum of 1460 bytes: 1,300 instructions and 200.
 */
enum ash_list {
	ASH_COPY = 4,   /* as it is */
	ASH_CKSUM,      /* s[0]: the sum; nothing is stored */
	ASH_CKSUM_COPY, /* s[0]: the sum of what is stored */
};

/*
 * A list of the handler's own, for PLACE 0..3, in file scope: what is done to each
 * word of a message, in that order.  ASH_PIPE(KIND): 1 store it (once in a list),
 * 2 add it to the Internet sum in its state, 3 swap the bytes of each half, 4 of the
 * word, 5 XOR with the state, 6 CRC32C of it in its state.  ASH_PIPE_CODE(TEXT): an
 * author's own, up to 32 instructions in a straight line, on registers $1 to $15; it
 * finds the word in $4 and its state in $5, and leaves them in $2 and $3.  With 3, a
 * message is a multiple of 2 bytes; with 4 or code, of 4.
 *
 *	ASH_PIPE_LIST(0, ASH_PIPE(2) ASH_PIPE(1));
 */
#define ASH_PIPE_LIST(place, pipes)                                            \
	__asm__(".section .ash.pipes,\"\",@0x80415348\n\t"                     \
		".set push\n\t.set noreorder\n\t.set noat\n\t"                 \
		".word " #place " << 16 | (92f - 91f) / 4\n91:\n" pipes        \
		"92:\n\t.set pop\n\t.text")
#define ASH_PIPE(kind) "\t.word " #kind "\n"
#define ASH_PIPE_CODE(text)                                                    \
	"\t.word 7 | (94f - 93f) / 4 << 16\n93:\n\t" text "\n94:\n"

/* What pipes carry from word to word, and from call to call: s[i] is pipe I's. */
struct ash_states {
	uint32_t s[8];
};

/* The services themselves; WHERE: offset in the frame | bytes << 16. */
uint32_t ash_pipe_in(
	uint32_t list, struct ash_states *st, void *dst, uint32_t where);
uint32_t ash_pipe_out(
	uint32_t list, struct ash_states *st, const void *src, uint32_t where);

/* LEN bytes from OFF in the frame to DST, or back from SRC.  False when the list is
 * none, or bytes lie outside of frame or memory, or LEN is odd for the list. */
ASH_INLINE bool
frame_get(uint32_t list, struct ash_states *st, void *dst, uint32_t off,
	uint32_t len)
{
	return ash_pipe_in(list, st, dst, off | len << 16) != 0;
}

ASH_INLINE bool
frame_put(uint32_t list, struct ash_states *st, uint32_t off, const void *src,
	uint32_t len)
{
	return ash_pipe_out(list, st, src, off | len << 16) != 0;
}

/* --- byte order -------------------------------------------------------------- */

/* The two bytes of each half change places: 1. */
ASH_INLINE uint32_t
ash_wsbh(uint32_t v)
{
	uint32_t swapped;

	__asm__("wsbh %0,%1" : "=r"(swapped) : "r"(v));
	return swapped;
}

/* Host from network order and back: free for constants, else 2. */
ASH_INLINE uint32_t
be16(uint32_t v)
{
	if (__builtin_constant_p(v))
		return __builtin_bswap16((uint16_t)v);
	return ash_wsbh(v & 0xffff);
}

ASH_INLINE uint32_t
be32(uint32_t v)
{
	return __builtin_bswap32(v);
}

/* --- offsets ----------------------------------------------------------------- */

enum {
	ETH_DST = 0,
	ETH_SRC = 6,
	ETH_TYPE = 12,
	ETH_BYTES = 14,
	ETHERTYPE_IP = 0x0800,

	/* IPv4 behind an untagged Ethernet header */
	IP_VIHL = 14,
	IP_LEN = 16,
	IP_FRAG = 20, /* flags and offset; 0x3fff: is a fragment */
	IP_TTL = 22,
	IP_PROTO = 23,
	IP_CSUM = 24,
	IP_SRC = 26,
	IP_DST = 30,
	IP_PAYLOAD = 34, /* without options */
	IP_MIN_BYTES = 20,
	PROTO_ICMP = 1,
	PROTO_UDP = 17,

	/* from where the IP header ends */
	UDP_SPORT = 0,
	UDP_DPORT = 2,
	UDP_LEN = 4,
	UDP_CSUM = 6,
	UDP_BYTES = 8,
	ICMP_TYPE = 0, /* and code */
	ICMP_CSUM = 2,
	ICMP_BYTES = 8,
};

/* --- reading the frame --------------------------------------------------------
 * raw: as it lies there, for moving, for checksums, for comparing with be16() of a
 * constant.  ld: in host order, 1 more for 16 bits and 2 more for 32.
 *
 *	frame_X(OFF)		any offset.  A constant costs 1 (32 bits: 1 at
 *				offsets 2 mod 4, else 2), a variable 2, 5, 3 for
 *				8, 16, 32 bits.
 *	frame_X_at(BASE, K)	BASE variable, K constant; for headers that move:
 *				1, and 1 for the first with the same BASE.
 *				BASE + K must be even (32 bits: 2 mod 4), else the
 *				handler is aborted; it is, behind IP headers.
 */
#define ASH_IS_SHORT(off) (__builtin_constant_p(off) && (off) < 2040)

/* One load or store at a constant offset, or at BASE + a constant. */
#define ASH_LOAD(op, v, off)                                                   \
	__asm__ volatile(op " %0,%1($22)" : "=r"(v) : "i"(off))
#define ASH_LOAD_AT(op, v, base, k)                                            \
	__asm__ volatile("ins $23,%1,0,11\n\t" op " %0,%2($23)"                \
			 : "=r"(v)                                             \
			 : "r"(base), "i"((k) + 2))
#define ASH_STORE(op, v, off)                                                  \
	__asm__ volatile(op " %z0,%1($22)" : : "Jr"(v), "i"(off))
#define ASH_STORE_AT(op, v, base, k)                                           \
	__asm__ volatile("ins $23,%1,0,11\n\t" op " %z0,%2($23)"               \
			 :                                                     \
			 : "Jr"(v), "r"(base), "i"((k) + 2))

ASH_INLINE uint32_t
frame_ld8_at(uint32_t base, uint32_t k)
{
	uint32_t v;

	if (ASH_IS_SHORT(base + k))
		ASH_LOAD("lbu", v, base + k);
	else
		ASH_LOAD_AT("lbu", v, base, k);
	return v;
}

ASH_INLINE uint32_t
frame_raw16_at(uint32_t base, uint32_t k)
{
	uint32_t v;

	if (ASH_IS_SHORT(base + k))
		ASH_LOAD("lhu", v, base + k);
	else
		ASH_LOAD_AT("lhu", v, base, k);
	return v;
}

ASH_INLINE uint32_t
frame_raw32_at(uint32_t base, uint32_t k)
{
	uint32_t v;

	if (ASH_IS_SHORT(base + k))
		ASH_LOAD("lw", v, base + k);
	else
		ASH_LOAD_AT("lw", v, base, k);
	return v;
}

ASH_INLINE uint32_t
frame_ld16_at(uint32_t base, uint32_t k)
{
	return ash_wsbh(frame_raw16_at(base, k));
}

ASH_INLINE uint32_t
frame_ld32_at(uint32_t base, uint32_t k)
{
	return be32(frame_raw32_at(base, k));
}

ASH_INLINE uint32_t
frame_ld8(uint32_t off)
{
	return frame_ld8_at(off, 0);
}

ASH_INLINE uint32_t
frame_raw16(uint32_t off)
{
	if (__builtin_constant_p(off) && off % 2 == 0)
		return frame_raw16_at(off, 0);
	return frame_ld8_at(off, 0) | frame_ld8_at(off, 1) << 8;
}

ASH_INLINE uint32_t
frame_raw32(uint32_t off)
{
	uint32_t v;

	if (__builtin_constant_p(off) && off % 4 == 2)
		return frame_raw32_at(off, 0);
	if (ASH_IS_SHORT(off))
		__asm__ volatile("lwr %0,%1($22)\n\tlwl %0,%2($22)"
				 : "=&r"(v)
				 : "i"(off), "i"(off + 3));
	else
		__asm__ volatile("ins $23,%1,0,11\n\tlwr %0,2($23)\n\t"
				 "lwl %0,5($23)"
				 : "=&r"(v)
				 : "r"(off));
	return v;
}

ASH_INLINE uint32_t
frame_ld16(uint32_t off)
{
	return ash_wsbh(frame_raw16(off));
}

ASH_INLINE uint32_t
frame_ld32(uint32_t off)
{
	return be32(frame_raw32(off));
}

/* --- writing it: the same, and the same costs --------------------------------- */

ASH_INLINE void
frame_st8_at(uint32_t base, uint32_t k, uint32_t v)
{
	if (ASH_IS_SHORT(base + k))
		ASH_STORE("sb", v, base + k);
	else
		ASH_STORE_AT("sb", v, base, k);
}

ASH_INLINE void
frame_put_raw16_at(uint32_t base, uint32_t k, uint32_t v)
{
	if (ASH_IS_SHORT(base + k))
		ASH_STORE("sh", v, base + k);
	else
		ASH_STORE_AT("sh", v, base, k);
}

ASH_INLINE void
frame_put_raw32_at(uint32_t base, uint32_t k, uint32_t v)
{
	if (ASH_IS_SHORT(base + k))
		ASH_STORE("sw", v, base + k);
	else
		ASH_STORE_AT("sw", v, base, k);
}

ASH_INLINE void
frame_st16_at(uint32_t base, uint32_t k, uint32_t v)
{
	frame_put_raw16_at(base, k, ash_wsbh(v));
}

ASH_INLINE void
frame_st32_at(uint32_t base, uint32_t k, uint32_t v)
{
	frame_put_raw32_at(base, k, be32(v));
}

ASH_INLINE void
frame_st8(uint32_t off, uint32_t v)
{
	frame_st8_at(off, 0, v);
}

ASH_INLINE void
frame_put_raw16(uint32_t off, uint32_t v)
{
	if (__builtin_constant_p(off) && off % 2 == 0) {
		frame_put_raw16_at(off, 0, v);
		return;
	}
	frame_st8_at(off, 0, v);
	frame_st8_at(off, 1, v >> 8);
}

ASH_INLINE void
frame_put_raw32(uint32_t off, uint32_t v)
{
	if (__builtin_constant_p(off) && off % 4 == 2)
		frame_put_raw32_at(off, 0, v);
	else if (ASH_IS_SHORT(off))
		__asm__ volatile("swr %z0,%1($22)\n\tswl %z0,%2($22)"
				 :
				 : "Jr"(v), "i"(off), "i"(off + 3));
	else
		__asm__ volatile("ins $23,%1,0,11\n\tswr %z0,2($23)\n\t"
				 "swl %z0,5($23)"
				 :
				 : "Jr"(v), "r"(off));
}

ASH_INLINE void
frame_st16(uint32_t off, uint32_t v)
{
	frame_put_raw16(off, ash_wsbh(v));
}

ASH_INLINE void
frame_st32(uint32_t off, uint32_t v)
{
	frame_put_raw32(off, be32(v));
}

/* --- answering --------------------------------------------------------------- */

/* LOW with its upper half replaced by the lower half of HIGH: 1. */
ASH_INLINE uint32_t
ash_join16(uint32_t low, uint32_t high)
{
	__asm__("ins %0,%1,16,16" : "+r"(low) : "r"(high));
	return low;
}

/* Source and destination MAC change places: 12. */
ASH_INLINE void
frame_swap_mac(void)
{
	uint32_t d0 = frame_raw16(0), d2 = frame_raw32(2);
	uint32_t s0 = frame_raw32(6), s4 = frame_raw16(10);

	frame_put_raw16(0, s0);
	frame_put_raw32(2, ash_join16(s0 >> 16, s4));
	frame_put_raw32(6, ash_join16(d0, d2));
	frame_put_raw16(10, d2 >> 16);
}

/* Source and destination address of IPv4 change places: 4.  Sums stay valid. */
ASH_INLINE void
frame_swap_ip(void)
{
	uint32_t src = frame_raw32(IP_SRC), dst = frame_raw32(IP_DST);

	frame_put_raw32(IP_SRC, dst);
	frame_put_raw32(IP_DST, src);
}

/* Ports of UDP or TCP at L4 change places: 3.  Sums stay valid. */
ASH_INLINE void
frame_swap_ports(uint32_t l4)
{
	uint32_t ports = frame_raw32_at(l4, UDP_SPORT);

	frame_put_raw32_at(l4, UDP_SPORT, ports >> 16 | ports << 16);
}

/* --- Internet checksums --------------------------------------------------------
 * All in raw order, which is as good as any (RFC 1071, 2.B).
 */

/* Fold a sum of 16-bit words: 4. */
ASH_INLINE uint32_t
csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum + (sum >> 16)) & 0xffff;
}

/* CSUM after one 16-bit word changed from OLD to NEW (RFC 1624, eqn. 3): 9. */
ASH_INLINE uint32_t
csum_update16(uint32_t csum, uint32_t old, uint32_t new)
{
	uint32_t sum = (~csum & 0xffff) + (~old & 0xffff) + new;

	return ~csum_fold(sum) & 0xffff;
}

/* ... after an aligned 32-bit one did: 13. */
ASH_INLINE uint32_t
csum_update32(uint32_t csum, uint32_t old, uint32_t new)
{
	uint32_t sum = (~csum & 0xffff) + (~old & 0xffff) + (~old >> 16);

	sum += (new & 0xffff) + (new >> 16);
	return ~csum_fold(sum) & 0xffff;
}

/*
 * Sum of LEN bytes from OFF, which must be even, not folded beyond 32 bits: about
 * 2.5 a byte.  ~csum_fold() of it is the checksum.
 */
ASH_INLINE uint32_t
frame_sum(uint32_t off, uint32_t len)
{
	uint32_t sum = 0, end = off + (len & ~1u);

	for (; off != end; off += 2)
		sum += frame_raw16_at(off, 0);
	return (len & 1) != 0 ? sum + frame_ld8(off) : sum;
}

/* --- IPv4 ---------------------------------------------------------------------- */

struct ip_view {
	uint32_t at; /* offset of the payload: 34, or more with options; or 0 */
	uint32_t bytes; /* of the payload, without Ethernet's padding */
};

/*
 * ip_parse - look at an IPv4 frame that carries PROTO: about 20.
 *
 * AT is 0 if it is no complete datagram of at least LEAST bytes that its sender
 * could want answered: fragment, group address, length beyond the frame.
 */
ASH_INLINE struct ip_view
ip_parse(uint32_t len, uint32_t proto, uint32_t least)
{
	const struct ip_view none = { 0, 0 };
	uint32_t vihl, head, total;

	if (frame_raw16(ETH_TYPE) != be16(ETHERTYPE_IP) ||
		frame_ld8(IP_PROTO) != proto || (frame_ld8(ETH_DST) & 1) != 0 ||
		(frame_raw16(IP_FRAG) & be16(0x3fff)) != 0)
		return none;
	total = frame_ld16(IP_LEN);
	if (total > len - ETH_BYTES)
		return none;
	vihl = frame_ld8(IP_VIHL);
	if (ASH_LIKELY(vihl == 0x45)) {
		if (total < IP_MIN_BYTES + least)
			return none;
		return (struct ip_view){ IP_PAYLOAD, total - IP_MIN_BYTES };
	}
	head = (vihl & 15) * 4;
	if (vihl >> 4 != 4 || head < IP_MIN_BYTES || total < head + least)
		return none;
	return (struct ip_view){ ETH_BYTES + head, total - head };
}

#endif /* ASH_SDK_ASH_H */
