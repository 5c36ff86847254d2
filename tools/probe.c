/*
 * probe.c - build probes with right checksums, and time them by QEMU's dump.
 */
#include "probe.h"

#include <spindle/bytes.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETH = 14, IP = 20, L4 = 8, MARK = 8, SPORT = 40000, TTL = 64 };

static const uint8_t my_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t my_ip[4] = { 10, 7, 0, 1 };
static const uint8_t mark[4] = { 'S', 'P', 'R', 'T' };

static uint32_t
sum(uint32_t s, const uint8_t *p, size_t n)
{
	for (; n > 1; n -= 2, p += 2)
		s += be16_get(p);
	return n > 0 ? s + (uint32_t)(p[0] << 8) : s;
}

static uint16_t
fold(uint32_t s)
{
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static size_t
mark_at(const struct probe *p)
{
	return p->proto == PROBE_RAW ? ETH : ETH + IP + L4;
}

static void
build_ip(const struct probe *p, uint32_t seq, uint8_t *ip)
{
	ip[0] = 0x45;
	be16_put(ip + 2, (uint16_t)(p->bytes - ETH));
	be16_put(ip + 4, (uint16_t)seq);
	ip[8] = TTL;
	ip[9] = p->proto == PROBE_UDP ? 17 : 1;
	memcpy(ip + 12, my_ip, 4);
	memcpy(ip + 16, p->to, 4);
	be16_put(ip + 10, fold(sum(0, ip, IP)));
}

static void
build_udp(const struct probe *p, const uint8_t *ip, uint8_t *udp)
{
	size_t n = p->bytes - ETH - IP;
	uint16_t check;

	be16_put(udp, SPORT);
	be16_put(udp + 2, p->port);
	be16_put(udp + 4, (uint16_t)n);
	check = fold(sum(sum(17 + (uint32_t)n, ip + 12, 8), udp, n));
	be16_put(udp + 6, check != 0 ? check : 0xffff);
}

static void
build_icmp(const struct probe *p, uint32_t seq, uint8_t *icmp)
{
	icmp[0] = 8;
	be16_put(icmp + 4, SPORT);
	be16_put(icmp + 6, (uint16_t)seq);
	be16_put(icmp + 2, fold(sum(0, icmp, p->bytes - ETH - IP)));
}

void
probe_build(const struct probe *p, uint32_t seq, uint8_t *out)
{
	uint8_t *at = out + mark_at(p);

	memset(out, 0, p->bytes);
	memcpy(out, p->mac, 6);
	memcpy(out + 6, my_mac, 6);
	be16_put(out + 12, p->proto == PROBE_RAW ? PROBE_RAW_TYPE : 0x0800);
	memcpy(at, mark, sizeof(mark));
	be32_put(at + 4, seq);
	for (uint8_t *b = at + MARK; b < out + p->bytes; b++)
		*b = (uint8_t)(b - at);
	if (p->proto == PROBE_RAW)
		return;
	build_ip(p, seq, out + ETH);
	if (p->proto == PROBE_UDP)
		build_udp(p, out + ETH, out + ETH + IP);
	else
		build_icmp(p, seq, out + ETH + IP);
}

bool
probe_seq(const struct probe *p, const uint8_t *frame, size_t n, uint32_t *seq)
{
	size_t at = mark_at(p);

	if (n < at + MARK || memcmp(frame + at, mark, sizeof(mark)) != 0)
		return false;
	*seq = be32_get(frame + at + 4);
	return true;
}

bool
probe_is_request(const struct probe *p, const uint8_t *frame, size_t n)
{
	return n >= ETH && memcmp(frame, p->mac, 6) == 0;
}

/* --- QEMU's dump --------------------------------------------------------------- */

/* A record of a pcap file: microseconds, and the frame's head. */
struct record {
	double us;
	size_t n;
	uint8_t head[ETH + IP + L4 + MARK];
};

static bool
read_record(FILE *f, struct record *r)
{
	uint8_t h[16];
	uint32_t caplen;

	if (fread(h, 1, sizeof(h), f) != sizeof(h))
		return false;
	caplen = le32_get(h + 8);
	r->us = le32_get(h) * 1e6 + le32_get(h + 4);
	r->n = caplen < sizeof(r->head) ? caplen : sizeof(r->head);
	if (fread(r->head, 1, r->n, f) != r->n)
		return false;
	return fseek(f, (long)(caplen - r->n), SEEK_CUR) == 0;
}

size_t
probe_times(const struct probe *p, const char *file, uint64_t offset,
	double *out, size_t count)
{
	enum { FILE_HEADER = 24 };
	double *in = calloc(count + 1, sizeof(*in));
	FILE *f = fopen(file, "re");
	struct record r;
	size_t found = 0;
	uint32_t seq;

	if (offset < FILE_HEADER)
		offset = FILE_HEADER;
	if (f == NULL || in == NULL || fseek(f, (long)offset, SEEK_SET) < 0)
		count = 0;
	while (count > 0 && read_record(f, &r)) {
		if (!probe_seq(p, r.head, r.n, &seq) || seq >= count)
			continue;
		if (probe_is_request(p, r.head, r.n)) {
			in[seq] = r.us;
		} else if (in[seq] > 0) {
			out[seq] = r.us - in[seq];
			in[seq] = 0;
			found++;
		}
	}
	if (f != NULL)
		fclose(f);
	free(in);
	return found;
}

/* --- times to instructions ------------------------------------------------------ */

/* -icount shift=10: an instruction takes 2^10 ns of virtual time. */
static const double us_per_instruction = 1.024;

static int
by_time(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;

	return (x > y) - (x < y);
}

/* How many of the N sorted times one number of instructions explains; all get
 * that number. */
static size_t
settle_group(double **us, size_t n)
{
	double low = 0, high = INFINITY, sum = 0, number;
	size_t size;

	for (size = 0; size < n; size++) {
		/* floor(a + 1.024 n) - floor(a) is less than 1 off. */
		double l = floor((*us[size] - 1) / us_per_instruction) + 1;
		double h = ceil((*us[size] + 1) / us_per_instruction) - 1;

		if (fmax(l, low) > fmin(h, high))
			break;
		low = fmax(l, low);
		high = fmin(h, high);
		sum += *us[size];
	}
	number = round(sum / (double)size / us_per_instruction);
	for (size_t i = 0; i < size; i++)
		*us[i] = fmin(fmax(number, low), high);
	return size;
}

void
probe_instructions(double *us, size_t n)
{
	double **sorted = calloc(n + 1, sizeof(*sorted));
	size_t known = 0;

	for (size_t i = 0; sorted != NULL && i < n; i++) {
		if (us[i] >= 0)
			sorted[known++] = &us[i];
	}
	if (known > 0)
		qsort(sorted, known, sizeof(*sorted), by_time);
	for (size_t at = 0; at < known;)
		at += settle_group(sorted + at, known - at);
	free(sorted);
}
