/*
 * follow.c - later fragments go where the first one went.
 *
 * Anybody on the wire can write here, so everything is bounded: an owner has so
 * many entries and takes none from others, a bucket is so long, and an entry
 * lasts for some seconds whatever comes.  The fragments that a follower gets are
 * disjoint (RFC 1858, 3128, 5722): there is no order in which they could be put
 * together to something else than what the first one showed.
 */
#include "kernel/core/follow.h"

#include <stddef.h>

enum {
	BUCKETS = 512,
	BUCKET_MAX = 32, /* entries; far more than chance makes */
	UNITS_MAX = 8192,
	ETHER = 14,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	FRAGMENT_HEADER = 8,
	NONE = 0xffff,
};

struct entry {
	uint32_t key[10];
	uint32_t hash;
	uint32_t opened;  /* tick */
	uint16_t next;    /* in its bucket, or NONE */
	uint16_t binding; /* 0: free */
	bool dead;        /* not followed any more, until it is forgotten */
	uint8_t pieces;
	uint16_t units; /* that have come */
	uint16_t top;   /* the end of what has come */
	uint16_t total; /* units of the whole; 0: not known yet */
	struct {
		uint16_t from, to;
	} piece[FOLLOW_PIECES];
};

static struct {
	struct entry entry[FOLLOW_ENTRIES];
	uint16_t bucket[BUCKETS];
	uint32_t seed, used, last; /* entries; tick of the newest */
	struct sp_follow_info *shown;
} table;

void
follow_init(uint32_t seed, struct sp_follow_info *shown)
{
	for (uint32_t i = 0; i < BUCKETS; i++)
		table.bucket[i] = NONE;
	for (uint32_t i = 0; i < ARRAY_LEN(table.entry); i++)
		table.entry[i].binding = 0;
	table.used = 0;
	table.seed = seed;
	table.shown = shown;
}

/* --- fragments ---------------------------------------------------------------- */

/* OFFSET in units, BODY in bytes, HEADER bytes before the body in a whole
 * datagram.  False: it cannot be part of one. */
static bool
place(struct follow_piece *p, uint32_t offset, uint32_t body, uint32_t header)
{
	if (body == 0 || (!p->last && body % 8 != 0) ||
		offset * 8 + body > 65535 - header)
		return false;
	p->from = (uint16_t)offset;
	p->to = (uint16_t)(offset + (body + 7) / 8);
	return offset != 0 || !p->last;
}

static bool
parse_ip4(const uint8_t *ip, uint32_t len, struct follow_piece *p)
{
	if (len < IP4_HEADER || ip[0] >> 4 != 4)
		return false;

	uint32_t header = (ip[0] & 15u) * 4, total = be16_get(ip + 2);
	uint32_t fragment = be16_get(ip + 6);

	if (header < IP4_HEADER || total < header || total > len)
		return false;
	for (uint32_t i = 0; i < 8; i++)
		p->key[i] = 0;
	p->key[0] = be32_get(ip + 12);
	p->key[1] = be32_get(ip + 16);
	p->key[8] = 4u << 8 | ip[9];
	p->key[9] = be16_get(ip + 4);
	p->last = (fragment & 0x2000) == 0;
	return place(p, fragment & 0x1fff, total - header, header);
}

/* The fragment header comes first, or the datagram is not followed. */
static bool
parse_ip6(const uint8_t *ip, uint32_t len, struct follow_piece *p)
{
	if (len < IP6_HEADER + FRAGMENT_HEADER || ip[0] >> 4 != 6)
		return false;

	const uint8_t *f = ip + IP6_HEADER;
	uint32_t payload = be16_get(ip + 4), fragment = be16_get(f + 2);

	if (payload < FRAGMENT_HEADER || payload > len - IP6_HEADER)
		return false;
	for (uint32_t i = 0; i < 8; i++)
		p->key[i] = be32_get(ip + 8 + 4 * i);
	p->key[8] = 6u << 8 | f[0];
	p->key[9] = be32_get(f + 4);
	p->last = (fragment & 1) == 0;
	return place(p, fragment >> 3, payload - FRAGMENT_HEADER, 0);
}

