/*
 * programs.c - programs by chance: expressions from a grammar, expressions whose
 * numbers were changed, compiled programs that were damaged, and any instructions
 * in any order.  libpcap's own validator says what is a program.
 */
#include "tests/fuzz/programs.h"

#include "tests/unit/dpf_random.h"

#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	LINES = 512,
	SNAPLEN = 65535,
	SEEN_BITS = 22,
	DEPTH = 3,
	RANDOM_INSNS = 40,
};

static struct {
	struct rng rng;
	pcap_t *dead;
	char *line[LINES];
	uint32_t nlines;
	uint64_t *seen; /* hashes, open addressing */
} all;

/* Text under construction; what does not fit is a program that does not compile. */
struct text {
	char *s;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void
put(struct text *t, const char *format, ...)
{
	size_t room = PROGRAM_TEXT - t->n;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->s + t->n, room, format, ap);
	va_end(ap);
	t->n += (size_t)n < room ? (size_t)n : room - 1;
}

static uint32_t
below(uint32_t n)
{
	return rng_below(&all.rng, n);
}

static const char *
pick(const char *const *list, uint32_t n)
{
	return list[below(n)];
}
#define PICK(...)                                                              \
	pick((const char *const[]){ __VA_ARGS__ },                             \
		ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })))

/* --- expressions ------------------------------------------------------------ */

static uint32_t
number(void)
{
	static const uint32_t some[] = { 0, 1, 2, 5, 6, 7, 8, 17, 22, 53, 60,
		64, 80, 255, 443, 1023, 1500, 0x800, 0x86dd, 0xffff, 0x0a070001,
		0x7fffffff, 0xffffffff };

	return below(4) ? some[below(ARRAY_LEN(some))] : rng_next(&all.rng);
}

static uint32_t
a_port(void)
{
	static const uint32_t some[] = { 7, 22, 53, 67, 80, 443, 1023, 1024,
		4500, 33434 };

	return below(4) ? some[below(ARRAY_LEN(some))] : below(65536);
}

static void
an_address(struct text *t)
{
	if (below(3))
		put(t, "%s",
			PICK("10.7.0.1", "10.7.0.2", "192.168.1.1", "224.0.0.1",
				"172.16.0.5"));
	else
		put(t, "10.%u.%u.%u", below(3), below(4), below(256));
}

/* A sum of fields and numbers, DEPTH levels deep at most. */
static void
a_sum(struct text *t, unsigned depth)
{
	switch (depth == 0 ? below(3) : below(6)) {
	case 0:
		put(t, "%u", number());
		break;
	case 1:
		put(t, "%s",
			PICK("len", "ip[0]", "ip[2:2]", "udp[4:2]", "tcp[13]",
				"ether[12:2]", "ip[12:4]"));
		break;
	case 2:
		put(t, "%s[%u:%s]",
			PICK("ether", "ip", "ip", "tcp", "udp", "icmp", "arp",
				"ip6"),
			below(below(4) ? 24 : 80), PICK("1", "1", "2", "4"));
		break;
	case 3:
		put(t, "%s[", PICK("ether", "ip", "tcp", "udp"));
		a_sum(t, 0);
		put(t, " & %u:%s]", 1 + below(31), PICK("1", "2", "4"));
		break;
	default:
		put(t, "(");
		a_sum(t, depth - 1);
		put(t, " %s ",
			PICK("+", "-", "*", "/", "%", "&", "&", "|", "^", "<<",
				">>"));
		a_sum(t, below(2) ? depth - 1 : 0);
		put(t, ")");
	}
}

