/*
 * pcapng.h - write capture files block by block: pcapng, or classic pcap.
 *
 * Little endian, nanoseconds, one Ethernet interface.  What could not be written
 * shows in ferror().
 */
#ifndef TOOLS_PCAPNG_H
#define TOOLS_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What the file says of its interface; texts may be NULL. */
struct pcapng_interface {
	const char *name, *filter;
	uint8_t mac[6];
	uint32_t snap;
};

struct pcapng_frame {
	uint64_t ns; /* since 1970 */
	const uint8_t *bytes;
	uint32_t kept, len;  /* bytes there are, bytes there were */
	bool out;            /* it left the machine */
	const char *comment; /* may be NULL */
};

struct pcapng_statistics {
	uint64_t start_ns, end_ns;
	uint64_t received, missed; /* by the interface */
	uint64_t accepted, dropped, delivered;
};

/* A pcapng file: section and interface first, statistics last. */
void pcapng_begin(FILE *f, const struct pcapng_interface *i);
void pcapng_put(FILE *f, const struct pcapng_frame *p);
void pcapng_end(FILE *f, const struct pcapng_statistics *s);

/* A classic one, which knows neither direction nor comments. */
void pcap_begin(FILE *f, uint32_t snap);
void pcap_put(FILE *f, const struct pcapng_frame *p);

#endif /* TOOLS_PCAPNG_H */
