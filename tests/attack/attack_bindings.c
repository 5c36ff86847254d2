/*
 * attack_bindings.c - translations of frames that are not its own, or were once:
 * stale in TLB and STLB after free, narrowing, death and a new life of the ASID.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"

enum {
	BOUND_VA = 0x24000000,
	SECRET = 0x5ec2e75,
	LIVES = 300, /* environments, so that ASIDs come round */
};

static const struct sp_frame *const frames =
	(const struct sp_frame *)SP_FRAMES_VA;

static int32_t
bind(uint32_t va, uint32_t pfn, uint32_t flags)
{
	return sys_tlb_write(APP_CAP_SELF, va, pfn, flags);
}

static int32_t
map(uint32_t env, uint32_t va, uint32_t pfn, uint32_t flags)
{
	const struct sp_map m = {
		.env = env, .va = va, .pfn = pfn, .count = 1, .flags = flags
	};

	return sys_map(&m);
}

static uint32_t
load(uint32_t va)
{
	return mmio_load((const uint32_t *)(uintptr_t)va);
}

static void
store(uint32_t va, uint32_t v)
{
	mmio_store((uint32_t *)(uintptr_t)va, v);
}

/* A frame of KIND that somebody else has. */
static uint32_t
others(uint32_t kind)
{
	uint32_t me = (uint32_t)sys_self() % SP_MAX_ENVS + 1, pfn = 0;

	while (frames[pfn].kind != kind || frames[pfn].owner == me)
		pfn++;
	return pfn;
}

/* --- what is not its own ---------------------------------------------------------- */

static void
bad_bindings(void)
{
	uint32_t own = own_pages(SPARE_VA, 1);
	uint32_t theirs = others(SP_FRAME_USER);

	refused("bind-theirs", SP_EPERM, bind(BOUND_VA, theirs, 0));
	refused("bind-theirs-write", SP_EPERM,
		bind(BOUND_VA, theirs, SP_MAP_WRITE));
	refused("bind-kernels", SP_ENOENT,
		bind(BOUND_VA, others(SP_FRAME_KERNEL), 0));
	refused("bind-kernel-text", SP_ENOENT, bind(BOUND_VA, KERNEL_PFN, 0));
	refused("bind-vectors", SP_ENOENT, bind(BOUND_VA, 0, SP_MAP_WRITE));
	refused("bind-stlb", SP_ENOENT, bind(BOUND_VA, 0x10, SP_MAP_WRITE));
	refused("bind-free", SP_ENOENT,
		bind(BOUND_VA, app_info()->pages_total - 1, 0));
	refused("bind-beyond", SP_ENOENT,
		bind(BOUND_VA, app_info()->pages_total, 0));
	refused("bind-pfn-wrap", SP_ENOENT, bind(BOUND_VA, ~0u, 0));
	refused("bind-pfn-shifted", SP_ENOENT,
		bind(BOUND_VA, own | 0x04000000, 0));
	refused("bind-registers", SP_ENOENT, bind(BOUND_VA, 0x1f000, 0));
	refused("bind-device", SP_EINVAL,
		bind(BOUND_VA, 0x1f000, SP_MAP_DEVICE));
	refused("bind-flags", SP_EINVAL, bind(BOUND_VA, own, 0x80));
	refused("bind-flags-wrap", SP_EINVAL, bind(BOUND_VA, own, ~0u));
	refused("bind-page-0", SP_EINVAL, bind(0, own, SP_MAP_WRITE));
	refused("bind-odd", SP_EINVAL, bind(BOUND_VA + 4, own, 0));
	refused("bind-kseg0", SP_EINVAL, bind((uint32_t)KERNEL_VA, own, 0));
	refused("bind-kseg3", SP_EINVAL, bind(0xfffff000, own, 0));
	refused("bind-info", SP_EINVAL, bind(SP_INFO_VA, own, SP_MAP_WRITE));
	refused("bind-frames", SP_EINVAL,
		bind(SP_FRAMES_VA, own, SP_MAP_WRITE));
	refused("bind-exposed", SP_EINVAL,
		bind(SP_EXPOSED_END - SP_PAGE, own, SP_MAP_WRITE));
	refused("bind-top", SP_EINVAL, bind(SP_USER_TOP, own, 0));
	refused("bind-mapped", SP_EEXIST, bind(SPARE_VA, own, 0));
	refused("bind-no-cap", SP_EPERM, sys_tlb_write(9, BOUND_VA, own, 0));
	refused("bind-cap-wrap", SP_EPERM,
		sys_tlb_write(~0u, BOUND_VA, own, 0));
	refused("unbind-kernel", SP_EINVAL,
		sys_tlb_delete((uint32_t)KERNEL_VA, 1));
	refused("unbind-none", SP_EINVAL, sys_tlb_delete(BOUND_VA, 0));
	refused("unbind-wrap", SP_EINVAL, sys_tlb_delete(BOUND_VA, ~0u));
	refused("unbind-exposed", SP_EINVAL, sys_tlb_delete(SP_STLB_VA, 1));
	refused("unbind-into-exposed", SP_EINVAL,
		sys_tlb_delete(SP_INFO_VA - SP_PAGE, 2));
	drop_pages(SPARE_VA, own, 1);
}

