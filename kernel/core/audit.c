/*
 * audit.c - recount what every table says, and compare.
 *
 * Runs with interrupts on: what interrupts change (counters, who is ready) is
 * looked at with interrupts off, a piece at a time; everything else only system
 * calls change, and this is one.
 */
#include "kernel/core/audit.h"

#include "kernel/core/cap.h"
#include "kernel/core/exception.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/pct.h"
#include "kernel/core/sched.h"
#include "kernel/core/store.h"
#include "kernel/core/turn.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

struct tally {
	uint16_t maps, pins;
};

static struct {
	struct tally *tally; /* one a frame */
	uint32_t faults;
	struct audit_spaces spaces;
	uint32_t owned[SP_MAX_ENVS + 1]; /* frames, by slot + 1 */
	size_t len;
	char text[SP_AUDIT]; /* of the first faults */
} audit;

void
audit_init(void)
{
	uint32_t bytes = info.pages_total * sizeof(struct tally);
	int pfn = page_alloc_kernel((bytes + SP_PAGE - 1) / SP_PAGE, 0, 0);

	if (pfn < 0)
		PANIC("no memory for the audit");
	audit.tally = page_kva((uint32_t)pfn);
}

static void
put(char c)
{
	if (audit.len < sizeof(audit.text) - 1)
		audit.text[audit.len++] = c;
}

void
audit_fail(const char *fmt, ...)
{
	va_list ap;

	audit.faults++;
	va_start(ap, fmt);
	format_to(put, fmt, ap);
	va_end(ap);
	put('\n');
}

void
audit_saw_map(uint32_t pfn)
{
	if (page_frame(pfn) != NULL)
		audit.tally[pfn].maps++;
}

void
audit_saw_pin(uint32_t pfn)
{
	if (page_frame(pfn) != NULL)
		audit.tally[pfn].pins++;
}

const struct env *
audit_owner(const struct env *e, const char *table, uint32_t at)
{
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		if (env_at(i) == e && e != NULL)
			return e;
	audit_fail("%s %u: its owner is not alive", table, at);
	return NULL;
}

void
audit_counts(
	const char *what, const uint32_t counted[SP_MAX_ENVS], size_t offset)
{
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
		uint32_t said;

		memcpy(&said, (const uint8_t *)&info.env[i] + offset,
			sizeof(said));
		if (said != counted[i])
			audit_fail("env slot %u: %u %s, counted %u", i, said,
				what, counted[i]);
	}
}

/* --- frames ------------------------------------------------------------------- */

static void
check_free(uint32_t pfn, const struct sp_frame *f)
{
	if (f->owner != 0 || f->maps != 0 || f->pins != 0)
		audit_fail("frame %u: free, but owner %u, %u maps, %u pins",
			pfn, f->owner, f->maps, f->pins);
}

/* Nobody dead is named by a frame, or on its list. */
static void
check_names(uint32_t pfn, const struct sp_frame *f)
{
	if (cap_check_name(&f->name) < 0)
		audit_fail("frame %u: its name is nobody's", pfn);
	for (uint32_t i = 0; i < SP_ACL; i++)
		if (f->acl.entry[i].rights != 0 &&
			cap_check_name(&f->acl.entry[i]) < 0)
			audit_fail("frame %u: lists nobody", pfn);
}

static void
check_frame(uint32_t pfn, const struct sp_frame *f)
{
	const struct tally *t = &audit.tally[pfn];

	if (f->kind == SP_FRAME_FREE)
		check_free(pfn, f);
	if (f->owner > SP_MAX_ENVS ||
		(f->owner != 0 && env_at(f->owner - 1u) == NULL))
		audit_fail("frame %u: owner %u is not alive", pfn, f->owner);
	else
		audit.owned[f->owner]++;
	if (f->maps != t->maps)
		audit_fail(
			"frame %u: %u maps, counted %u", pfn, f->maps, t->maps);
	if (f->pins != t->pins)
		audit_fail(
			"frame %u: %u pins, counted %u", pfn, f->pins, t->pins);
	if (f->kind == SP_FRAME_USER && f->owner == 0 && f->maps == 0 &&
		f->pins == 0)
		audit_fail("frame %u: nobody's, but not free", pfn);
	if (f->kind == SP_FRAME_USER)
		check_names(pfn, f);
	if (f->kind > SP_FRAME_DEAD)
		audit_fail("frame %u: kind %u", pfn, f->kind);
}

