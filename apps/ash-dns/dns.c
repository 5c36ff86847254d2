/*
 * dns.c - an authoritative name server for one small zone (RFC 1035, 2308, 6891).
 *
 * Filter: `udp dst port 53`.  The zone is struct zone, at the beginning of the
 * state: what is compiled in here is an example, which its owner overwrites (so it is
 * not static: the compiler would take it for constant).
 * Answered: any type in the table, NXDOMAIN and NODATA with the SOA, REFUSED outside
 * of the zone and for transfers, NOTIMP for other operations than QUERY, FORMERR for
 * other than one question or for more behind it than one OPT; BADVERS.  What does not
 * fit into 512 bytes, or what an OPT offers up to 1232, leaves with TC.  CNAMEs are not
 * followed, stars in names mean nothing.
 * Declined, as it is no DNS: responses, names that are compressed, too long or run out
 * of the datagram, an OPT that does; options of IP, what is too short.
 */
#include <ash.h>

enum {
	DNS = IP_PAYLOAD + UDP_BYTES,
	DNS_FLAGS = DNS + 2,
	DNS_QUESTIONS = DNS + 4,
	DNS_ANSWERS = DNS + 6,
	DNS_AUTHORITY = DNS + 8,
	DNS_ADDITIONAL = DNS + 10,
	DNS_BYTES = 12,
	DNS_QUESTION = DNS + DNS_BYTES,
	OPT_BYTES = 11,
	RR_BYTES = 12, /* with a compressed name, without data */
	UDP_LIMIT = 512,
	EDNS_LIMIT = 1232,
	NAME_MAX = 255,
	LABELS_MAX = 128,
};

enum { QR = 0x8000, OPCODE = 0x7800, AA = 0x400, TC = 0x200, RD = 0x100 };

enum {
	NOERROR = 0,
	FORMERR = 1,
	NXDOMAIN = 3,
	NOTIMP = 4,
	REFUSED = 5,
	BADVERS = 16,
};

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_OPT = 41,
	TYPE_IXFR = 251, /* to 254: for whole zones */
	TYPE_ANY = 255,
	CLASS_IN = 1,
};

/* --- the zone ------------------------------------------------------------------ */

enum { NAME_WORDS = 12, DATA_WORDS = 16, RECORDS = 32 };

/* The name as it is on the wire, in lower case, zeros behind it; names in the data
 * are not compressed. */
struct record {
	char name[4 * NAME_WORDS];
	uint32_t type, seconds; /* how long others may keep it */
	uint32_t bytes;
	char data[4 * DATA_WORDS] __attribute__((aligned(4)));
};

struct zone {
	uint32_t records; /* the first is the SOA */
	uint32_t labels;  /* of its name, with the last, empty one */
	struct record record[RECORDS];
};

#define RR(name, type, data)                                                   \
	{                                                                      \
		name, type, 60, sizeof(data) - 1, data                         \
	}
#define ORIGIN "\7spindle\4test"
#define SIXTY  "123456789 123456789 123456789 123456789 123456789 123456789 "

struct zone zone = {
	.records = 16,
	.labels = 3,
	.record = {
		RR(ORIGIN, TYPE_SOA,
			"\2ns" ORIGIN "\0\2me" ORIGIN "\0"
			"\0\0\0\1\0\0\16\20\0\0\7\10\0\11\72\200\0\0\0\74"),
		RR(ORIGIN, TYPE_NS, "\2ns" ORIGIN "\0"),
		RR("\2ns" ORIGIN, TYPE_A, "\12\7\0\2"),
		RR("\3www" ORIGIN, TYPE_A, "\12\7\0\3"),
		RR("\3www" ORIGIN, TYPE_A, "\12\7\0\4"),
		RR("\3www" ORIGIN, TYPE_AAAA,
			"\375\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3"),
		RR("\4text" ORIGIN, TYPE_TXT, "\20safe and in situ"),
		RR("\5alias" ORIGIN, TYPE_CNAME, "\3www" ORIGIN "\0"),
		RR("\4long" ORIGIN, TYPE_TXT, "\75a" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75b" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75c" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75d" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75e" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75f" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75g" SIXTY),
		RR("\4long" ORIGIN, TYPE_TXT, "\75h" SIXTY),
	},
};

/*
 * A turn of a loop pays for the longest way out of it as well.  So loops are short,
 * or in functions of their own, where all ways out are; else the longest names and
 * answers would use up the budget, and whoever asks for them would end us.
 */
#define UNROLLED _Pragma("GCC unroll 12")
#define APART    static __attribute__((noinline))

/* --- the question ----------------------------------------------------------------- */

