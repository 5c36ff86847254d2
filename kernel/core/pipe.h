/*
 * pipe.h - lists of pipes: what handlers have the kernel do to messages.
 */
#ifndef KERNEL_CORE_PIPE_H
#define KERNEL_CORE_PIPE_H

#include "ash/ash.h"
#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdint.h>

struct handler;

/* A compiled list; CODE is NULL where there is none. */
struct pipe_list {
	void (*code)(uint8_t *dst, const uint8_t *src, uint32_t len,
		uint32_t *states);
	uint32_t pfn;
	struct ash_pipes_report r;
};

/* A handler's own lists. */
struct pipes {
	struct pipe_list list[SP_PIPE_LISTS];
};

/* Compile those that every handler has.  Panics without memory. */
void pipe_init(void);

/*
 * System call (contract: struct sp_pipes): what CALLER's list says becomes a list of
 * H, at once and wholly.
 */
int pipes_set(struct handler *h, const struct env *caller,
	struct sp_pipes *p) SP_MUST_CHECK;

void pipes_free(struct pipes *p);

#endif /* KERNEL_CORE_PIPE_H */
