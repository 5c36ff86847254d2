/*
 * run_native.h - run generated code as what it is, a MIPS function.
 *
 * For the mipsel build.  The frame lies between two pages that fault: at their
 * end in one call, at their beginning in the next, as far as its alignment (2
 * modulo 4) allows.
 */
#ifndef TESTS_RUN_NATIVE_H
#define TESTS_RUN_NATIVE_H

#include "tests/unit/run.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	NATIVE_CODE_BYTES = 1 << 20,
	NATIVE_PAGE = 4096,
};

typedef uint32_t native_fn(
	const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids);

static struct {
	uint8_t *code, *pool;
	const uint32_t *root; /* NULL: what run_load() was given */
	uint8_t *page;        /* the one between the two */
	unsigned calls;
} native;

static uint8_t *
native_map(size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		abort();
	}
	return p;
}

uint32_t
run_address(void)
{
	if (native.code == NULL)
		native.code = native_map(
			NATIVE_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	return (uint32_t)(uintptr_t)native.code;
}

void
run_load(const uint32_t *code, uint32_t words)
{
	if (words > NATIVE_CODE_BYTES / 4)
		abort();
	native.root = NULL;
	memcpy(native.code, code, 4 * words);
	__builtin___clear_cache(
		(char *)native.code, (char *)native.code + 4 * words);
}

void *
run_pool(uint32_t *address, const uint32_t *root)
{
	if (native.pool == NULL)
		native.pool = native_map(
			RUN_POOL_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	*address = (uint32_t)(uintptr_t)native.pool;
	native.root = root;
	return native.pool;
}

void
run_sync(void *code, size_t bytes)
{
	__builtin___clear_cache((char *)code, (char *)code + bytes);
}

static uint8_t *
native_place(uint32_t len)
{
	size_t at = 2;

	if (native.page == NULL) {
		native.page =
			native_map(3 * NATIVE_PAGE, PROT_NONE) + NATIVE_PAGE;
		if (mprotect(native.page, NATIVE_PAGE,
			    PROT_READ | PROT_WRITE) != 0)
			abort();
	}
	if (native.calls++ % 2 == 0)
		at = ((NATIVE_PAGE - len - 2) & ~3u) + 2;
	return native.page + at;
}

uint32_t
run_call(const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids)
{
	uint8_t *p = native_place(len);
	uintptr_t code =
		native.root != NULL ? *native.root : (uintptr_t)native.code;
	native_fn *fn = (native_fn *)code;

	memcpy(p, frame, len);
	return fn(p, len, wirelen, ids);
}

uint32_t
run_insns(void)
{
	return 0;
}

bool
run_counts(void)
{
	return false;
}

#endif /* TESTS_RUN_NATIVE_H */
