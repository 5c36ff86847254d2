/*
 * slice.c - who is asked at the ends of slices; registers are in slice.S.
 */
#include "slice.h"

#include "context.h"
#include "syscall.h"

#include <stddef.h>

_Static_assert(APP_KEEP_AT + sizeof(struct slice_keep) <= SP_PAGE, "room");
_Static_assert(sizeof(struct slice_keep) == KEEP_LO + 4 - KEEP_REG(0), "asm");

/* slice.S */
void slice_entry_end(void);
void slice_entry_start(void);
int32_t slice_give(uint32_t env);

/* What the entries call. */
void (*slice_at_end)(void);
void (*slice_at_start)(void);

static void
nothing(void)
{
}

int
slice_open(void (*at_end)(void), void (*at_start)(void))
{
	struct sp_context *c = context_get();

	slice_at_end = at_end != NULL ? at_end : nothing;
	slice_at_start = at_start != NULL ? at_start : nothing;
	c->start_pc = (uint32_t)(uintptr_t)slice_entry_start;
	c->end_pc = (uint32_t)(uintptr_t)slice_entry_end;
	return context_apply();
}

int
slice_close(void)
{
	struct sp_context *c = context_get();

	c->start_pc = 0;
	c->end_pc = 0;
	return context_apply();
}

int32_t
slice_yield(uint32_t env)
{
	return context_get()->start_pc != 0 ? slice_give(env) : sys_yield(env);
}