/* --- who may bind it ----------------------------------------------------------------- */

static int32_t
acl(uint32_t cap, uint32_t pfn, uint32_t count, const struct sp_acl *a)
{
	return sys_page_acl(cap, pfn, count, a);
}

static void
bad_lists(void)
{
	uint32_t own = own_pages(SPARE_VA, 1);
	uint32_t theirs = others(SP_FRAME_USER);
	struct sp_cap weak = own_name(SP_CAP_READ | SP_CAP_WRITE);
	struct sp_acl a = { { own_name(SP_CAP_READ) } };

	(void)sys_cap_grant(APP_CAP_SELF, 0, 5, &weak);
	refused("acl-theirs", SP_EPERM, acl(0, theirs, 1, &a));
	refused("acl-kernels", SP_ENOENT, acl(0, KERNEL_PFN, 1, &a));
	refused("acl-beyond", SP_ENOENT,
		acl(0, app_info()->pages_total, 1, &a));
	refused("acl-wrap", SP_ENOENT, acl(0, ~0u, 2, &a));
	refused("acl-none", SP_EINVAL, acl(0, own, 0, &a));
	refused("acl-count-wrap", SP_EINVAL, acl(0, own, ~0u, &a));
	refused("acl-without-grant", SP_EPERM, acl(5, own, 1, &a));
	refused("acl-no-cap", SP_EPERM, acl(9, own, 1, &a));
	refused("acl-pointer", SP_EFAULT, acl(0, own, 1, (void *)KERNEL_VA));
	refused("acl-pointer-0", SP_EFAULT, acl(0, own, 1, NULL));
	a.entry[0].rights = SP_CAP_ALL;
	refused("acl-grant-right", SP_EINVAL, acl(0, own, 1, &a));
	a.entry[0].rights = 0xff;
	refused("acl-rights", SP_EINVAL, acl(0, own, 1, &a));
	a.entry[0].rights = SP_CAP_READ;
	a.entry[0].len = SP_CAP_NAME + 1;
	refused("acl-name", SP_EINVAL, acl(0, own, 1, &a));
	a.entry[0].len = 255;
	refused("acl-name-wrap", SP_EINVAL, acl(0, own, 1, &a));
	drop_pages(SPARE_VA, own, 1);
}

/* --- what was its own --------------------------------------------------------------------- */

/*
 * Reads the page at BOUND_VA for ever, which it bound (HOW 1) or has mapped; says
 * what it saw.  A page that is taken is a miss, which ends it.
 */
static int
watches(uint32_t how)
{
	if (how != 0 && bind(BOUND_VA, shared_get(8), 0) < 0)
		return 41;
	for (;;) {
		shared_set(1, load(BOUND_VA));
		shared_set(0, 1);
		(void)sys_yield(0);
	}
}

/* Our child ENV may read. */
static struct sp_acl
readers(uint32_t env)
{
	struct sp_acl a = { { own_name(SP_CAP_READ) } };
	struct sp_cap *c = &a.entry[0];

	c->name[c->len++] = (uint8_t)(env % SP_MAX_ENVS + 1);
	c->name[c->len++] = (uint8_t)(env >> 8);
	c->name[c->len++] = (uint8_t)(env >> 16);
	return a;
}

/* A child that has seen word 1 of a frame of ours; *PFN is mapped at SPARE_VA. */
static struct spawn
watcher(uint32_t *pfn, uint32_t how)
{
	struct sp_acl a;
	struct spawn s;

	*pfn = own_pages(SPARE_VA, 1);
	store(SPARE_VA, SECRET);
	s = fate_begin(watches, how);
	a = readers(s.env);
	shared_set(8, *pfn);
	if (how != 0)
		(void)acl(0, *pfn, 1, &a);
	else
		(void)map(s.env, BOUND_VA, *pfn, 0);
	attempt_holds(
		"lent", fate_until(&s, 0, 1, 100) && shared_get(1) == SECRET);
	return s;
}

