/*
 * mem.c - memory and string functions, by words where both ends are aligned.
 *
 * Compiled with -fno-tree-loop-distribute-patterns: otherwise gcc would turn
 * these loops into calls of themselves.
 */
#include "mem.h"

static bool
both_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (both_aligned(to, from)) {
		uint32_t *tw = to;
		const uint32_t *fw = from;

		for (; n >= 4; n -= 4)
			*tw++ = *fw++;
		t = (uint8_t *)tw;
		f = (const uint8_t *)fw;
	}
	while (n-- > 0)
		*t++ = *f++;
	return to;
}

void *
memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f)
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	else
		while (n-- > 0)
			t[n] = f[n];
	return to;
}

void *
memset(void *to, int c, size_t n)
{
	uint8_t *t = to;

	if (both_aligned(to, to)) {
		uint32_t word = (uint8_t)c * 0x01010101u;
		uint32_t *tw = to;

		for (; n >= 4; n -= 4)
			*tw++ = word;
		t = (uint8_t *)tw;
	}
	while (n-- > 0)
		*t++ = (uint8_t)c;
	return to;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

size_t
str_len(const char *s, size_t room)
{
	size_t n = 0;

	while (n < room && s[n] != '\0')
		n++;
	return n;
}

bool
str_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}
