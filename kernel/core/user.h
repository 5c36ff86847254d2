/*
 * user.h - the only way to an application's memory.
 *
 * Through its mappings and kseg0, page by page, so no fault can happen and no
 * address is believed.  Copy once, then check the copy.
 */
#ifndef KERNEL_CORE_USER_H
#define KERNEL_CORE_USER_H

#include "kernel/core/env.h"

#include <spindle/err.h>
#include <stddef.h>
#include <stdint.h>

/* Returns SP_OK or SP_EFAULT (nothing is guaranteed about DST then). */
int user_copy_in(
	const struct env *e, void *dst, uint32_t va, size_t n) SP_MUST_CHECK;
int user_copy_out(const struct env *e, uint32_t va, const void *src,
	size_t n) SP_MUST_CHECK;

/* The physical address of VA in ordinary RAM if mapped or bound (writable when
 * STORE); ROOM is how many bytes follow in the page.  Returns SP_OK or
 * SP_EFAULT: an application that pages by itself touches it and asks again. */
int user_paddr(const struct env *e, uint32_t va, bool store, uint32_t *paddr,
	uint32_t *room) SP_MUST_CHECK;

#endif /* KERNEL_CORE_USER_H */
