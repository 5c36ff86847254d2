/*
 * attack_rights.c - capabilities that it forges, cuts short, adds rights to or has
 * lost; rights and resources of others that it takes back; requests to give back
 * that it does not hear.
 */
#include "apps/lib/mem.h"
#include "tests/attack/attack.h"
#include "tests/attack/lib/fate.h"

enum {
	OTHERS = 5, /* slot for what others grant */
	WEAK = 6,
	HOARD = 20, /* pages of a child that gives nothing back */
};

static uint32_t
agent(void)
{
	return app_info()->env[0].id;
}

static struct sp_cap
named(const struct sp_cap *above, uint32_t env)
{
	struct sp_cap c = *above;

	c.name[c.len++] = (uint8_t)(env % SP_MAX_ENVS + 1);
	c.name[c.len++] = (uint8_t)(env >> 8);
	c.name[c.len++] = (uint8_t)(env >> 16);
	return c;
}

/* --- forging ---------------------------------------------------------------------- */

static int32_t
grant(uint32_t cap, uint32_t env, uint32_t slot, struct sp_cap c)
{
	return sys_cap_grant(cap, env, slot, &c);
}

static int32_t
shorter(uint32_t bytes)
{
	struct sp_cap c = own_name(SP_CAP_ALL);

	c.len = (uint8_t)(c.len - bytes);
	return grant(0, 0, OTHERS, c);
}

static int32_t
changed(uint32_t at, uint8_t by)
{
	struct sp_cap c = own_name(SP_CAP_ALL);

	c.name[at] = (uint8_t)(c.name[at] ^ by);
	return grant(0, 0, OTHERS, c);
}

static int32_t
of_length(uint8_t len)
{
	struct sp_cap c = own_name(SP_CAP_ALL);

	c.len = len;
	return grant(0, 0, OTHERS, c);
}

static int32_t
with_rights(uint32_t by, uint8_t rights)
{
	return grant(by, 0, OTHERS, own_name(rights));
}

static void
forged(void)
{
	const struct sp_cap mine = own_name(SP_CAP_ALL);
	const struct sp_cap nic = { SP_CAP_WRITE, 1, { SP_NAME_NIC } };
	struct sp_cap console = { SP_CAP_WRITE, 1, { SP_NAME_CONSOLE } };

	refused("forge-root", SP_EPERM, of_length(0));
	refused("forge-short-1", SP_EPERM, shorter(1));
	refused("forge-short-2", SP_EPERM, shorter(2));
	refused("forge-slot", SP_EPERM, changed(0, 1));
	refused("forge-generation", SP_EPERM, changed(1, 1));
	refused("forge-generation-high", SP_EPERM, changed(2, 1));
	refused("forge-long", SP_EINVAL, of_length(SP_CAP_NAME + 1));
	refused("forge-longest", SP_EINVAL, of_length(255));
	refused("forge-half-element", SP_EINVAL,
		of_length((uint8_t)(mine.len + 1)));
	refused("forge-dead-child", SP_ENOENT,
		grant(0, 0, OTHERS, named(&mine, 31)));
	refused("forge-rights", SP_EINVAL, with_rights(0, 0xff));
	refused("forge-right-8", SP_EINVAL, with_rights(0, 8));
	refused("weaken", 0, with_rights(0, SP_CAP_READ | SP_CAP_GRANT));
	refused("move-weak", 0, grant(0, 0, WEAK, own_name(SP_CAP_GRANT)));
	refused("add-write", SP_EPERM, with_rights(WEAK, SP_CAP_WRITE));
	refused("add-all", SP_EPERM, with_rights(WEAK, SP_CAP_ALL));
	refused("weak-grant", SP_EPERM, grant(WEAK, 0, 7, own_name(4)));
	refused("weak-alloc", SP_EPERM, sys_page_alloc(WEAK, 1, 0, PFN_ANY));
	refused("weak-kill", SP_EPERM,
		sys_env_kill(WEAK, (uint32_t)sys_self()));
	refused("forge-nic", SP_EPERM, grant(0, 0, OTHERS, nic));
	refused("forge-console", SP_EPERM, grant(0, 0, OTHERS, console));
	refused("console-grants", SP_EPERM,
		grant(APP_CAP_CONSOLE, 0, OTHERS, console));
	console.rights = SP_CAP_ALL;
	refused("console-all", SP_EPERM,
		grant(APP_CAP_CONSOLE, 0, OTHERS, console));
	refused("grant-to-agent", SP_EPERM, grant(0, agent(), 3, mine));
	refused("grant-to-nobody", SP_ENOENT, grant(0, 0xffffff, 3, mine));
	refused("grant-slot", SP_EINVAL, grant(0, 0, SP_CAP_SLOTS, mine));
	refused("grant-slot-wrap", SP_EPERM, grant(0, 0, ~0u, mine));
	refused("grant-opener", SP_EPERM,
		grant(0, agent(), SP_SLOT_BY(3, APP_CAP_CONSOLE), mine));
	refused("grant-pointer", SP_EFAULT,
		sys_cap_grant(0, 0, 3, (void *)KERNEL_VA));
	refused("create-by-console", SP_EPERM,
		sys_env_create(APP_CAP_CONSOLE, "below-the-console-456789"));
	refused("alloc-by-console", SP_EPERM,
		sys_page_alloc(APP_CAP_CONSOLE, 1, 0, PFN_ANY));
}

