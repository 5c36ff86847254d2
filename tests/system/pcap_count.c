/*
 * pcap_count.c - how many frames of a capture libpcap accepts: the oracle.
 *
 * Usage: pcap_count FILE.pcap < EXPRESSIONS.  Prints one count a line, for the
 * frame as a machine receives it: padded with zeros to 60 bytes.  Compiled with
 * libpcap's optimizer off, which has bugs of its own.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_FRAME = 60, SNAPLEN = 65535, MAX_FRAMES = 1 << 20 };

struct frame {
	struct pcap_pkthdr head;
	uint8_t *data;
};

static struct frame *frames;
static size_t nframes;

/* Returns 0, or -1 after a message. */
static int
read_frames(const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);
	struct pcap_pkthdr *h;
	const uint8_t *data;

	if (p == NULL) {
		fprintf(stderr, "pcap_count: %s\n", why);
		return -1;
	}
	frames = calloc(MAX_FRAMES, sizeof(*frames));
	while (frames != NULL && nframes < MAX_FRAMES &&
		pcap_next_ex(p, &h, &data) == 1) {
		struct frame *f = &frames[nframes++];

		f->head = *h;
		if (f->head.caplen < MIN_FRAME)
			f->head.caplen = MIN_FRAME;
		if (f->head.len < MIN_FRAME)
			f->head.len = MIN_FRAME;
		f->data = calloc(1, f->head.caplen);
		if (f->data == NULL)
			return -1;
		memcpy(f->data, data, h->caplen);
	}
	pcap_close(p);
	return frames == NULL ? -1 : 0;
}

static int
count(pcap_t *dead, const char *expression)
{
	struct bpf_program prog;
	size_t n = 0;

	if (pcap_compile(dead, &prog, expression, 0, PCAP_NETMASK_UNKNOWN) !=
		0) {
		fprintf(stderr, "pcap_count: %s: %s\n", expression,
			pcap_geterr(dead));
		return -1;
	}
	for (size_t i = 0; i < nframes; i++)
		n += pcap_offline_filter(
			     &prog, &frames[i].head, frames[i].data) != 0;
	pcap_freecode(&prog);
	printf("%zu\n", n);
	return 0;
}

int
main(int argc, char **argv)
{
	static char line[4096];
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, SNAPLEN);

	if (argc != 2 || dead == NULL) {
		fprintf(stderr, "usage: pcap_count FILE.pcap < EXPRESSIONS\n");
		return 2;
	}
	if (read_frames(argv[1]) != 0)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (count(dead, line) != 0)
			return 1;
	}
	return 0;
}
