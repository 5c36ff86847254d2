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
#include <stdbool.h>
#include <stdint.h>

/* The first position after AT that somebody holds, round the vector; SP_SLICES if
 * there is none. */
uint32_t slice_next(uint32_t at);

/* Give E up to N free slices; returns how many it got. */
uint32_t slice_give(const struct env *e, uint32_t n);

/* Position AT becomes E's, whosever it was.  AT < SP_SLICES. */
void slice_set(uint32_t at, const struct env *e);

/* Position AT becomes free.  AT < SP_SLICES. */
void slice_clear(uint32_t at);

/* E ends: its positions become free, its debts are forgotten. */
void slice_forget_owner(const struct env *e);

/* --- debts: what an environment has used of other's slices ------------------- */

/* E has used COUNTS (of CP0 Count) that were not its own.  True if it owes a
 * slice or more. */
bool slice_owe(const struct env *e, uint32_t counts);

/* A slice of E, which owes one, has come up and passes by.  The same result. */
bool slice_pay(const struct env *e);

/* Part of sched_audit() (audit.h). */
void slice_audit(void);

#endif /* KERNEL_CORE_SLICE_H */
