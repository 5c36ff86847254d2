/*
 * proto.h - messages on a byte stream, as agent.h describes them.
 *
 * Freestanding, no I/O: the agent and the unit tests use the same code.
 */
#ifndef APPS_AGENT_PROTO_H
#define APPS_AGENT_PROTO_H

#include "agent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROTO_CRC = 4,
	PROTO_MAX = AG_HEAD + AG_MAX_PAYLOAD + PROTO_CRC,
};

/* The receiving end; all zero is a valid start. */
struct proto_rx {
	uint8_t buf[PROTO_MAX] __attribute__((aligned(4)));
	size_t have;      /* bytes in buf */
	size_t used;      /* of these, the message handed out last */
	uint32_t skipped; /* bytes that were no message */
};

struct proto_msg {
	uint16_t op, tag;
	uint32_t crc;
	const uint8_t *payload; /* 4-byte aligned; valid until the next put */
	size_t len;
};

/* CRC-32 of IEEE 802.3, reflected. */
uint32_t proto_crc(const uint8_t *p, size_t n);

/*
 * proto_next - the next whole message of what has arrived, if there is one.
 *
 * Skips whatever is none.  False: more bytes are needed, and proto_put() has
 * room for at least one.
 */
bool proto_next(struct proto_rx *rx, struct proto_msg *out);

/* Is there a message that has begun and not ended? */
static inline bool
proto_has_part(const struct proto_rx *rx)
{
	return rx->have > rx->used;
}

/* Whatever waits for its rest has waited too long: forget it. */
void proto_reset(struct proto_rx *rx);

/* One byte arrived.  Only after proto_next() has said false. */
void proto_put(struct proto_rx *rx, uint8_t byte);

/*
 * proto_wrap - head and checksum around the LEN (<= AG_MAX_PAYLOAD) bytes of
 * payload that lie AG_HEAD bytes into MSG (PROTO_MAX bytes).  Returns the length
 * of the message.
 */
size_t proto_wrap(uint8_t *msg, uint16_t op, uint16_t tag, size_t len);

#endif /* APPS_AGENT_PROTO_H */
