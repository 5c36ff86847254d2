/*
 * slice.c - who holds which position of the slice vector.
 *
 * And who owes some.  What runs when a slice comes up is decided in sched.c.
 */
#include "kernel/core/slice.h"

#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/timer.h"

#include <stddef.h>

enum { DEBT_MAX = 64 * TICK_COUNTS }; /* a burst is not held against for ever */

static struct {
	uint32_t held[SP_SLICES / 32]; /* bit per position */
	uint32_t debt[SP_MAX_ENVS];    /* by slot, CP0 Count */
} slices;

/* The lowest bit of held[I] from FROM on, as a position; SP_SLICES if none. */
static inline uint32_t
held_from(uint32_t i, uint32_t from)
{
	uint32_t bits = slices.held[i] & ~0u << from;

	return bits == 0 ? SP_SLICES : i * 32 + (uint32_t)__builtin_ctz(bits);
}

uint32_t
slice_next(uint32_t at)
{
	uint32_t i = (at + 1) % SP_SLICES / 32;
	uint32_t next = held_from(i, (at + 1) % 32);

	if (next == SP_SLICES)
		next = held_from(i ^ 1, 0);
	if (next == SP_SLICES)
		next = held_from(i, 0);
	return next;
}

void
slice_clear(uint32_t at)
{
	const struct env *e =
		info.slice[at] == 0 ? NULL : env_find(info.slice[at]);

	if (e != NULL)
		env_info(e)->slices--;
	info.slice[at] = 0;
	slices.held[at / 32] &= ~(1u << at % 32);
}

void
slice_set(uint32_t at, const struct env *e)
{
	slice_clear(at);
	info.slice[at] = e->id;
	slices.held[at / 32] |= 1u << at % 32;
	env_info(e)->slices++;
}

uint32_t
slice_give(const struct env *e, uint32_t n)
{
	uint32_t got = 0;

	for (uint32_t at = 0; at < SP_SLICES && got < n; at++) {
		if (info.slice[at] != 0)
			continue;
		slice_set(at, e);
		got++;
	}
	return got;
}

void
slice_forget_owner(const struct env *e)
{
	for (uint32_t at = 0; at < SP_SLICES; at++)
		if (info.slice[at] == e->id)
			slice_clear(at);
	slices.debt[e->slot] = 0;
}

static bool
owes(const struct env *e)
{
	return slices.debt[e->slot] >= TICK_COUNTS || env_info(e)->excess > 0;
}

bool
slice_owe(const struct env *e, uint32_t counts)
{
	uint32_t debt = slices.debt[e->slot];

	debt = counts > DEBT_MAX - debt ? DEBT_MAX : debt + counts;
	slices.debt[e->slot] = debt;
	return owes(e);
}

bool
slice_pay(const struct env *e)
{
	if (env_info(e)->excess > 0)
		env_info(e)->excess--;
	else
		slices.debt[e->slot] -= TICK_COUNTS;
	env_info(e)->forfeited++;
	return owes(e);
}

void
slice_audit(void)
{
	uint32_t held[SP_MAX_ENVS] = { 0 };

	for (uint32_t at = 0; at < SP_SLICES; at++) {
		uint32_t id = info.slice[at];
		const struct env *e = env_at(id & 0xff);

		if ((id != 0) != (slices.held[at / 32] >> at % 32 & 1))
			audit_fail("slice %u: %08x, and its bit", at, id);
		if (id == 0)
			continue;
		if (e == NULL || e->id != id)
			audit_fail("slice %u: %08x is not alive", at, id);
		else
			held[e->slot]++;
	}
	for (uint32_t slot = 0; slot < SP_MAX_ENVS; slot++)
		if (held[slot] != info.env[slot].slices)
			audit_fail("env slot %u: %u slices, counted %u", slot,
				info.env[slot].slices, held[slot]);
}