/* The frame is somebody's again: the child must not see what is in it now. */
static void
reuse(const char *name, struct spawn *s, uint32_t pfn)
{
	int32_t got = sys_page_alloc(APP_CAP_SELF, 1, 0, pfn);

	if (got >= 0)
		(void)map(0, SPARE_VA, pfn, SP_MAP_WRITE);
	if (got >= 0)
		store(SPARE_VA, SECRET + 1);
	(void)fate_until(s, 1, SECRET + 1, 10);
	attempt_holds(name, got >= 0 && shared_get(1) != SECRET + 1 &&
				    fate_end(s, 100) == -2);
	drop_pages(SPARE_VA, pfn, 1);
}

static void
stale_bindings(void)
{
	static const struct sp_acl nobody;
	uint32_t pfn;
	struct spawn s = watcher(&pfn, 0);

	(void)sys_page_free(APP_CAP_SELF, pfn, 1);
	reuse("stale-mapping-freed", &s, pfn);
	s = watcher(&pfn, 1);
	(void)sys_page_free(APP_CAP_SELF, pfn, 1);
	reuse("stale-binding-freed", &s, pfn);
	s = watcher(&pfn, 0);
	(void)sys_unmap(APP_CAP_SELF, s.env, BOUND_VA, 1);
	attempt_holds("stale-unmapped", fate_end(&s, 100) == -2);
	drop_pages(SPARE_VA, pfn, 1);
	s = watcher(&pfn, 1);
	(void)acl(0, pfn, 1, &nobody);
	attempt_holds("stale-narrowed", fate_end(&s, 100) == -2);
	attempt_holds("narrowed-own", load(SPARE_VA) == SECRET);
	drop_pages(SPARE_VA, pfn, 1);
}

/* May read, not write: by list, by mapping, by binding. */
static int
writes(uint32_t how)
{
	uint32_t pfn = shared_get(8);

	if (bind(BOUND_VA, pfn, SP_MAP_WRITE) != SP_EPERM)
		return 51;
	if (how == 1 && bind(BOUND_VA, pfn, 0) != SP_OK)
		return 52;
	if (map(0, SPARE_VA, pfn, SP_MAP_WRITE) != SP_EPERM)
		return 53;
	if (sys_page_free(APP_CAP_SELF, pfn, 1) != SP_EPERM)
		return 54;
	if (sys_ring_create(APP_CAP_SELF, 0, pfn, 2) != SP_EPERM)
		return 55;
	store(BOUND_VA, 0);
	return 56;
}

static void
read_only_frames(void)
{
	uint32_t pfn = own_pages(SPARE_VA, 2);
	struct sp_acl a;
	struct spawn s;

	store(SPARE_VA, SECRET);
	for (uint32_t how = 0; how < 2; how++) {
		s = fate_begin(writes, how);
		a = readers(s.env);
		shared_set(8, pfn);
		if (how == 1)
			(void)acl(0, pfn, 2, &a);
		else
			(void)map(s.env, BOUND_VA, pfn, 0);
		attempt_holds("write-read-only",
			fate_end(&s, 100) == -1 && load(SPARE_VA) == SECRET);
	}
	drop_pages(SPARE_VA, pfn, 2);
}

/* --- another life of the same numbers ----------------------------------------------------- */

static int
binds_and_ends(uint32_t pfn)
{
	int32_t own = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);

	(void)pfn;
	if (own < 0 || bind(BOUND_VA, (uint32_t)own, SP_MAP_WRITE) < 0)
		return 61;
	store(BOUND_VA, SECRET);
	return load(BOUND_VA) == SECRET ? 62 : 63;
}

static int
reads_what_was_bound(uint32_t arg)
{
	(void)arg;
	shared_set(2, 1);
	shared_set(3, load(BOUND_VA));
	return 64;
}

static void
next_lives(void)
{
	static const char name[SP_NAME] = "life";
	uint32_t born = 0;
	struct spawn s;

	fate("binds-and-ends", 62, binds_and_ends, 0);
	s = fate_begin(reads_what_was_bound, 0);
	attempt_holds("next-in-the-slot", fate_end(&s, 100) == -2);
	fate("binds-and-ends-2", 62, binds_and_ends, 0);
	for (uint32_t i = 0; i < LIVES; i++) {
		int32_t env = sys_env_create(APP_CAP_SELF, name);

		born += env > 0 &&
			sys_env_kill(APP_CAP_SELF, (uint32_t)env) == SP_OK;
	}
	attempt_holds("lives", born == LIVES);
	for (uint32_t i = 0; i < 8; i++)
		fate("asid-again", -2, reads_what_was_bound, 0);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	bad_bindings();
	bad_lists();
	stale_bindings();
	read_only_frames();
	next_lives();
	attempt_done();
	return 0;
}
