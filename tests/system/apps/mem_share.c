/*
 * mem_share.c - one environment's frames in another one's reach, and out of it.
 */
#include "tests/system/apps/child.h"

enum { VA = 0x23456000, SECRET = 0x5ec2e7, TURNS = 320 };

static uint32_t frame, comm;

/* --- what the child does, a step at a time ---------------------------------------- */

static int32_t
bind(uint32_t flags)
{
	return sys_tlb_write(APP_CAP_SELF, VA, shared()->pfn, flags);
}

static void
child_tries(void)
{
	int32_t *r = shared()->result;
	const struct sp_acl none = { .entry = { { .rights = 0 } } };

	child_wait();
	r[0] = bind(0);
	r[1] = bind(SP_MAP_WRITE);
	r[2] = map_at(0, VA + SP_PAGE, shared()->pfn, 1, 0);
	r[3] = map_at(0, VA + SP_PAGE, shared()->pfn, 1, SP_MAP_WRITE);
	r[4] = sys_page_acl(APP_CAP_SELF, shared()->pfn, 1, &none);
	r[5] = page_free(shared()->pfn, 1);
	r[6] = sys_ring_create(APP_CAP_SELF, 0, shared()->pfn, 2);
	r[7] = r[0] == 0 ? (int32_t)mmio_load(word_at(VA)) : -1;
	(void)sys_unmap(APP_CAP_SELF, 0, VA + SP_PAGE, 1);
}

/* Try three times, then hold on to it, by ARG a binding or a mapping. */
static void
child_main(uint32_t arg)
{
	int32_t own = alloc(1, 0, PFN_ANY);

	shared()->name = frame_of((uint32_t)own)->name;
	child_tries();
	child_tries();
	child_tries();
	child_wait();
	shared()->result[0] =
		arg == 0 ? bind(0) : map_at(0, VA, shared()->pfn, 1, 0);
	shared()->result[1] = (int32_t)mmio_load(word_at(VA));
	child_wait();
	shared()->result[2] = (int32_t)mmio_load(word_at(VA));
	sys_exit(7);
}

/* --- what the parent does ---------------------------------------------------------- */

static void
set_acl(uint8_t rights)
{
	struct sp_acl acl = { .entry = { { .rights = 0 }, shared()->name } };

	acl.entry[1].rights = rights;
	said("acl", sys_page_acl(APP_CAP_SELF, frame, 1, &acl));
}

static void
show(const char *name, uint32_t n)
{
	print("mem: %s", name);
	for (uint32_t i = 0; i < n; i++)
		print(" %d", (int)shared()->result[i]);
	print("\n");
}

static struct child
reader(uint32_t arg)
{
	struct child c;

	memset(shared(), 0, sizeof(*shared()));
	shared()->pfn = frame;
	c = child_start(child_main, arg, comm);
	child_step(&c);
	return c;
}

static void
fresh_frame(void)
{
	frame = (uint32_t)alloc(1, 0, PFN_ANY);
	(void)map_at(0, SPARE_VA, frame, 1, SP_MAP_WRITE);
	mmio_store(word_at(SPARE_VA), SECRET);
	shared()->pfn = frame;
}

/* The child holds on; then TAKE happens, and its next access misses. */
static void
taken(const char *name, uint32_t arg, void (*take)(void))
{
	struct child c;

	fresh_frame();
	c = reader(arg);
	set_acl(SP_CAP_READ);
	child_step(&c);
	child_step(&c);
	child_step(&c);
	print("mem: %s-held %d %x\n", name, (int)shared()->result[0],
		(unsigned)shared()->result[1]);
	take();
	shared()->result[2] = 0;
	child_step(&c);
	print("mem: %s %u %x\n", name, child_end(&c),
		(unsigned)shared()->result[2]);
}

static void
rights(void)
{
	struct child c;
	struct sp_acl bad = { .entry = { { .rights = SP_CAP_GRANT } } };

	fresh_frame();
	c = reader(0);
	show("nothing", 7);
	set_acl(SP_CAP_READ);
	child_step(&c);
	show("read", 7);
	holds("secret", shared()->result[7] == SECRET);
	set_acl(SP_CAP_READ | SP_CAP_WRITE);
	child_step(&c);
	show("write", 6);
	said("acl-grant", sys_page_acl(APP_CAP_SELF, frame, 1, &bad));
	bad.entry[0] = (struct sp_cap){ .rights = 1, .len = SP_CAP_NAME + 1 };
	said("acl-long", sys_page_acl(APP_CAP_SELF, frame, 1, &bad));
	said("acl-none", sys_page_acl(APP_CAP_SELF, frame, 0, &bad));
	bad.entry[0].len = 0;
	said("acl-wrap", sys_page_acl(APP_CAP_SELF, ~0u, 2, &bad));
	said("acl-kernel", sys_page_acl(APP_CAP_SELF, 0x100, 1, &bad));
	said("acl-pointer",
		sys_page_acl(APP_CAP_SELF, frame, 1, (void *)0x80100000));
	said("acl-no-cap", sys_page_acl(77, frame, 1, &bad));
	child_forget(&c);
	(void)page_free(frame, 1);
}

