/*
 * slice.h - the slice vector: a linear vector of time slices, allocated like
 * frames.
 *
 * The scheduler walks it round and round, so a position says after whom its
 * holder runs, and how many slices at most later.  Applications see it as
 * sp_info.slice.
 */
#ifndef KERNEL_CORE_SLICE_H
#define KERNEL_CORE_SLICE_H

#include "kernel/core/env.h"

#include <spindle/err.h>
#include <stdint.h>

/* Give E up to N free slices; returns how many it got. */
uint32_t slice_give(const struct env *e, uint32_t n);

/* Position AT becomes E's, whosever it was.  AT < SP_SLICES. */
void slice_set(uint32_t at, const struct env *e);

/* Position AT becomes free.  AT < SP_SLICES. */
void slice_clear(uint32_t at);

/* All of E's become free. */
void slice_forget_owner(const struct env *e);

#endif /* KERNEL_CORE_SLICE_H */
