/*
 * answer.c - fill in answers.
 */
#include "answer.h"

#include "apps/lib/mem.h"
#include "apps/lib/print.h"

int
refuse(struct answer *a, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)format_args(a->result.text, sizeof(a->result.text), fmt, ap);
	va_end(ap);
	return code;
}

void
answer_put(struct answer *a, const void *p, size_t n)
{
	if (n > sizeof(a->data) - a->len)
		return;
	memcpy(a->data + a->len, p, n);
	a->len += n;
}

void
answer_put32(struct answer *a, uint32_t v)
{
	answer_put(a, &v, sizeof(v));
}

int
frames_answer(
	const struct frames *f, uint32_t bytes, uint32_t off, struct answer *a)
{
	uint32_t n = ANSWER_ROOM - sizeof(bytes);

	if (off > bytes)
		return SP_EINVAL;
	if (n > bytes - off)
		n = bytes - off;
	answer_put32(a, bytes);

	int err = frames_read(f->pfn, off, a->data + a->len, n);

	if (err == SP_OK)
		a->len += n;
	return err;
}

bool
name_is_good(const char name[SP_NAME])
{
	size_t n = str_len(name, SP_NAME);

	if (n == 0 || n == SP_NAME)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return true;
}
