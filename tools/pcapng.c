/*
 * pcapng.c - the four kinds of blocks that a capture needs, and classic pcap.
 *
 * Numbers are those of the IETF's pcapng draft (draft-ietf-opsawg-pcapng).
 */
#include "pcapng.h"

#include "cli.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

enum {
	SECTION_BLOCK = 0x0a0d0d0a,
	INTERFACE_BLOCK = 1,
	STATISTICS_BLOCK = 5,
	PACKET_BLOCK = 6,
	ORDER_MAGIC = 0x1a2b3c4d,
	PCAP_NS = 0xa1b23c4d,
	ETHERNET = 1,
	NANOSECONDS = 9,

	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_MACADDR = 6,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,

	TEXT_MAX = 60000, /* of an option, whose length has 16 bits */
	FIXED = 256,      /* more than a block has besides frame and text */
};

/* A block while it is put together; whoever begins it knows how long it gets. */
struct block {
	size_t n;
	uint8_t bytes[];
};

static void
put16(struct block *b, uint32_t v)
{
	le16_put(b->bytes + b->n, (uint16_t)v);
	b->n += 2;
}

static void
put32(struct block *b, uint32_t v)
{
	le32_put(b->bytes + b->n, v);
	b->n += 4;
}

/* N bytes and zeros up to a word. */
static void
put_bytes(struct block *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(b->bytes + b->n, p, n);
	for (b->n += n; n % 4 != 0; n++)
		b->bytes[b->n++] = 0;
}

/* Times have their high word first. */
static void
put_time(struct block *b, uint64_t ns)
{
	put32(b, (uint32_t)(ns >> 32));
	put32(b, (uint32_t)ns);
}

static void
put_option(struct block *b, uint32_t code, const void *p, size_t n)
{
	put16(b, code);
	put16(b, (uint32_t)n);
	put_bytes(b, p, n);
}

static size_t
text_bytes(const char *text)
{
	return text != NULL ? strnlen(text, TEXT_MAX) : 0;
}

static void
put_text(struct block *b, uint32_t code, const char *text)
{
	if (text != NULL)
		put_option(b, code, text, text_bytes(text));
}

static void
put_option64(struct block *b, uint32_t code, uint64_t v)
{
	uint8_t bytes[8];

	le32_put(bytes, (uint32_t)v);
	le32_put(bytes + 4, (uint32_t)(v >> 32));
	put_option(b, code, bytes, sizeof(bytes));
}

/* A block with room for MORE bytes than all blocks have. */
static struct block *
begin(uint32_t type, size_t more)
{
	struct block *b = xalloc(sizeof(*b) + FIXED + more);

	put32(b, type);
	put32(b, 0); /* its length, once it is known */
	return b;
}

static void
write_out(struct block *b, FILE *f)
{
	put32(b, (uint32_t)b->n + 4);
	le32_put(b->bytes + 4, (uint32_t)b->n);
	fwrite(b->bytes, 1, b->n, f);
	free(b);
}

static void
put_section(FILE *f)
{
	struct block *b = begin(SECTION_BLOCK, 0);

	put32(b, ORDER_MAGIC);
	put16(b, 1); /* version 1.0 */
	put16(b, 0);
	put32(b, 0xffffffff); /* of unknown length */
	put32(b, 0xffffffff);
	put_text(b, SHB_HARDWARE, "QEMU malta, PCnet");
	put_text(b, SHB_OS, "Spindle");
	put_text(b, SHB_USERAPPL, "spindle capture");
	put_option(b, OPT_END, NULL, 0);
	write_out(b, f);
}

void
pcapng_begin(FILE *f, const struct pcapng_interface *i)
{
	const uint8_t resolution = NANOSECONDS;
	size_t n = text_bytes(i->filter);
	struct block *b = begin(INTERFACE_BLOCK, text_bytes(i->name) + n);
	char *filter;

	put_section(f);
	put16(b, ETHERNET);
	put16(b, 0);
	put32(b, i->snap);
	put_text(b, IF_NAME, i->name);
	put_option(b, IF_MACADDR, i->mac, sizeof(i->mac));
	put_option(b, IF_TSRESOL, &resolution, 1);
	if (i->filter != NULL) {
		filter = xalloc(n + 1); /* a 0: a text for libpcap follows */
		memcpy(filter + 1, i->filter, n);
		put_option(b, IF_FILTER, filter, n + 1);
		free(filter);
	}
	put_option(b, OPT_END, NULL, 0);
	write_out(b, f);
}

/* Direction, and for what comes in, whom it is for. */
static uint32_t
flags_of(const struct pcapng_frame *p)
{
	enum { INBOUND = 1, OUTBOUND = 2, UNICAST = 1, GROUP = 2, ALL = 3 };
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
	uint32_t to = UNICAST;

	if (p->kept < sizeof(everybody))
		to = 0;
	else if (memcmp(p->bytes, everybody, sizeof(everybody)) == 0)
		to = ALL;
	else if ((p->bytes[0] & 1) != 0)
		to = GROUP;
	return p->out ? OUTBOUND : INBOUND | to << 2;
}

void
pcapng_put(FILE *f, const struct pcapng_frame *p)
{
	struct block *b = begin(PACKET_BLOCK, p->kept + text_bytes(p->comment));
	uint8_t flags[4];

	put32(b, 0); /* the interface */
	put_time(b, p->ns);
	put32(b, p->kept);
	put32(b, p->len);
	put_bytes(b, p->bytes, p->kept);
	le32_put(flags, flags_of(p));
	put_option(b, EPB_FLAGS, flags, sizeof(flags));
	put_text(b, OPT_COMMENT, p->comment);
	put_option(b, OPT_END, NULL, 0);
	write_out(b, f);
}

void
pcapng_end(FILE *f, const struct pcapng_statistics *s)
{
	struct block *b = begin(STATISTICS_BLOCK, 0);

	put32(b, 0);
	put_time(b, s->end_ns);
	/* Times in options, too, have their high word first. */
	put_option64(b, ISB_STARTTIME, s->start_ns << 32 | s->start_ns >> 32);
	put_option64(b, ISB_ENDTIME, s->end_ns << 32 | s->end_ns >> 32);
	put_option64(b, ISB_IFRECV, s->received);
	put_option64(b, ISB_IFDROP, s->missed);
	put_option64(b, ISB_FILTERACCEPT, s->accepted);
	put_option64(b, ISB_OSDROP, s->dropped);
	put_option64(b, ISB_USRDELIV, s->delivered);
	put_option(b, OPT_END, NULL, 0);
	write_out(b, f);
}

void
pcap_begin(FILE *f, uint32_t snap)
{
	uint8_t head[24] = { 0 };

	le32_put(head, PCAP_NS);
	le16_put(head + 4, 2); /* version 2.4 */
	le16_put(head + 6, 4);
	le32_put(head + 16, snap);
	le32_put(head + 20, ETHERNET);
	fwrite(head, 1, sizeof(head), f);
}

void
pcap_put(FILE *f, const struct pcapng_frame *p)
{
	uint8_t head[16];

	le32_put(head, (uint32_t)(p->ns / 1000000000));
	le32_put(head + 4, (uint32_t)(p->ns % 1000000000));
	le32_put(head + 8, p->kept);
	le32_put(head + 12, p->len);
	fwrite(head, 1, sizeof(head), f);
	fwrite(p->bytes, 1, p->kept, f);
}
