/*
 * frame_line.c - a frame as one line, as tcpdump would have it.
 *
 * Only what the first headers say; whoever wants more writes a file.
 */
#include "frame_line.h"

#include <spindle/bytes.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	ETHER = 14,
	VLAN_TAG = 0x8100,
	TYPE_IP = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_IP6 = 0x86dd,
	IP_LEAST = 20,
	IP6_HEAD = 40,
	ARP_BYTES = 28,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMP6 = 58,
	TCP_LEAST = 20,
	UDP_HEAD = 8,
	FRAGMENT = 0x1fff,
};

/* A line while it grows. */
struct line {
	char *at;
	size_t room;
};

static void __attribute__((format(printf, 2, 3)))
say(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->at, l->room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= l->room)
		n = l->room > 0 ? (int)l->room - 1 : 0;
	l->at += n;
	l->room -= (size_t)n;
}

/* An address of FAMILY and a port, or -1 for none. */
static void
say_address(struct line *l, int family, const uint8_t *p, int port)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, p, text, sizeof(text)) == NULL)
		return;
	say(l, "%s", text);
	if (port >= 0)
		say(l, ".%d", port);
}

static void
say_mac(struct line *l, const uint8_t *p)
{
	say(l, "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4],
		p[5]);
}

/* The N bytes at P of TOTAL behind an IP header. */
struct payload {
	const uint8_t *p;
	size_t n, total;
	int proto;
	bool fragment; /* not the first one: it has no ports */
};

static void
say_tcp(struct line *l, const struct payload *u)
{
	static const char flag[] = "FSRP.UEW";
	size_t head = (size_t)(u->p[12] >> 4) * 4;

	say(l, "TCP [");
	for (int i = 0; flag[i] != '\0'; i++)
		if ((u->p[13] >> i & 1) != 0)
			say(l, "%c", flag[i]);
	say(l, "], length %zu", u->total > head ? u->total - head : 0);
}

static void
say_upper(struct line *l, const struct payload *u)
{
	if (u->fragment)
		say(l, "fragment, length %zu", u->total);
	else if (u->proto == PROTO_TCP && u->n >= TCP_LEAST)
		say_tcp(l, u);
	else if (u->proto == PROTO_UDP && u->n >= UDP_HEAD)
		say(l, "UDP, length %d", be16_get(u->p + 4) - UDP_HEAD);
	else if ((u->proto == PROTO_ICMP || u->proto == PROTO_ICMP6) &&
		 u->n >= 2)
		say(l, "ICMP type %u code %u, length %zu", u->p[0], u->p[1],
			u->total);
	else
		say(l, "protocol %d, length %zu", u->proto, u->total);
}

static void
say_both(struct line *l, int family, const uint8_t *from, const uint8_t *to,
	const struct payload *u)
{
	bool ports = (u->proto == PROTO_TCP || u->proto == PROTO_UDP) &&
		     !u->fragment && u->n >= 4;

	say_address(l, family, from, ports ? be16_get(u->p) : -1);
	say(l, " > ");
	say_address(l, family, to, ports ? be16_get(u->p + 2) : -1);
	say(l, ": ");
	say_upper(l, u);
}

/* False: too short, or not what it says it is. */
static bool
say_ip(struct line *l, const uint8_t *p, size_t n)
{
	struct payload u = { .p = NULL };
	size_t head, total;

	if (n < IP_LEAST || p[0] >> 4 != 4)
		return false;
	head = (size_t)(p[0] & 15) * 4;
	total = be16_get(p + 2);
	if (head < IP_LEAST || head > n || total < head)
		return false;
	u.p = p + head;
	u.total = total - head;
	u.n = n - head < u.total ? n - head : u.total;
	u.proto = p[9];
	u.fragment = (be16_get(p + 6) & FRAGMENT) != 0;
	say(l, "IP ");
	say_both(l, AF_INET, p + 12, p + 16, &u);
	return true;
}

static bool
say_ip6(struct line *l, const uint8_t *p, size_t n)
{
	struct payload u = { .p = p + IP6_HEAD };

	if (n < IP6_HEAD || p[0] >> 4 != 6)
		return false;
	u.total = be16_get(p + 4);
	u.n = n - IP6_HEAD < u.total ? n - IP6_HEAD : u.total;
	u.proto = p[6];
	say(l, "IP6 ");
	say_both(l, AF_INET6, p + 8, p + 24, &u);
	return true;
}

static bool
say_arp(struct line *l, const uint8_t *p, size_t n)
{
	if (n < ARP_BYTES || be16_get(p + 2) != TYPE_IP)
		return false;
	if (be16_get(p + 6) == 1) {
		say(l, "ARP who has ");
		say_address(l, AF_INET, p + 24, -1);
		say(l, " tell ");
		say_address(l, AF_INET, p + 14, -1);
		return true;
	}
	say(l, "ARP ");
	say_address(l, AF_INET, p + 14, -1);
	say(l, " is at ");
	say_mac(l, p + 8);
	return true;
}

const char *
frame_line(const uint8_t *p, size_t n, size_t len, char *out, size_t room)
{
	struct line l = { out, room };
	size_t at = ETHER;
	unsigned type;
	bool said = false;

	if (n < ETHER) {
		say(&l, "%zu bytes", len);
		return out;
	}
	type = be16_get(p + 12);
	while (type == VLAN_TAG && n >= at + 4) {
		say(&l, "vlan %u, ", be16_get(p + at) & 0xfffu);
		type = be16_get(p + at + 2);
		at += 4;
	}
	if (type == TYPE_IP)
		said = say_ip(&l, p + at, n - at);
	else if (type == TYPE_IP6)
		said = say_ip6(&l, p + at, n - at);
	else if (type == TYPE_ARP)
		said = say_arp(&l, p + at, n - at);
	if (said)
		return out;
	say_mac(&l, p + 6);
	say(&l, " > ");
	say_mac(&l, p);
	say(&l, ": type 0x%04x, length %zu", type, len);
	return out;
}