static void
check_frames(void)
{
	uint32_t free = 0;

	memset(audit.owned, 0, sizeof(audit.owned));
	for (uint32_t i = 0; i < info.pages_total; i++) {
		const struct sp_frame *f = page_frame(i);

		check_frame(i, f);
		free += f->kind == SP_FRAME_FREE;
	}
	if (free != info.pages_free)
		audit_fail("%u pages free, counted %u", info.pages_free, free);
	audit_counts(
		"pages", audit.owned + 1, offsetof(struct sp_env_info, pages));
}

/* --- environments and capabilities ---------------------------------------------- */

/* Does E's name end with its id, and lead to it? */
static bool
has_its_name(const struct env *e)
{
	const uint8_t *end = &e->name.name[e->name.len];

	return e->name.len >= CAP_ENV_BYTES &&
	       cap_check_name(&e->name) == SP_OK &&
	       ((end[-3] - 1u) | (uint32_t)end[-2] << 8 |
		       (uint32_t)end[-1] << 16) == e->id;
}

static void
check_caps(const struct env *e)
{
	if (!has_its_name(e))
		audit_fail("env %08x: its name is not", e->id);
	for (uint32_t i = 0; i < SP_CAP_SLOTS; i++) {
		const struct sp_cap *c = &e->cap[i];

		if ((c->rights & ~(uint32_t)SP_CAP_ALL) != 0 ||
			(c->rights != 0 && cap_check_name(c) < 0))
			audit_fail("env %08x: capability %u names nobody",
				e->id, i);
	}
}

static void
check_env(const struct env *e, uint32_t slot)
{
	const struct sp_env_info *i = &info.env[slot];

	if ((e->id & 0xff) != slot || e->slot != slot || i->id != e->id)
		audit_fail(
			"env slot %u: id %08x, shown %08x", slot, e->id, i->id);
	if (i->state == SP_ENV_FREE || i->state == SP_ENV_DEAD)
		audit_fail("env %08x: alive in state %u", e->id, i->state);
	check_caps(e);
	send_audit(e);
	context_audit(e);
	pct_audit(e);
	turn_audit(e);
	space_audit(&e->space, slot);
	if (audit.spaces.of[e->space.asid & 0xff] != NULL)
		audit_fail("env %08x: ASID %u is used twice", e->id,
			e->space.asid);
	audit.spaces.of[e->space.asid & 0xff] = &e->space;
}

static void
check_envs(void)
{
	memset(&audit.spaces, 0, sizeof(audit.spaces));
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++) {
		const struct env *e = env_at(i);
		uint32_t state = info.env[i].state;

		if (e != NULL)
			check_env(e, i);
		else if (state != SP_ENV_FREE && state != SP_ENV_DEAD)
			audit_fail(
				"env slot %u: nobody, in state %u", i, state);
	}
	if (env_current() == NULL)
		audit_fail("nobody runs");
}

/* --- counters -------------------------------------------------------------------- */

static void
check_frames_received(void)
{
	uint32_t status = irq_off();
	const struct sp_nic_info *n = &info.nic;
	uint32_t sum = n->consumed + n->delivered;

	for (uint32_t i = 0; i < SP_DROP_COUNT; i++)
		sum += n->dropped[i];
	if (sum != n->received)
		audit_fail("%u frames received, %u accounted for", n->received,
			sum);
	irq_restore(status);
}

int
audit_run(const char **text, size_t *len)
{
	audit.faults = 0;
	audit.len = 0;
	memset(audit.tally, 0, info.pages_total * sizeof(struct tally));
	check_envs();
	stlb_audit(&audit.spaces);
	sched_audit();
	predicate_audit();
	irq_audit();
	revoke_audit();
	ring_audit();
	handler_audit();
	bind_audit();
	store_audit();
	send_audit_queue();
	check_frames(); /* after all that tell what they hold on to */
	check_frames_received();
	audit.text[audit.len] = '\0';
	*text = audit.text;
	*len = audit.len + 1;
	return audit.faults != 0;
}
