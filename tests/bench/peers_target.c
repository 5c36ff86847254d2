/*
 * peers_target.c - other ways to find the owner of a frame, compiled for MIPS.
 *
 * libpcap's bpf_filter() is Debian's; it and our interpreter try one filter after
 * the other, which is all they can do.  The C is what one writes by hand who knows
 * what all the filters are like: the headers once, in the wire's byte order and
 * with the loads that the frame's alignment allows, then a table by port or a hash
 * table.
 */
#include "tests/bench/peers.h"

#include "dpf/dpf.h"

enum { SLOTS = 32768, PORTS = 65536 }; /* powers of 2 */

/* libpcap's. */
unsigned bpf_filter(const struct dpf_bpf *program, const uint8_t *frame,
	unsigned wirelen, unsigned len);

static struct {
	uint32_t programs, filters, keys;
	const struct dpf_bpf *program[PEERS_MAX];
	struct dpf_filter filter[PEERS_MAX];
	struct peer_key key[PEERS_MAX];
	uint16_t slot[SLOTS]; /* key's number + 1; 0: empty */
	uint16_t port[PORTS]; /* likewise, by port in the wire's order */
} peers;

static void
reset(void)
{
	peers.programs = peers.filters = peers.keys = 0;
	for (uint32_t i = 0; i < SLOTS; i++)
		peers.slot[i] = 0;
	for (uint32_t i = 0; i < PORTS; i++)
		peers.port[i] = 0;
}

static void
add_program(const struct dpf_bpf *program)
{
	peers.program[peers.programs++] = program;
}

static int
add_filter(const void *blob, uint32_t bytes)
{
	return dpf_parse(blob, bytes, &peers.filter[peers.filters++]);
}

static uint32_t
libpcap(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	for (uint32_t i = 0; i < peers.programs; i++)
		if (bpf_filter(peers.program[i], frame, wirelen, len) != 0)
			return i + 1;
	return 0;
}

static uint32_t
interpreted(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	for (uint32_t i = 0; i < peers.filters; i++)
		if (dpf_interp(&peers.filter[i], frame, len, wirelen))
			return i + 1;
	return 0;
}

/* --- by hand -------------------------------------------------------------------- */

/* Both are aligned as they stand: the frame is 2 modulo 4. */
static uint16_t
load16(const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, __builtin_assume_aligned(p, 2), sizeof(v));
	return v;
}

static uint32_t
load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, __builtin_assume_aligned(p, 4), sizeof(v));
	return v;
}

/* V in the wire's order. */
#define WIRE16(v) ((uint16_t)((v) >> 8 | ((v)&0xff) << 8))

static uint32_t
hash(const struct peer_key *k)
{
	uint32_t h = (k->src ^ k->dst ^ k->ports) * 0x9e3779b1;

	return h / (UINT32_MAX / SLOTS + 1);
}

static uint32_t
look_up(const struct peer_key *k)
{
	for (uint32_t at = hash(k);; at = (at + 1) % SLOTS) {
		uint32_t n = peers.slot[at];
		const struct peer_key *have = &peers.key[n - 1];

		if (n == 0 || (have->src == k->src && have->dst == k->dst &&
				      have->ports == k->ports))
			return n;
	}
}

static void
add_key(const struct peer_key *k)
{
	uint32_t at = hash(k);

	while (peers.slot[at] != 0)
		at = (at + 1) % SLOTS;
	peers.key[peers.keys++] = *k;
	peers.slot[at] = (uint16_t)peers.keys;
	peers.port[k->ports >> 16] = (uint16_t)peers.keys;
}

/* Where the ports are of an IPv4 frame that carries PROTO and is no later fragment;
 * 0 if it is none or too short. */
static uint32_t
ports_at(const uint8_t *frame, uint32_t len, uint8_t proto)
{
	uint32_t at;

	if (len < 34 || frame[23] != proto ||
		(load16(frame + 20) & WIRE16(0x1fff)) != 0)
		return 0;
	at = 14 + (frame[14] & 15) * 4u;
	return at + 4 <= len ? at : 0;
}

/* udp dst port N, over IPv6 too. */
static uint32_t
c_ports(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	uint32_t at = 0;

	(void)wirelen;
	if (len < 14)
		return 0;
	if (load16(frame + 12) == WIRE16(0x0800))
		at = ports_at(frame, len, 17);
	else if (load16(frame + 12) == WIRE16(0x86dd) && len >= 58 &&
		 frame[20] == 17)
		at = 54;
	return at == 0 ? 0 : peers.port[load16(frame + at + 2)];
}

static uint32_t
c_tuples(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	struct peer_key k;
	uint32_t at;

	(void)wirelen;
	if (len < 34 || load16(frame + 12) != WIRE16(0x0800))
		return 0;
	at = ports_at(frame, len, 6);
	if (at == 0)
		return 0;
	k.src = load32(frame + 26);
	k.dst = load32(frame + 30);
	k.ports = load32(frame + at);
	return look_up(&k);
}

/* --- all that libpcap's object wants of a C library --------------------------------- */

const void *const __stack_chk_guard = &peers;

_Noreturn void __stack_chk_fail(void);
_Noreturn void abort(void);

_Noreturn void
__stack_chk_fail(void)
{
	__builtin_trap();
}

_Noreturn void
abort(void)
{
	__builtin_trap();
}

/* The executable's entry. */
const void *const peers_table[PEER_COUNT] = {
	[PEER_RESET] = (const void *)reset,
	[PEER_ADD_PROGRAM] = (const void *)add_program,
	[PEER_ADD_FILTER] = (const void *)add_filter,
	[PEER_ADD_KEY] = (const void *)add_key,
	[PEER_LIBPCAP] = (const void *)libpcap,
	[PEER_INTERPRETED] = (const void *)interpreted,
	[PEER_C_PORTS] = (const void *)c_ports,
	[PEER_C_TUPLES] = (const void *)c_tuples,
};
