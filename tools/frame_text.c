/*
 * frame_text.c - say what a frame is.
 *
 * For examples, which are made of few bytes that matter and many zeros: nothing
 * is taken for granted, what does not lie inside the frame is not said.
 */
#include "frame_text.h"

#include <spindle/bytes.h>

#include <arpa/inet.h>
#include <stdlib.h>

struct view {
	const uint8_t *p;
	size_t len;
	FILE *out;
};

static bool
holds(const struct view *v, size_t off, size_t n)
{
	return off <= v->len && n <= v->len - off;
}

static const char *
proto_name(unsigned proto, char room[16])
{
	static const struct {
		unsigned proto;
		const char *name;
	} names[] = { { 1, "ICMP" }, { 2, "IGMP" }, { 6, "TCP" }, { 17, "UDP" },
		{ 58, "ICMPv6" }, { 132, "SCTP" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].proto == proto)
			return names[i].name;
	snprintf(room, 16, "protocol %u", proto);
	return room;
}

static void
print_end(const struct view *v, int family, size_t at, size_t port)
{
	char text[INET6_ADDRSTRLEN];

	if (!holds(v, at, family == AF_INET ? 4 : 16)) {
		fputs("?", v->out);
		return;
	}
	fputs(inet_ntop(family, v->p + at, text, sizeof(text)), v->out);
	if (port > 0 && holds(v, port, 2))
		fprintf(v->out, "%s%u", family == AF_INET ? ":" : " port ",
			be16_get(v->p + port));
}

/* Addresses at SRC, behind which those of the receiver; ports at L4, if any. */
static void
print_ends(const struct view *v, int family, size_t src, size_t l4)
{
	size_t bytes = family == AF_INET ? 4 : 16;

	fputc(' ', v->out);
	print_end(v, family, src, l4);
	fputs(" > ", v->out);
	print_end(v, family, src + bytes, l4 > 0 ? l4 + 2 : 0);
}

static bool
has_ports(unsigned proto)
{
	return proto == 6 || proto == 17 || proto == 132;
}

static void
print_ip4(const struct view *v, size_t at)
{
	char room[16];
	unsigned proto, fragment;
	size_t l4;

	fputs(", IPv4", v->out);
	if (!holds(v, at, 10))
		return;
	proto = v->p[at + 9];
	fragment = be16_get(v->p + at + 6) & 0x1fff;
	l4 = at + (v->p[at] & 0xfu) * 4;
	fprintf(v->out, " %s", proto_name(proto, room));
	print_ends(v, AF_INET, at + 12,
		has_ports(proto) && fragment == 0 ? l4 : 0);
	if (fragment > 0)
		fprintf(v->out, ", fragment at %u", fragment * 8);
}

static void
print_ip6(const struct view *v, size_t at)
{
	char room[16];

	fputs(", IPv6", v->out);
	if (!holds(v, at, 7))
		return;
	fprintf(v->out, " %s", proto_name(v->p[at + 6], room));
	print_ends(v, AF_INET6, at + 8, has_ports(v->p[at + 6]) ? at + 40 : 0);
}

static void
print_arp(const struct view *v, size_t at)
{
	fputs(", ARP", v->out);
	if (!holds(v, at, 28))
		return;
	fputs(be16_get(v->p + at + 6) == 2 ? " reply " : " request ", v->out);
	print_end(v, AF_INET, at + 14, 0);
	fputs(" > ", v->out);
	print_end(v, AF_INET, at + 24, 0);
}

static void
print_type(const struct view *v, size_t at)
{
	unsigned type;

	if (!holds(v, at, 2))
		return;
	type = be16_get(v->p + at);
	at += 2;
	while ((type == 0x8100 || type == 0x88a8 || type == 0x9100) &&
		holds(v, at, 4)) {
		fprintf(v->out, ", VLAN %u", be16_get(v->p + at) & 0xfffu);
		type = be16_get(v->p + at + 2);
		at += 4;
	}
	if (type == 0x0800)
		print_ip4(v, at);
	else if (type == 0x86dd)
		print_ip6(v, at);
	else if (type == 0x0806)
		print_arp(v, at);
	else if (type < 0x600)
		fprintf(v->out, ", 802.3 length %u", type);
	else
		fprintf(v->out, ", type 0x%04x", type);
}

void
frame_words(const uint8_t *frame, size_t len, FILE *out)
{
	const struct view v = { .p = frame, .len = len, .out = out };

	fprintf(out, "%zu bytes", len);
	print_type(&v, 12);
}

void
frame_print(const uint8_t *frame, size_t len, FILE *out)
{
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%02x", frame[i]);
	fputs(" (", out);
	frame_words(frame, len, out);
	fputc(')', out);
}

void
frame_json(const uint8_t *frame, size_t len, json_t *o)
{
	char *hex = NULL, *words = NULL;
	size_t n;
	FILE *to_hex = open_memstream(&hex, &n);
	FILE *to_words = open_memstream(&words, &n);

	if (to_hex == NULL || to_words == NULL)
		abort();
	for (size_t i = 0; i < len; i++)
		fprintf(to_hex, "%02x", frame[i]);
	if (len > 0)
		frame_words(frame, len, to_words);
	fclose(to_hex);
	fclose(to_words);
	json_object_set_new(o, "example", json_string(hex));
	json_object_set_new(o, "example_words", json_string(words));
	free(hex);
	free(words);
}
