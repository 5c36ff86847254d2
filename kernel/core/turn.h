/*
 * turn.h - applications that save and restore themselves: entries at the start
 * and at the end of a slice (Aegis).
 *
 * Once its slice is over such an environment is entered at its end, to save what
 * it needs and yield, and at the next one at its start, to get that back.  Who is
 * late is switched by the kernel and owes a slice; who always is, ends.
 */
#ifndef KERNEL_CORE_TURN_H
#define KERNEL_CORE_TURN_H

#include "kernel/core/env.h"

#include <stdbool.h>
#include <stdint.h>

/* E's entries, both or none.  One that has given up its slice goes on at the
 * start it had then if it has none any more. */
void turn_set(struct env *e, uint32_t start_pc, uint32_t end_pc);

/*
 * The slice of E, whose context is complete, is over.  True if E goes on, in its
 * end-of-slice entry, for a moment of grace; false if it is put aside as it
 * stands - or is no more.  System-call stack.
 */
bool turn_end(struct env *e);

/* E, which runs, yields: from now on it begins at its start, if it has one.
 * False if that was the end of a slice. */
bool turn_give_up(struct env *e);

/* E, which runs, sleeps: the end of its slice is not late. */
void turn_left(struct env *e);

/* Where E, which has given up a slice, starts; it does now. */
uint32_t turn_start(struct env *e);

/* Its active context is going to be used: let that be the start. */
void turn_unstart(struct env *e);

/* A slice is over or given up: who had grace owes what it took. */
void turn_settle(void);

void turn_forget(const struct env *e);
void turn_audit(const struct env *e);

#endif /* KERNEL_CORE_TURN_H */
