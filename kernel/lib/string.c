/*
 * string.c - the memory functions gcc calls on its own.
 *
 * Word at a time where both ends allow it: page clearing and frame copies run
 * through here.
 */
#include "kernel/lib/string.h"

#include <stdint.h>

void *
memset(void *dst, int c, size_t n)
{
	uint8_t *d = dst;
	uint32_t w = (uint8_t)c * 0x01010101u;

	for (; n > 0 && ((uintptr_t)d & 3) != 0; n--)
		*d++ = (uint8_t)c;
	for (; n >= 16; n -= 16, d += 16) {
		uint32_t *p = (void *)d;

		p[0] = w;
		p[1] = w;
		p[2] = w;
		p[3] = w;
	}
	for (; n >= 4; n -= 4, d += 4)
		*(uint32_t *)(void *)d = w;
	for (; n > 0; n--)
		*d++ = (uint8_t)c;
	return dst;
}

/* Both word aligned; eight words at a time while that many are left. */
static inline void
copy_words(uint32_t *d, const uint32_t *s, size_t words)
{
	for (; words >= 8; words -= 8, d += 8, s += 8) {
		uint32_t a = s[0], b = s[1], c = s[2], e = s[3];
		uint32_t f = s[4], g = s[5], h = s[6], i = s[7];

		d[0] = a;
		d[1] = b;
		d[2] = c;
		d[3] = e;
		d[4] = f;
		d[5] = g;
		d[6] = h;
		d[7] = i;
	}
	while (words-- > 0)
		*d++ = *s++;
}

void *
memcpy(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if ((((uintptr_t)d ^ (uintptr_t)s) & 3) == 0) {
		for (; n > 0 && ((uintptr_t)d & 3) != 0; n--)
			*d++ = *s++;
		copy_words((void *)d, (const void *)s, n / 4);
		d += n & ~(size_t)3;
		s += n & ~(size_t)3;
		n &= 3;
	}
	while (n-- > 0)
		*d++ = *s++;
	return dst;
}

void *
memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n-- > 0)
		d[n] = s[n];
	return dst;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n > 0; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}