enum follow_kind
follow_parse(const uint8_t *frame, uint32_t len, struct follow_piece *p)
{
	bool good = len > ETHER &&
		    (be16_get(frame + 12) == 0x0800
				    ? parse_ip4(frame + ETHER, len - ETHER, p)
				    : parse_ip6(frame + ETHER, len - ETHER, p));

	if (!good)
		return FOLLOW_NOT;
	return p->from == 0 ? FOLLOW_FIRST : FOLLOW_LATER;
}

/* Does the first fragment hold all that filters look at?  Else what decides about
 * the datagram could come later (RFC 1858). */
static bool
is_tiny(const struct follow_piece *p)
{
	switch (p->key[8] & 0xff) {
	case 6: /* TCP */
		return p->to < 3;
	case 0: /* IPv6: more headers before it is said what this is */
	case 43:
	case 44:
	case 60:
		return true;
	default:
		return false;
	}
}

/* --- entries --------------------------------------------------------------------- */

static uint32_t
hash_of(const uint32_t key[10])
{
	uint32_t h = table.seed;

	for (uint32_t i = 0; i < 10; i++) {
		h = (h ^ key[i]) * 0x9e3779b1u;
		h ^= h >> 15;
	}
	return h;
}

static bool
is_stale(const struct entry *e, uint32_t now)
{
	return now - e->opened >= FOLLOW_TICKS;
}

static bool
same_key(const struct entry *e, const uint32_t key[10])
{
	for (uint32_t i = 0; i < 10; i++)
		if (e->key[i] != key[i])
			return false;
	return true;
}

static struct entry *
find(const uint32_t key[10], uint32_t hash)
{
	uint16_t at = table.bucket[hash % BUCKETS];

	while (at != NONE) {
		struct entry *e = &table.entry[at];

		if (e->hash == hash && same_key(e, key))
			return e;
		at = e->next;
	}
	return NULL;
}

static void
release(struct entry *e)
{
	uint16_t *at = &table.bucket[e->hash % BUCKETS];

	while (&table.entry[*at] != e)
		at = &table.entry[*at].next;
	*at = e->next;
	e->binding = 0;
	table.used--;
}

/* A free entry of OWNER's share, or one whose time is over. */
static struct entry *
take(uint32_t owner, uint32_t now)
{
	struct entry *e = &table.entry[owner * FOLLOW_SHARE];

	for (uint32_t i = 0; i < FOLLOW_SHARE; i++, e++) {
		if (e->binding == 0)
			return e;
		if (is_stale(e, now)) {
			release(e);
			return e;
		}
	}
	return NULL;
}

static uint32_t
bucket_length(uint32_t bucket)
{
	uint32_t n = 0;

	for (uint16_t at = table.bucket[bucket]; at != NONE; n++)
		at = table.entry[at].next;
	return n;
}

/* Is there room in the bucket, without those whose time is over? */
static bool
bucket_has_room(uint32_t bucket, uint32_t now)
{
	uint16_t at = table.bucket[bucket];

	while (at != NONE) {
		struct entry *e = &table.entry[at];

		at = e->next;
		if (is_stale(e, now))
			release(e);
	}
	return bucket_length(bucket) < BUCKET_MAX;
}

static void
open_entry(struct entry *e, const struct follow_piece *p, uint32_t hash,
	uint32_t binding, uint32_t now)
{
	uint16_t *bucket = &table.bucket[hash % BUCKETS];

	for (uint32_t i = 0; i < 10; i++)
		e->key[i] = p->key[i];
	e->hash = hash;
	e->opened = now;
	e->next = *bucket;
	e->binding = (uint16_t)binding;
	e->dead = false;
	e->pieces = 1;
	e->units = p->to;
	e->top = p->to;
	e->total = 0;
	e->piece[0].from = 0;
	e->piece[0].to = p->to;
	*bucket = (uint16_t)(e - table.entry);
	table.used++;
	table.last = now;
	table.shown->datagrams++;
}

