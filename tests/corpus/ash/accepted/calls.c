/* calls.c - functions that are not inlined, arguments on the stack, recursion. */
#include <ash.h>

static __attribute__((noinline)) uint32_t
six(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f;
}

static __attribute__((noinline)) uint32_t
fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static volatile uint32_t results[2];

int
ash_main(uint32_t len)
{
	results[0] = six(len, 1, 2, 3, 4, 5);
	results[1] = fib(len % 16);
	return ash_consume();
}
