/*
 * proto.c - find messages in a byte stream that may be corrupt.
 *
 * The buffer holds exactly the longest message, so whatever length a head
 * claims, the candidate is complete before the buffer is full, and then either
 * is a message or loses its first byte.
 */
#include "proto.h"

#include <spindle/bytes.h>

enum { H_S = 0, H_P = 1, H_OP = 2, H_TAG = 4, H_BYTES = 6 };

/* By nibbles: 64 bytes of table, two steps a byte. */
static const uint32_t crc_table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
	0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
	0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278,
	0xbdbdf21c };

uint32_t
proto_crc(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ crc_table[crc & 15];
		crc = crc >> 4 ^ crc_table[crc & 15];
	}
	return ~crc;
}

/* Remove the first N bytes. */
static void
drop(struct proto_rx *rx, size_t n)
{
	for (size_t i = n; i < rx->have; i++)
		rx->buf[i - n] = rx->buf[i];
	rx->have -= n;
}

/* Remove everything before the next possible head, at FROM or later. */
static void
hunt(struct proto_rx *rx, size_t from)
{
	size_t at = from;

	while (at < rx->have &&
		!(rx->buf[at] == 'S' &&
			(at + 1 == rx->have || rx->buf[at + 1] == 'P')))
		at++;
	if (at > 0)
		drop(rx, at);
	rx->skipped += (uint32_t)at;
}

bool
proto_next(struct proto_rx *rx, struct proto_msg *out)
{
	if (rx->used > 0)
		drop(rx, rx->used);
	rx->used = 0;
	for (hunt(rx, 0); rx->have >= AG_HEAD; hunt(rx, 1)) {
		size_t len = le16_get(rx->buf + H_BYTES);
		size_t covered = AG_HEAD + len;

		if (len > AG_MAX_PAYLOAD)
			continue;
		if (rx->have < covered + PROTO_CRC)
			return false;
		out->crc = le32_get(rx->buf + covered);
		if (out->crc != proto_crc(rx->buf, covered))
			continue;
		out->op = le16_get(rx->buf + H_OP);
		out->tag = le16_get(rx->buf + H_TAG);
		out->payload = rx->buf + AG_HEAD;
		out->len = len;
		rx->used = covered + PROTO_CRC;
		return true;
	}
	return false;
}

void
proto_reset(struct proto_rx *rx)
{
	rx->skipped += (uint32_t)(rx->have - rx->used);
	rx->have = 0;
	rx->used = 0;
}

void
proto_put(struct proto_rx *rx, uint8_t byte)
{
	if (rx->have < sizeof(rx->buf))
		rx->buf[rx->have++] = byte;
}

size_t
proto_wrap(uint8_t *msg, uint16_t op, uint16_t tag, size_t len)
{
	size_t covered = AG_HEAD + len;

	msg[H_S] = 'S';
	msg[H_P] = 'P';
	le16_put(msg + H_OP, op);
	le16_put(msg + H_TAG, tag);
	le16_put(msg + H_BYTES, (uint16_t)len);
	le32_put(msg + covered, proto_crc(msg, covered));
	return covered + PROTO_CRC;
}
