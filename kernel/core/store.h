/*
 * store.h - small pieces of memory that the kernel keeps for an environment.
 *
 * They lie in frames that are charged to it; each frame holds pieces of one
 * size of one owner.  Not from interrupts, which never allocate.
 */
#ifndef KERNEL_CORE_STORE_H
#define KERNEL_CORE_STORE_H

#include "kernel/core/env.h"

#include <stdint.h>

/* BYTES for OWNER, 4-byte aligned, not cleared; NULL: out of memory.  It is
 * given back before OWNER ends. */
void *store_get(const struct env *owner, uint32_t bytes) SP_MUST_CHECK;

/* P may be NULL; BYTES is what was asked for. */
void store_put(void *p, uint32_t bytes);

void store_audit(void);

#endif /* KERNEL_CORE_STORE_H */
