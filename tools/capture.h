/*
 * capture.h - capture files: read Ethernet frames, write pcap.
 */
#ifndef TOOLS_CAPTURE_H
#define TOOLS_CAPTURE_H

#include "cli.h"

#include <sys/time.h>

struct frame {
	const uint8_t *bytes; /* valid until the next one is read */
	size_t caplen;        /* bytes there are */
	size_t wirelen;       /* bytes there were */
	struct timeval ts;
	uint64_t number; /* from 1 */
};

struct capture;

/* Open a pcap or pcapng file; refuses whatever is not Ethernet. */
enum status capture_open(
	const struct args *a, const char *path, struct capture **out);

enum capture_kind { CAPTURE_ETHERNET, CAPTURE_OTHER_LINK, CAPTURE_UNREADABLE };

/* The same without a word; OUT is set for CAPTURE_ETHERNET only.  Then
 * capture_drop() closes it and returns whether it was read to its end. */
enum capture_kind capture_try(const char *path, struct capture **out);
bool capture_drop(struct capture *c);

/* False at the end of the file, or where it is damaged. */
bool capture_next(struct capture *c, struct frame *out);

/* Says so if the file was damaged. */
enum status capture_close(struct capture *c);

struct capture_out;

enum status capture_create(
	const struct args *a, const char *path, struct capture_out **out);
void capture_write(struct capture_out *c, const struct timeval *ts,
	const uint8_t *bytes, size_t n);

/* Negative when not everything could be written. */
int capture_finish(struct capture_out *c);

#endif /* TOOLS_CAPTURE_H */
