/*
 * run.c - one message of frames to the kernel, its verdicts to the host.
 *
 * The frames stay where they arrived and the verdicts go straight into the
 * answer: the line is slow enough.
 */
#include "run.h"

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

int
run_frames(const uint8_t *p, size_t len, struct answer *a)
{
	struct sp_run r = {
		.set = le32_get(p),
		.frames_va = sys_addr(p + 4),
		.frames_bytes = (uint32_t)len - 4,
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
