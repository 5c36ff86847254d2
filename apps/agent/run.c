/*
 * run.c - one message of frames to the kernel, its verdicts to the host.
 *
 * The frames stay where they arrived and the verdicts go straight into the
 * answer: the line is slow.  Great numbers of frames come with the machine.
 */
#include "run.h"

#include "archive.h"
#include "proto.h"

#include "apps/lib/syscall.h"

#include <spindle/bytes.h>

enum { RUN_HEAD = 8 };

/* Bytes of the verdicts on N frames. */
static size_t
verdicts(const uint8_t *p, int32_t n)
{
	size_t at = 0;

	for (int32_t i = 0; i < n; i++)
		at += 2 + 2 * (size_t)le16_get(p + at);
	return at;
}

static int
run(uint32_t set, const uint8_t *frames, uint32_t bytes, struct answer *a)
{
	struct sp_run r = {
		.set = set,
		.frames_va = sys_addr(frames),
		.frames_bytes = bytes,
		.verdicts_va = sys_addr(a->data + RUN_HEAD),
		.verdicts_bytes = sizeof(a->data) - RUN_HEAD,
	};
	int32_t n = sys_filter_run(0, &r);

	if (n == SP_EINVAL)
		return refuse(a, n, "unknown set, or a frame without an end");
	if (n == SP_EFULL)
		return refuse(a, n, "too many filters accept a frame");
	if (n < 0)
		return n;
	answer_put32(a, (uint32_t)n);
	answer_put32(a, r.count);
	a->len += verdicts(a->data + RUN_HEAD, n);
	return SP_OK;
}

int
run_frames(const uint8_t *p, size_t len, struct answer *a)
{
	return run(le32_get(p), p + 4, (uint32_t)len - 4, a);
}

int
run_file(const uint8_t *p, uint8_t *staging, uint32_t room, struct answer *a)
{
	uint32_t off = le32_get(p + 4), n = le32_get(p + 8);
	struct archive_file f;
	int err = archive_find("frames", &f);

	if (err < 0)
		return refuse(a, SP_ENOENT, "the boot archive has no frames");
	if (n > room)
		return SP_EINVAL;
	err = archive_read(&f, off, staging, n);
	if (err == SP_EINVAL)
		return refuse(a, err, "the boot archive has fewer frames");
	if (err < 0)
		return err;
	if (proto_crc(staging, n) != le32_get(p + 12))
		return refuse(
			a, SP_EFORMAT, "the boot archive has other frames");
	return run(le32_get(p), staging, n, a);
}