/* --- what comes -------------------------------------------------------------------- */

/* Somebody lies about this datagram: nobody follows it until all its fragments
 * must have died out. */
static uint32_t
refuse(struct entry *e)
{
	e->dead = true;
	table.shown->refused++;
	return 0;
}

void
follow_first(const struct follow_piece *p, uint32_t binding, uint32_t owner,
	uint32_t now)
{
	uint32_t hash = hash_of(p->key);
	struct entry *e = find(p->key, hash);

	if (e != NULL && !is_stale(e, now)) {
		/* The same once more does no harm: it went where it belongs. */
		if (!e->dead &&
			(e->binding != binding || e->piece[0].to != p->to))
			(void)refuse(e);
		return;
	}
	if (e != NULL)
		release(e);
	if (binding == 0)
		return;
	if (is_tiny(p)) {
		table.shown->refused++;
		return;
	}
	e = bucket_has_room(hash % BUCKETS, now) ? take(owner, now) : NULL;
	if (e == NULL)
		table.shown->full++;
	else
		open_entry(e, p, hash, binding, now);
}

enum fit { FITS, THERE_ALREADY, CONTRADICTS };

static enum fit
fit(const struct entry *e, const struct follow_piece *p)
{
	for (uint32_t i = 0; i < e->pieces; i++) {
		if (p->from >= e->piece[i].to || p->to <= e->piece[i].from)
			continue;
		return p->from == e->piece[i].from && p->to == e->piece[i].to
			       ? THERE_ALREADY
			       : CONTRADICTS;
	}
	if (e->total != 0 && (p->last || p->to > e->total))
		return CONTRADICTS;
	if (p->last && p->to < e->top)
		return CONTRADICTS;
	return e->pieces < FOLLOW_PIECES ? FITS : CONTRADICTS;
}

uint32_t
follow_later(const struct follow_piece *p, uint32_t now)
{
	struct entry *e = find(p->key, hash_of(p->key));

	if (e == NULL || is_stale(e, now))
		return 0;
	switch (e->dead ? THERE_ALREADY : fit(e, p)) {
	case CONTRADICTS:
		return refuse(e);
	case THERE_ALREADY:
		table.shown->refused++;
		return 0;
	case FITS:
		break;
	}

	uint32_t binding = e->binding;

	e->piece[e->pieces].from = p->from;
	e->piece[e->pieces++].to = p->to;
	e->units = (uint16_t)(e->units + p->to - p->from);
	if (p->to > e->top)
		e->top = p->to;
	if (p->last)
		e->total = p->to;
	table.shown->fragments++;
	if (e->units == e->total) {
		table.shown->complete++;
		release(e);
	}
	return binding;
}

void
follow_forget(uint32_t binding, uint32_t owner)
{
	struct entry *e = &table.entry[owner * FOLLOW_SHARE];

	for (uint32_t i = 0; i < FOLLOW_SHARE; i++, e++)
		if (e->binding == binding)
			release(e);
}

bool
follow_waits(uint32_t now)
{
	return table.used != 0 && now - table.last < FOLLOW_TICKS;
}

/* --- audit --------------------------------------------------------------------------- */

static bool
is_sound(const struct entry *e)
{
	uint32_t units = 0;

	if (e->pieces == 0 || e->pieces > FOLLOW_PIECES ||
		find(e->key, e->hash) != e || e->hash != hash_of(e->key) ||
		(e->next != NONE && table.entry[e->next].binding == 0))
		return false;
	for (uint32_t i = 0; i < e->pieces; i++) {
		if (e->piece[i].from >= e->piece[i].to ||
			e->piece[i].to > UNITS_MAX || e->piece[i].to > e->top)
			return false;
		units += (uint32_t)(e->piece[i].to - e->piece[i].from);
	}
	return units == e->units && (e->total == 0 || units < e->total);
}

bool
follow_check(uint32_t at, uint32_t *binding)
{
	*binding = table.entry[at].binding;
	return *binding == 0 || (table.used > 0 && is_sound(&table.entry[at]));
}
