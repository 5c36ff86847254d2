/*
 * predicate.c - a sum of products of comparisons, evaluated for those who sleep.
 *
 * At most SP_TERMS words an evaluation: that bounds what a sleeper costs others.
 */
#include "kernel/core/predicate.h"

#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/sched.h"
#include "kernel/core/user.h"
#include "kernel/mips.h"
#include "kernel/mmio.h"

struct term {
	uint32_t paddr;
	uint32_t op, value, tag;
};

/* By slot; n is 0 while nobody sleeps there. */
static struct sleeper {
	struct env *env;
	uint32_t n;
	struct term term[SP_TERMS];
} asleep[SP_MAX_ENVS];

static bool
compare(uint32_t op, uint32_t word, uint32_t value)
{
	switch (op) {
	case SP_EQ:
		return word == value;
	case SP_NE:
		return word != value;
	case SP_LT:
		return (int32_t)(word - value) < 0;
	case SP_GE:
	default:
		return (int32_t)(word - value) >= 0;
	}
}

/* The tag of the first clause whose terms all hold, or 0. */
static uint32_t
evaluate(const struct term *t, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t tag = t[i].tag;
		bool holds = true;

		for (; i < n && t[i].tag == tag; i++)
			holds = holds &&
				compare(t[i].op,
					mmio_read32(KSEG0 + t[i].paddr),
					t[i].value);
		if (holds)
			return tag;
	}
	return 0;
}

/* Is the tag of term I good, and was its clause not left before? */
static bool
tag_is_good(const struct sp_predicate *p, uint32_t i)
{
	uint32_t tag = p->term[i].tag;

	for (uint32_t k = 0; k < i; k++)
		if (p->term[k].tag == tag && p->term[k + 1].tag != tag)
			return false;
	return (int32_t)tag > 0;
}

static int
check(const struct env *e, const struct sp_predicate *p,
	struct term term[SP_TERMS])
{
	if (p->n == 0 || p->n > SP_TERMS)
		return SP_EINVAL;
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t room;

		if (p->term[i].op > SP_GE || p->term[i].va % 4 != 0 ||
			!tag_is_good(p, i))
			return SP_EINVAL;

		int err = user_paddr(
			e, p->term[i].va, false, &term[i].paddr, &room);

		if (err < 0)
			return err;
		term[i].op = p->term[i].op;
		term[i].value = p->term[i].value;
		term[i].tag = p->term[i].tag;
	}
	return SP_OK;
}

/* The kernel's own frames, which it exposes, do not go away. */
static bool
can_go_away(uint32_t pfn)
{
	return page_frame(pfn)->kind == SP_FRAME_USER;
}

/* S's words need no memory any more. */
static void
let_go(struct sleeper *s)
{
	uint32_t n = s->n;

	s->n = 0;
	for (uint32_t i = 0; i < n; i++)
		if (can_go_away(s->term[i].paddr / SP_PAGE))
			page_unpin(s->term[i].paddr / SP_PAGE, 1);
}

static void
end_sleep(struct sleeper *s, uint32_t result)
{
	struct env *e = s->env;

	let_go(s);
	e->context[SP_MAIN].reg[2] = result;
	env_info(e)->state = SP_ENV_RUNNABLE;
	sched_ready(e);
}

int
predicate_set(struct env *e, const struct sp_predicate *p)
{
	struct sleeper *s = &asleep[e->slot];
	int err = check(e, p, s->term);

	if (err < 0)
		return err;

	uint32_t tag = evaluate(s->term, p->n);

	if (tag != 0)
		return (int)tag;
	for (uint32_t i = 0; i < p->n; i++)
		if (can_go_away(s->term[i].paddr / SP_PAGE))
			page_pin(s->term[i].paddr / SP_PAGE, 1);
	s->env = e;
	s->n = p->n;
	env_info(e)->state = SP_ENV_SLEEPING;
	sched_ready(e);
	return SP_OK;
}

bool
predicate_wake(const struct env *e)
{
	struct sleeper *s = &asleep[e->slot];
	uint32_t tag = evaluate(s->term, s->n);

	if (tag == 0)
		return false;
	end_sleep(s, tag);
	return true;
}

void
predicate_interrupt(const struct env *e)
{
	end_sleep(&asleep[e->slot], 0);
}

static bool
reads(const struct sleeper *s, uint32_t pfn)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->term[i].paddr / SP_PAGE == pfn)
			return true;
	return false;
}

void
predicate_break_frame(uint32_t pfn, const struct env *keep)
{
	for (uint32_t slot = 0; slot < SP_MAX_ENVS; slot++) {
		if (!reads(&asleep[slot], pfn) || asleep[slot].env == keep)
			continue;

		uint32_t status = irq_off(); /* they make others ready */

		end_sleep(&asleep[slot], (uint32_t)SP_EREVOKED);
		irq_restore(status);
	}
}

void
predicate_forget_owner(const struct env *e)
{
	let_go(&asleep[e->slot]);
}

void
predicate_audit(void)
{
	for (uint32_t slot = 0; slot < SP_MAX_ENVS; slot++) {
		const struct sleeper *s = &asleep[slot];
		bool sleeps = env_at(slot) != NULL &&
			      info.env[slot].state == SP_ENV_SLEEPING;

		if (sleeps != (s->n != 0) || (sleeps && s->env != env_at(slot)))
			audit_fail("env slot %u: sleeps %u, %u terms", slot,
				sleeps, s->n);
		for (uint32_t i = 0; i < s->n; i++)
			if (can_go_away(s->term[i].paddr / SP_PAGE))
				audit_saw_pin(s->term[i].paddr / SP_PAGE);
	}
}
