/*
 * ctl_frame.c - pack control messages, find them again in a noisy stream.
 */
#include "ctl_frame.h"

#include <spindle/bytes.h>

#include <string.h>

uint32_t
ctl_crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

size_t
ctl_pack(uint16_t op, uint16_t tag, const void *payload, size_t n, uint8_t *out)
{
	out[0] = 'S';
	out[1] = 'P';
	le16_put(out + 2, op);
	le16_put(out + 4, tag);
	le16_put(out + 6, (uint16_t)n);
	if (n > 0)
		memcpy(out + AG_HEAD, payload, n);
	le32_put(out + AG_HEAD + n, ctl_crc32(out, AG_HEAD + n));
	return AG_HEAD + n + CTL_CRC;
}

static void
drop(struct ctl_input *in, size_t n)
{
	in->n -= n;
	memmove(in->bytes, in->bytes + n, in->n);
}

uint8_t *
ctl_room(struct ctl_input *in, size_t *room)
{
	*room = sizeof(in->bytes) - in->n;
	return in->bytes + in->n;
}

/* Bytes before something that may be the start of a message. */
static size_t
noise(const struct ctl_input *in)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		if (in->bytes[i] == 'S' &&
			(i + 1 == in->n || in->bytes[i + 1] == 'P'))
			break;
	}
	return i;
}

bool
ctl_next(struct ctl_input *in, struct ctl_message *out)
{
	size_t n;

	drop(in, in->done);
	in->done = 0;
	for (;;) {
		drop(in, noise(in));
		if (in->n < AG_HEAD)
			return false;
		n = le16_get(in->bytes + 6);
		if (n <= AG_MAX_PAYLOAD) {
			if (in->n < AG_HEAD + n + CTL_CRC)
				return false;
			if (le32_get(in->bytes + AG_HEAD + n) ==
				ctl_crc32(in->bytes, AG_HEAD + n))
				break;
		}
		drop(in, 1);
	}
	out->op = le16_get(in->bytes + 2);
	out->tag = le16_get(in->bytes + 4);
	out->payload = in->bytes + AG_HEAD;
	out->n = n;
	in->done = AG_HEAD + n + CTL_CRC;
	return true;
}