/*
 * The name asked for.  Only what may be a record's name is kept, in lower case and
 * with zeros behind it: all of it, or of a longer one what may be the zone's.
 * Anybody may ask for a name of 127 labels, so what is done for each is little.
 */
static union {
	uint32_t word[NAME_WORDS];
	uint8_t byte[4 * NAME_WORDS];
} name;
static uint8_t label[LABELS_MAX]; /* where they begin, in the name */

struct asked {
	uint32_t bytes;  /* 0: it is none */
	uint32_t origin; /* where the zone's name begins; BYTES: nowhere */
};

/* Follow the labels, as far as END; how many bytes they are, or 0. */
APART uint32_t
walk(uint32_t end, uint32_t *labels)
{
	uint32_t at = DNS_QUESTION, n = 0, c;

	do {
		if (at >= end || n >= LABELS_MAX)
			return 0;
		c = frame_ld8(at);
		if (c > 63)
			return 0;
		label[n++] = (uint8_t)(at - DNS_QUESTION);
		at += c + 1;
	} while (c != 0);
	*labels = n;
	return at <= end && at - DNS_QUESTION <= NAME_MAX ? at - DNS_QUESTION
							  : 0;
}

/* N bytes from FROM in the name. */
APART void
keep(uint32_t from, uint32_t n)
{
	UNROLLED
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		name.word[i] = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = frame_ld8_at(DNS_QUESTION + from + i, 0);

		/* Lengths are less than 'A'. */
		if (c - 'A' < 26)
			c += 'a' - 'A';
		name.byte[i] = (uint8_t)c;
	}
}

/* Is the zone's name kept, from AT to N? */
APART bool
is_origin(uint32_t at, uint32_t n)
{
	const char *origin = zone.record[0].name;

	for (; at < n; at++)
		if (name.byte[at] != (uint8_t)*origin++)
			return false;
	return true;
}

static inline struct asked
read_name(uint32_t end)
{
	uint32_t labels = 0, n = walk(end, &labels), origin, from;

	if (n == 0 || labels < zone.labels || zone.labels == 0)
		return (struct asked){ n, n };
	origin = label[labels - zone.labels];
	from = n > 4 * NAME_WORDS ? origin : 0;
	if (n - from > 4 * NAME_WORDS)
		return (struct asked){ n, n };
	keep(from, n - from);
	return (struct asked){ n,
		is_origin(origin - from, n - from) ? origin : n };
}

static inline bool
is_named(const struct record *r)
{
	const uint32_t *w = (const uint32_t *)(const void *)r->name;

	UNROLLED
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		if (w[i] != name.word[i])
			return false;
	return true;
}

/* --- the answer --------------------------------------------------------------------- */

struct answer {
	uint32_t at, limit; /* in the frame */
	uint32_t flags;
};

/* Add R, whose name is at NAME_AT in the message; how many were added.  It copies
 * whole quarters of the data; what comes next, or the end, lies behind BYTES. */
APART uint32_t
add(struct answer *a, const struct record *r, uint32_t name_at)
{
	const uint32_t *w = (const uint32_t *)(const void *)r->data;
	uint32_t bytes = r->bytes, at = a->at;

	if (bytes > sizeof(r->data) || at + RR_BYTES + bytes > a->limit) {
		a->flags |= TC;
		return 0;
	}
	frame_st16(at, 0xc000 | name_at);
	frame_st16(at + 2, r->type);
	frame_st16(at + 4, CLASS_IN);
	frame_st32(at + 6, r->seconds);
	frame_st16(at + 10, bytes);
	for (uint32_t i = 0; i < bytes; i += 16, w += 4) {
		frame_put_raw32(at + RR_BYTES + i, w[0]);
		frame_put_raw32(at + RR_BYTES + i + 4, w[1]);
		frame_put_raw32(at + RR_BYTES + i + 8, w[2]);
		frame_put_raw32(at + RR_BYTES + i + 12, w[3]);
	}
	a->at = at + RR_BYTES + bytes;
	return 1;
}

/* All records of the name Q and of TYPE. */
APART void
look_up(struct answer *a, struct asked q, uint32_t type)
{
	uint32_t known = 0, found = 0;
	uint32_t records = zone.records < RECORDS ? zone.records : RECORDS;

	if (q.origin == q.bytes || type - TYPE_IXFR < TYPE_ANY - TYPE_IXFR) {
		a->flags |= REFUSED;
		return;
	}
	a->flags |= AA;
	for (uint32_t i = 0; i < records && q.bytes <= 4 * NAME_WORDS; i++) {
		const struct record *r = &zone.record[i];

		if (!is_named(r))
			continue;
		known = 1;
		if (type == r->type || type == TYPE_ANY ||
			r->type == TYPE_CNAME)
			found += add(a, r, DNS_BYTES);
	}
	frame_st16(DNS_ANSWERS, found);
	if (found != 0 || (a->flags & TC) != 0)
		return;
	if (known == 0)
		a->flags |= NXDOMAIN;
	frame_st16(
		DNS_AUTHORITY, add(a, &zone.record[0], DNS_BYTES + q.origin));
}

