/*
 * ctl_frame.h - messages of the control protocol as bytes (apps/agent/agent.h).
 */
#ifndef TOOLS_CTL_FRAME_H
#define TOOLS_CTL_FRAME_H

#include "apps/agent/agent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CTL_CRC = 4,
	CTL_MESSAGE_MAX = AG_HEAD + AG_MAX_PAYLOAD + CTL_CRC,
};

uint32_t ctl_crc32(const uint8_t *p, size_t n);

/* Write a message to OUT (CTL_MESSAGE_MAX bytes); returns its length.  N is at
 * most AG_MAX_PAYLOAD. */
size_t ctl_pack(
	uint16_t op, uint16_t tag, const void *payload, size_t n, uint8_t *out);

/* Bytes that arrived; starts all zero. */
struct ctl_input {
	uint8_t bytes[2 * CTL_MESSAGE_MAX];
	size_t n;
	size_t done; /* of the message handed out last */
};

struct ctl_message {
	uint16_t op, tag;
	const uint8_t *payload; /* valid until the next call */
	size_t n;
};

/* Room for more, at least one byte after ctl_next() returned false. */
uint8_t *ctl_room(struct ctl_input *in, size_t *room);

/*
 * The next whole message with a good checksum, or false.  Everything else is
 * skipped, a byte at a time, so that noise hides at most what it overwrote.
 */
bool ctl_next(struct ctl_input *in, struct ctl_message *out);

#endif /* TOOLS_CTL_FRAME_H */