static void
a_list(struct text *t)
{
	uint32_t kind = below(4), n = 2 + below(below(4) ? 6 : 40);

	put(t, "(");
	for (uint32_t i = 0; i < n; i++) {
		put(t, i > 0 ? " or " : "");
		if (kind == 0) {
			put(t, "host 10.7.%u.%u", below(2), below(256));
		} else if (kind == 1) {
			put(t, "port %u", a_port());
		} else if (kind == 2) {
			put(t, "src net 10.%u.%u.0/24", below(3), below(256));
		} else {
			put(t, "ip[8] & %u = %u", below(2) ? 255 : 15,
				below(16));
		}
	}
	put(t, ")");
}

static void
a_primitive(struct text *t)
{
	switch (below(11)) {
	case 0:
		put(t, "%s",
			PICK("ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6",
				"vlan", "sctp", "igmp", "mpls", "pppoes",
				"ip multicast", "ether broadcast",
				"ether multicast", "vlan 3", "rarp", "ah"));
		break;
	case 1:
	case 2:
		put(t, "%s%sport %u", PICK("", "tcp ", "udp ", "sctp "),
			PICK("", "src ", "dst "), a_port());
		break;
	case 3:
		put(t, "%s", PICK("", "src ", "dst ", "arp ", "ip "));
		put(t, "host ");
		an_address(t);
		break;
	case 4:
		put(t, "%snet 10.%u.0.0/%u", PICK("", "src ", "dst "), below(4),
			8 + below(9));
		break;
	case 5:
		put(t, "%s%sportrange %u-%u", PICK("", "tcp ", "udp "),
			PICK("", "src ", "dst "), below(1100),
			1100 + below(40000));
		break;
	case 6:
		put(t, "%s proto %u", PICK("ip", "ip6", "ether"),
			below(2) ? number() & 0xff : 0x800);
		break;
	case 7:
		put(t, "%s %u", PICK("greater", "less"), below(200));
		break;
	case 8:
		a_list(t);
		break;
	default:
		a_sum(t, DEPTH);
		put(t, " %s ", PICK("=", "!=", "<", ">", "<=", ">="));
		a_sum(t, below(3) ? 0 : 2);
	}
}

static void
an_expression(struct text *t)
{
	uint32_t n = 1 + below(4);

	for (uint32_t i = 0; i < n; i++) {
		bool open = below(3) == 0;

		put(t, "%s%s%s", i > 0 ? PICK(" and ", " and ", " or ") : "",
			below(6) ? "" : "not ", open ? "(" : "");
		a_primitive(t);
		if (open) {
			put(t, "%s", PICK(" or ", " and "));
			a_primitive(t);
			put(t, ")");
		}
	}
}

/* A line with numbers changed. */
static void
a_variation(struct text *t)
{
	const char *s = all.line[below(all.nlines)];
	bool in_word = false;

	for (; *s != '\0'; s++) {
		bool digit = *s >= '0' && *s <= '9';
		bool letter = (*s >= 'a' && *s <= 'z') || *s == ':';

		if (digit && !in_word && below(3) == 0) {
			while (*s >= '0' && *s <= '9')
				s++;
			put(t, "%u", below(2) ? below(256) : a_port());
			s--;
			continue;
		}
		in_word = letter || (digit && in_word);
		put(t, "%c", *s);
	}
}

static bool
compile(struct program *p)
{
	struct bpf_program b;

	if (pcap_compile(all.dead, &b, p->text, below(8) == 0,
		    PCAP_NETMASK_UNKNOWN) != 0)
		return false;
	p->n = b.bf_len <= PROGRAM_MAX ? b.bf_len : 0;
	memcpy(p->insn, b.bf_insns, p->n * sizeof(*p->insn));
	pcap_freecode(&b);
	return p->n > 0;
}

/* --- instructions ------------------------------------------------------------ */

