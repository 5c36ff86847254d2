/*
 * algos.h - computations that mean the same on the host and as a handler.
 *
 * Sorting, searching, hashing, lists, 64 bits, structures by value, switches, deep
 * calls: whatever makes gcc spill, keep addresses in registers, and jump around.
 */
#ifndef TESTS_ALGOS_H
#define TESTS_ALGOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOINLINE __attribute__((noinline))

struct pair {
	uint32_t a, b;
	uint16_t c;
};

struct item {
	struct item *next;
	int8_t small;
	uint32_t key;
};

static struct item items[20];
static uint16_t table[64];
static int32_t numbers[40];

static NOINLINE uint32_t
crc32(const uint8_t *p, uint32_t n)
{
	uint32_t crc = 0xffffffff, i;

	while (n-- > 0) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static NOINLINE void
sort(int32_t *v, int32_t n)
{
	int32_t i, j, x;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i - 1; j >= 0 && v[j] > x; j--)
			v[j + 1] = v[j];
		v[j + 1] = x;
	}
}

static NOINLINE int32_t
find(const int32_t *v, int32_t n, int32_t x)
{
	int32_t low = 0, high = n - 1;

	while (low <= high) {
		int32_t mid = (low + high) / 2;

		if (v[mid] == x)
			return mid;
		if (v[mid] < x)
			low = mid + 1;
		else
			high = mid - 1;
	}
	return -1 - low;
}

static NOINLINE struct pair
twist(struct pair p, uint32_t n)
{
	p.a = p.a << (n & 31) | p.a >> (31 & -n);
	p.b += p.a * 2654435761u;
	p.c = (uint16_t)(p.c * 5 + n);
	return p;
}

static NOINLINE uint64_t
mul64(uint64_t x, uint32_t y, int64_t z)
{
	return x * y + (uint64_t)(z >> 7) - (x >> 11);
}

static NOINLINE uint32_t
step(uint32_t op, uint32_t x, uint32_t y, uint32_t a, uint32_t b, uint32_t c)
{
	switch (op % 9) {
	case 0:
		return x + y * a;
	case 1:
		return x - (y ^ b);
	case 2:
		return x * y + c;
	case 3:
		return x / (y | 1);
	case 4:
		return x % (y | 3);
	case 5:
		return (uint32_t)((int32_t)x >> (y & 31));
	case 6:
		return x < y ? a : b;
	case 7:
		return (int32_t)x < (int32_t)y ? b : c;
	default:
		return ~(x | y) ^ (a & b);
	}
}

static NOINLINE uint32_t
ackermann(uint32_t m, uint32_t n)
{
	if (m == 0)
		return n + 1;
	return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static NOINLINE uint32_t
lists(uint32_t seed)
{
	struct item *head = NULL, *odd = NULL, *i, *next;
	uint32_t n, sum = 0;

	for (n = 0; n < 20; n++) {
		items[n].key = seed = seed * 1103515245 + 12345;
		items[n].small = (int8_t)(seed >> 13);
		items[n].next = head;
		head = &items[n];
	}
	for (i = head; i != NULL; i = next) {
		next = i->next;
		if (i->key >> 16 & 1) {
			i->next = odd;
			odd = i;
		}
	}
	for (i = odd; i != NULL; i = i->next) {
		int32_t small = i->small;

		sum = sum * 33 + i->key + (uint32_t)small;
	}
	return sum;
}

static uint32_t
algos(uint32_t seed)
{
	struct pair p = { seed, ~seed, 7 };
	uint8_t text[50];
	uint32_t i, x = seed, r = 0;
	uint64_t wide = seed;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(x = x * 69069 + 1);
	r ^= crc32(text, sizeof(text));
	for (i = 0; i < 40; i++)
		numbers[i] = (int32_t)(x = x * 69069 + 5) >> (i & 15);
	sort(numbers, 40);
	r += (uint32_t)find(numbers, 40, numbers[seed % 40]);
	r += (uint32_t)find(numbers, 40, (int32_t)seed);
	for (i = 0; i < 30; i++) {
		p = twist(p, i);
		x = step(i + seed, x, p.b, r, p.a, p.c);
		table[x & 63] = (uint16_t)(table[x >> 8 & 63] + x);
		wide = mul64(wide, x, (int64_t)wide - (int64_t)r);
	}
	for (i = 0; i < 64; i++)
		r = r * 31 + table[i];
	r += (uint32_t)wide + (uint32_t)(wide >> 32);
	return r + lists(x) + ackermann(2, seed % 3) + p.a + p.b + p.c;
}

#endif /* TESTS_ALGOS_H */
