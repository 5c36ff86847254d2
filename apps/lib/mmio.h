/*
 * mmio.h - words that somebody else writes: device registers, shared pages.
 *
 * The only place where an application says volatile.
 */
#ifndef APPS_LIB_MMIO_H
#define APPS_LIB_MMIO_H

#include <stdint.h>

static inline uint32_t
mmio_load(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

static inline void
mmio_store(uint32_t *p, uint32_t v)
{
	*(volatile uint32_t *)p = v;
}

#endif /* APPS_LIB_MMIO_H */