/* Lengths, checksums and ends of a message that ends at END. */
static inline int
reply(uint32_t end)
{
	uint32_t old = frame_raw16(IP_LEN), new = be16(end - IP_VIHL);

	frame_put_raw16(IP_LEN, new);
	frame_put_raw16(IP_CSUM, csum_update16(frame_raw16(IP_CSUM), old, new));
	frame_st16(IP_PAYLOAD + UDP_LEN, end - IP_PAYLOAD);
	frame_put_raw16(IP_PAYLOAD + UDP_CSUM, 0);
	frame_swap_mac();
	frame_swap_ip();
	frame_swap_ports(IP_PAYLOAD);
	return ash_reply(end < 60 ? 60 : end);
}

/* Nothing but a head that says CODE. */
static inline int
reply_error(uint32_t flags, uint32_t code)
{
	frame_st16(DNS_FLAGS, (flags & (OPCODE | RD)) | QR | code);
	frame_put_raw16(DNS_QUESTIONS, 0);
	frame_put_raw16(DNS_ANSWERS, 0);
	frame_put_raw32(DNS_AUTHORITY, 0);
	return reply(DNS_QUESTION);
}

/* Answer the question, which ends at AT; EDNS: behind it comes an OPT. */
static inline int
reply_question(uint32_t flags, struct asked q, uint32_t at, bool edns)
{
	struct answer a = { at, DNS + UDP_LIMIT, (flags & RD) | QR };
	uint32_t offer, version = 0, type = frame_ld16(at - 4);

	if (edns) {
		offer = frame_ld16(at + 3);
		version = frame_ld8(at + 6);
		if (offer > EDNS_LIMIT)
			offer = EDNS_LIMIT;
		if (offer > UDP_LIMIT)
			a.limit = DNS + offer;
		a.limit -= OPT_BYTES;
	}
	if (version != 0)
		a.flags |= BADVERS & 15;
	else if (frame_ld16(at - 2) != CLASS_IN)
		a.flags |= REFUSED;
	else
		look_up(&a, q, type);
	frame_st16(DNS_FLAGS, a.flags);
	if (edns) {
		frame_st8(a.at, 0);
		frame_st16(a.at + 1, TYPE_OPT);
		frame_st16(a.at + 3, EDNS_LIMIT);
		frame_st32(a.at + 5, version != 0 ? BADVERS >> 4 << 24 : 0);
		frame_st16(a.at + 9, 0);
		a.at += OPT_BYTES;
	}
	return reply(a.at);
}

/* Is what comes at AT an OPT that ends before END? */
static inline bool
is_opt(uint32_t at, uint32_t end)
{
	return at + OPT_BYTES <= end && frame_ld8(at) == 0 &&
	       frame_ld16(at + 1) == TYPE_OPT &&
	       frame_ld16(at + 9) <= end - at - OPT_BYTES;
}

int
ash_main(uint32_t len)
{
	struct ip_view ip = ip_parse(len, PROTO_UDP, UDP_BYTES + DNS_BYTES);
	uint32_t udp = frame_ld16(IP_PAYLOAD + UDP_LEN), end, more, at;
	uint32_t flags = frame_ld16(DNS_FLAGS);
	struct asked q;

	if (ip.at != IP_PAYLOAD || udp < UDP_BYTES + DNS_BYTES ||
		udp > ip.bytes || (flags & QR) != 0)
		return ash_decline();
	if ((flags & OPCODE) != 0)
		return reply_error(flags, NOTIMP);
	more = frame_ld16(DNS_ADDITIONAL);
	if (frame_raw16(DNS_QUESTIONS) != be16(1) || more > 1 ||
		frame_raw16(DNS_ANSWERS) != 0 ||
		frame_raw16(DNS_AUTHORITY) != 0)
		return reply_error(flags, FORMERR);
	end = IP_PAYLOAD + udp;
	q = read_name(end - 4);
	if (q.bytes == 0)
		return ash_decline();
	at = DNS_QUESTION + q.bytes + 4;
	if (more != 0 && !is_opt(at, end))
		return ash_decline();
	return reply_question(flags, q, at, more != 0);
}