/* --- revoking rights ------------------------------------------------------------------ */

static int32_t
revoke_name(uint32_t cap, struct sp_cap c)
{
	return sys_cap_revoke(cap, &c);
}

static void
bad_revocations(void)
{
	const struct sp_cap mine = own_name(SP_CAP_ALL);
	struct sp_cap c = mine;

	c.len = 0;
	refused("revoke-root", SP_EPERM, revoke_name(0, c));
	c = mine;
	c.name[0] ^= 2;
	refused("revoke-others", SP_EPERM, revoke_name(0, c));
	c = (struct sp_cap){ SP_CAP_ALL, 3, { 1, 1, 0 } };
	refused("revoke-agent", SP_EPERM, revoke_name(0, c));
	refused("revoke-weak", SP_EPERM, revoke_name(WEAK, mine));
	refused("revoke-no-cap", SP_EPERM, revoke_name(9, mine));
	refused("revoke-cap-wrap", SP_EPERM, revoke_name(~0u, mine));
	refused("revoke-console", SP_EPERM,
		revoke_name(APP_CAP_CONSOLE, (struct sp_cap){ SP_CAP_WRITE, 1,
						     { SP_NAME_CONSOLE } }));
	c = mine;
	c.len = SP_CAP_NAME + 1;
	refused("revoke-long", SP_EINVAL, revoke_name(0, c));
	c = mine;
	c.rights = 0;
	refused("revoke-nothing", SP_EINVAL, revoke_name(0, c));
	c.rights = 0xff;
	refused("revoke-rights", SP_EINVAL, revoke_name(0, c));
	refused("revoke-pointer", SP_EFAULT,
		sys_cap_revoke(0, (void *)KERNEL_VA));
	refused("revoke-pointer-0", SP_EFAULT, sys_cap_revoke(0, NULL));
	refused("audit-without-root", SP_EPERM,
		sys_audit(APP_CAP_SELF, (char *)SHARED_VA, 64));
	refused("audit-no-cap", SP_EPERM, sys_audit(9, (char *)SHARED_VA, 64));
	/* Being the root it may ask, but not have it written anywhere. */
	refused("audit-to-kernel", SP_EFAULT,
		sys_audit(APP_CAP_ROOT, (char *)KERNEL_VA, 64));
	refused("audit-to-text", SP_EFAULT,
		sys_audit(APP_CAP_ROOT, (char *)SP_USER_BASE, 64));
}

/* Given leave to kill the sibling ENV in slot OTHERS; then not any more. */
static int
uses_grant(uint32_t env)
{
	int32_t code;

	while (shared_get(0) == 0)
		(void)sys_yield(0);
	/* Opens it: what is wrong is only the count. */
	code = sys_unmap(OTHERS, env, 0x10000000, 0);
	if (code != SP_EINVAL)
		return 71;
	shared_set(1, 1);
	while (shared_get(0) == 1)
		(void)sys_yield(0);
	code = sys_unmap(OTHERS, env, 0x10000000, 0);
	if (code != SP_EPERM)
		return 72;
	return sys_env_kill(OTHERS, env) == SP_EPERM ? 73 : 74;
}

static void
revoked(void)
{
	const struct sp_cap mine = own_name(SP_CAP_ALL);
	struct spawn target = fate_begin(fate_rest, 0), user;
	struct sp_cap c = named(&mine, target.env);

	user = fate_begin(uses_grant, target.env);
	refused("grant-sibling", 0, grant(0, user.env, OTHERS, c));
	shared_set(0, 1);
	attempt_holds("uses-grant", fate_until(&user, 1, 1, 100));
	refused("revoke-sibling", 0, revoke_name(0, c));
	shared_set(0, 2);
	attempt_holds("uses-revoked", fate_end(&user, 100) == 73);
	attempt_holds("sibling-lives", spawn_lives(&target));
	/* Who is named by it still holds it by the parent's name. */
	refused("kill-after-revoke", 0, sys_env_kill(0, target.env));
	(void)fate_end(&target, 0);
	refused("grant-dead", SP_ENOENT, grant(0, 0, OTHERS, c));
}

/* The dead one's name in somebody's slot opens nothing that comes after. */
static int
uses_dead_name(uint32_t env)
{
	(void)env;
	while (shared_get(0) == 0)
		(void)sys_yield(0);
	return sys_page_alloc(OTHERS, 1, 0, PFN_ANY) == SP_EPERM ? 75 : 76;
}

static void
dead_names(void)
{
	const struct sp_cap mine = own_name(SP_CAP_ALL);
	struct spawn target = fate_begin(fate_rest, 0), user;
	struct sp_cap c = named(&mine, target.env);

	user = fate_begin(uses_dead_name, 0);
	refused("grant-mortal", 0, grant(0, user.env, OTHERS, c));
	(void)fate_end(&target, 0);
	shared_set(0, 1);
	attempt_holds("uses-dead-name", fate_end(&user, 100) == 75);
}