static void
damage(struct program *p)
{
	for (uint32_t i = 1 + below(4); i > 0; i--) {
		struct dpf_bpf *at = &p->insn[below(p->n)];
		uint32_t left = p->n - (uint32_t)(at - p->insn) - 1;

		switch (below(5)) {
		case 0:
			at->k += below(2) ? 1 : UINT32_MAX;
			break;
		case 1:
			at->k = random_constant(&all.rng);
			break;
		case 2:
			if (left > 1)
				*at = random_insn(&all.rng, left);
			break;
		case 3:
			*at = p->insn[below(p->n)];
			break;
		default:
			at->jt = (uint8_t)below(left + 1);
			at->jf = (uint8_t)below(left + 1);
		}
	}
}

/* libpcap's scratch memory holds what was there; ours zeros, as A is at first. */
static void
clear_memory(struct program *p)
{
	uint32_t used = 0, n;

	for (uint32_t i = 0; i < p->n; i++)
		if (p->insn[i].code == (BPF_LD | BPF_MEM) ||
			p->insn[i].code == (BPF_LDX | BPF_MEM))
			used |= 1u << (p->insn[i].k & 31);
	n = (uint32_t)__builtin_popcount(used);
	if (p->n + n > PROGRAM_MAX)
		return;
	memmove(p->insn + n, p->insn, p->n * sizeof(*p->insn));
	p->n += n;
	for (uint32_t i = 0; used != 0; used &= used - 1)
		p->insn[i++] = (struct dpf_bpf){ .code = BPF_ST,
			.k = (uint32_t)__builtin_ctz(used) };
}

/*
 * Linux reads something else than the frame at ancillary offsets; libpcap's
 * validator takes jumps that wrap round and shifts by more than there is.  We
 * refuse all three.
 */
static bool
is_refused(const struct program *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct dpf_bpf *at = &p->insn[i];

		if ((at->code & (BPF_CLASS_MASK | BPF_MODE_MASK)) ==
				(BPF_LD | BPF_ABS) &&
			at->k >= BPF_ANCILLARY)
			return true;
		if (at->code == (BPF_JMP | BPF_JA) && at->k >= p->n)
			return true;
		if ((at->code == (BPF_ALU | BPF_LSH) ||
			    at->code == (BPF_ALU | BPF_RSH)) &&
			at->k > 31)
			return true;
	}
	return false;
}

static bool
is_new(const struct program *p)
{
	uint64_t h = 0xcbf29ce484222325u;
	const uint8_t *b = (const uint8_t *)p->insn;

	for (size_t i = 0; i < p->n * sizeof(*p->insn); i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	h |= h == 0;
	for (uint64_t i = h >> 20;; i++) {
		uint64_t *at = &all.seen[i & ((1u << SEEN_BITS) - 1)];

		if (*at == h)
			return false;
		if (*at == 0) {
			*at = h;
			return true;
		}
	}
}

static bool
try_make(struct program *p)
{
	struct text t = { .s = p->text };
	uint32_t kind = below(8);

	p->text[0] = '\0';
	if (kind == 7) {
		p->n = 2 + below(RANDOM_INSNS);
		random_program(&all.rng, p->insn, p->n);
	} else {
		if (kind < 5)
			an_expression(&t);
		else
			a_variation(&t);
		if (!compile(p))
			return false;
	}
	if (kind == 4 || kind == 6) {
		put(&t, " (damaged)");
		damage(p);
	}
	clear_memory(p);
	return !is_refused(p) &&
	       bpf_validate((const struct bpf_insn *)(const void *)p->insn,
		       (int)p->n) != 0;
}

void
program_make(struct program *p)
{
	while (!try_make(p) || !is_new(p))
		;
}

bool
programs_open(const char *path, uint32_t seed)
{
	FILE *f = fopen(path, "r");
	static char line[PROGRAM_TEXT / 2];

	all.rng.s = seed * 2 + 1;
	all.dead = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	all.seen = calloc(1u << SEEN_BITS, sizeof(*all.seen));
	if (f == NULL || all.dead == NULL || all.seen == NULL)
		return false;
	while (all.nlines < LINES && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		all.line[all.nlines++] = strdup(line);
	}
	fclose(f);
	return all.nlines > 0;
}
