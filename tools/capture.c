/*
 * capture.c - capture files through libpcap.
 */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPLEN = 65535 };

struct capture {
	const struct args *a;
	const char *path;
	pcap_t *pcap;
	bool damaged;
	uint64_t number;
};

struct capture_out {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
};

enum status
capture_open(const struct args *a, const char *path, struct capture **out)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct capture *c;
	const char *name;
	enum status st;
	pcap_t *p = pcap_open_offline(path, why);

	if (p == NULL) {
		bool told = strncmp(why, path, strlen(path)) == 0;

		return cli_fail(
			a, "%s%s%s", told ? "" : path, told ? "" : ": ", why);
	}
	if (pcap_datalink(p) != DLT_EN10MB) {
		name = pcap_datalink_val_to_name(pcap_datalink(p));
		st = cli_fail(a, "%s holds %s frames, not Ethernet", path,
			name != NULL ? name : "unknown");
		pcap_close(p);
		return st;
	}
	c = xalloc(sizeof(*c));
	c->a = a;
	c->path = path;
	c->pcap = p;
	*out = c;
	return STATUS_OK;
}

bool
capture_next(struct capture *c, struct frame *out)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int r = pcap_next_ex(c->pcap, &h, &bytes);

	if (r != 1) {
		c->damaged = r != PCAP_ERROR_BREAK;
		return false;
	}
	out->bytes = bytes;
	out->caplen = h->caplen;
	out->wirelen = h->len;
	out->ts = h->ts;
	out->number = ++c->number;
	return true;
}

enum capture_kind
capture_try(const char *path, struct capture **out)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);

	if (p == NULL)
		return CAPTURE_UNREADABLE;
	if (pcap_datalink(p) != DLT_EN10MB) {
		pcap_close(p);
		return CAPTURE_OTHER_LINK;
	}
	*out = xalloc(sizeof(**out));
	(*out)->path = path;
	(*out)->pcap = p;
	return CAPTURE_ETHERNET;
}

bool
capture_drop(struct capture *c)
{
	bool whole = !c->damaged;

	pcap_close(c->pcap);
	free(c);
	return whole;
}

enum status
capture_close(struct capture *c)
{
	enum status st = STATUS_OK;

	if (c->damaged)
		st = cli_fail(c->a, "%s: %s", c->path, pcap_geterr(c->pcap));
	pcap_close(c->pcap);
	free(c);
	return st;
}

enum status
capture_create(const struct args *a, const char *path, struct capture_out **out)
{
	struct capture_out *c = xalloc(sizeof(*c));
	enum status st = STATUS_OK;

	c->pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (c->pcap != NULL)
		c->dumper = pcap_dump_open(c->pcap, path);
	if (c->dumper == NULL) {
		st = cli_fail(a, "%s: %s", path,
			c->pcap != NULL ? pcap_geterr(c->pcap)
					: "out of memory");
		if (c->pcap != NULL)
			pcap_close(c->pcap);
		free(c);
		return st;
	}
	*out = c;
	return STATUS_OK;
}

void
capture_write(struct capture_out *c, const struct timeval *ts,
	const uint8_t *bytes, size_t n)
{
	struct pcap_pkthdr h = {
		.ts = *ts, .caplen = (uint32_t)n, .len = (uint32_t)n
	};

	pcap_dump((u_char *)c->dumper, &h, bytes);
}

int
capture_finish(struct capture_out *c)
{
	int bad = pcap_dump_flush(c->dumper) < 0 ||
		  ferror(pcap_dump_file(c->dumper));

	pcap_dump_close(c->dumper);
	pcap_close(c->pcap);
	free(c);
	return bad ? -1 : 0;
}