/* --- revoking resources ----------------------------------------------------------------- */

static int32_t
want(uint32_t cap, uint32_t env, uint32_t resource, uint32_t count,
	uint32_t ticks)
{
	const struct sp_revoke r = {
		.env = env, .resource = resource, .count = count, .ticks = ticks
	};

	return sys_revoke(cap, &r);
}

static void
bad_requests(void)
{
	struct spawn s = fate_begin(fate_rest, 0);

	refused("want-agents", SP_EPERM, want(0, agent(), SP_RES_PAGES, 1, 0));
	refused("want-nobodys", SP_ENOENT,
		want(0, 0xffffff, SP_RES_PAGES, 1, 0));
	refused("want-stale", SP_ENOENT,
		want(0, s.env ^ 0x100, SP_RES_PAGES, 1, 0));
	refused("want-no-cap", SP_EPERM, want(9, s.env, SP_RES_PAGES, 1, 0));
	refused("want-console-cap", SP_EPERM,
		want(APP_CAP_CONSOLE, s.env, SP_RES_PAGES, 1, 0));
	refused("want-weak", SP_EPERM, want(WEAK, s.env, SP_RES_PAGES, 1, 0));
	refused("want-0", SP_EINVAL, want(0, s.env, 0, 1, 0));
	refused("want-5", SP_EINVAL, want(0, s.env, SP_RES_COUNT, 1, 0));
	refused("want-wrap", SP_EINVAL, want(0, s.env, ~0u, 1, 0));
	refused("want-none", SP_EINVAL, want(0, s.env, SP_RES_PAGES, 0, 0));
	refused("want-ticks", SP_EINVAL, want(0, s.env, SP_RES_PAGES, 1, ~0u));
	refused("want-pointer", SP_EFAULT, sys_revoke(0, (void *)KERNEL_VA));
	(void)fate_end(&s, 0);
}

/* Has pages and more slices than one, hears nothing, and goes on counting. */
static int
hoards(uint32_t area)
{
	uint32_t pfn = own_pages(SPARE_VA, HOARD);
	struct sp_context c = { .keep = { pfn } };

	if (area != 0) {
		(void)own_pages(0x6000, 1);
		c.area_va = 0x6000;
	}
	if (sys_context_set(APP_CAP_SELF, 0, &c) < 0)
		return 81;
	for (uint32_t at = 0; at < SP_SLICES; at++)
		(void)sys_slice_take(APP_CAP_SELF, 0, at);
	for (uint32_t i = 1;; i++) {
		shared_set(0, i);
		mmio_store((uint32_t *)SPARE_VA, i); /* the kept page */
		(void)sys_yield(0);
	}
}

static int
goes_on(const struct spawn *s)
{
	uint32_t i = shared_get(0);

	for (uint32_t n = 0; n < 200 && spawn_lives(s); n++) {
		(void)sys_yield(s->env);
		if (shared_get(0) > i + 3)
			return 1;
	}
	return 0;
}

/* It ignores everything: loses what is wanted but what it keeps, and lives. */
static void
ignored(uint32_t area)
{
	struct spawn s = fate_begin(hoards, area);
	const struct sp_env_info *e = &app_info()->env[s.env % SP_MAX_ENVS];
	const uint32_t *pages = &e->pages, *slices = &e->slices;
	uint32_t before;

	attempt_holds("hoards", goes_on(&s) && mmio_load(slices) > 1);
	before = mmio_load(pages);
	refused("want-in-time", 0, want(0, s.env, SP_RES_PAGES, 5, 3));
	attempt_holds("not-yet", mmio_load(pages) == before);
	for (uint32_t n = 0, t = app_info()->ticks;
		n < 100000 && mmio_load(&app_info()->ticks) - t < 10; n++)
		(void)sys_yield(s.env);
	attempt_holds("taken-in-time", mmio_load(pages) == before - 5);
	attempt_holds("goes-on", goes_on(&s));
	refused("want-all-slices", 0,
		want(0, s.env, SP_RES_SLICES, 1000000, 0));
	(void)sys_yield(s.env);
	attempt_holds("one-slice-stays", mmio_load(slices) == 1);
	refused("want-all-pages", 0, want(0, s.env, SP_RES_PAGES, ~0u, 0));
	(void)sys_yield(s.env);
	attempt_holds("kept-page-stays", goes_on(&s));
	attempt_holds("repossessed", mmio_load(&e->repossessed) >= HOARD - 1);
	refused("want-filters", 0, want(0, s.env, SP_RES_FILTERS, 9, 0));
	refused("want-rings", 0, want(0, s.env, SP_RES_RINGS, 9, 0));
	(void)sys_yield(s.env);
	attempt_holds("has-none", goes_on(&s));
	attempt_holds("hoarder-lives", fate_end(&s, 0) == FATE_LIVES);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	forged();
	bad_revocations();
	revoked();
	dead_names();
	bad_requests();
	ignored(0);
	ignored(1);
	attempt_done();
	return 0;
}