static void
narrow(void)
{
	set_acl(0);
	holds("mine-stays", mmio_load(word_at(SPARE_VA)) == SECRET);
}

static void
widen(void)
{
	set_acl(SP_CAP_READ | SP_CAP_WRITE);
}

static void
give_back(void)
{
	(void)page_free(frame, 1);
	holds("taken-anew", alloc(1, 0, frame) == (int32_t)frame);
}

/* --- owners that die, and what follows them ------------------------------------------ */

static void
owner_main(uint32_t arg)
{
	uint32_t own = (uint32_t)alloc(1, 0, PFN_ANY);

	(void)arg;
	(void)map_at(0, VA, own, 1, SP_MAP_WRITE);
	mmio_store(word_at(VA), SECRET);
	mmio_store(&shared()->pfn, own);
	for (;;)
		(void)sys_yield(0);
}

static struct child owner;

static void
end_owner(void)
{
	(void)child_end(&owner);
	holds("owner-gone", frame_of(frame)->kind == SP_FRAME_FREE ||
				    frame_of(frame)->owner != 0);
}

static void
dead_owner(const char *name, uint32_t arg)
{
	struct child c;

	memset(shared(), 0, sizeof(*shared()));
	owner = child_start(owner_main, 0, comm);
	while (mmio_load(&shared()->pfn) == 0)
		(void)sys_yield(owner.env);
	frame = shared()->pfn;
	c = reader(arg);
	set_acl(SP_CAP_READ);
	child_step(&c);
	child_step(&c);
	child_step(&c);
	print("mem: %s-held %d %x\n", name, (int)shared()->result[0],
		(unsigned)shared()->result[1]);
	(void)sys_env_kill(APP_CAP_SELF, owner.env);
	end_owner();
	child_step(&c);
	print("mem: %s %u %x\n", name, child_end(&c),
		(unsigned)shared()->result[2]);
}

/* --- ASIDs ------------------------------------------------------------------------------ */

/* Its parent's frame, by its parent's name: that lives on, and so would what is
 * bound to it. */
static void
binder_main(uint32_t arg)
{
	child_wait();
	(void)sys_tlb_write(arg, VA, shared()->pfn, 0);
	sys_exit(mmio_load(word_at(VA)) == SECRET ? 0 : 1);
}

static void
looker_main(uint32_t arg)
{
	(void)arg;
	shared()->result[0] = (int32_t)mmio_load(word_at(VA));
	sys_exit(0);
}

/* A child that binds our frame by our name; did it? */
static bool
bound_once(void)
{
	enum { GIFT = 2 };
	struct sp_cap name = frame_of(frame)->name;
	struct child c;

	memset(shared(), 0, sizeof(*shared()));
	shared()->pfn = frame;
	name.rights = SP_CAP_READ;
	c = child_start(binder_main, GIFT, comm);
	(void)sys_cap_grant(APP_CAP_SELF, c.env, GIFT, &name);
	child_step(&c);
	return child_end(&c) == 0 && child_info(&c)->exit_code == 0;
}

static bool
missed_once(void)
{
	struct child c = child_start(looker_main, 0, comm);

	return child_end(&c) == 2 && shared()->result[0] == 0; /* TLBL */
}

/* Whoever has a dead one's ASID finds nothing of his. */
static void
many_lives(void)
{
	uint32_t bound = 0, missed = 0;

	fresh_frame();
	for (uint32_t i = 0; i < TURNS; i++)
		if (i % 8 == 0)
			bound += bound_once();
		else
			missed += missed_once();
	print("mem: lives %u bound %u missed %u\n", TURNS, bound, missed);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	comm = (uint32_t)alloc(1, 0, PFN_ANY);
	(void)map_at(0, SHARED_VA, comm, 1, SP_MAP_WRITE);
	rights();
	taken("narrow-binding", 0, narrow);
	taken("narrow-mapping", 1, narrow);
	taken("widen-binding", 0, widen);
	taken("free-binding", 0, give_back);
	taken("free-mapping", 1, give_back);
	dead_owner("death-binding", 0);
	dead_owner("death-mapping", 1);
	many_lives();
	said("done", 0);
	return 0;
}
