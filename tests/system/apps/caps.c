/*
 * caps.c - rights that are passed on, restricted, taken back, and that die.
 *
 * Says "caps: fine", or at which line not.  A is its child, B is A's.
 */
#include "tests/system/apps/puppet.h"

#define NEED(yes) need((yes), __LINE__)

enum { A, B, C };
enum { LABEL = 0x50, VA = 0x23000000 };

/* What its capability slots hold, and those of A and B. */
enum { MINE = 4, GRAND = 5, PAGE_CAP = 6, PASS_CAP = 7 };

static struct child child[3];
static uint32_t comm, frame;

static void
need(int yes, int line)
{
	if (yes)
		return;
	print("caps: line %d\n", line);
	sys_exit(line);
}

/* --- names ------------------------------------------------------------------------ */

static struct sp_cap
name_of_env(uint32_t env)
{
	const struct sp_env_info *e = &app_info()->env[env % SP_MAX_ENVS];
	struct sp_cap c = { .rights = SP_CAP_ALL };

	if (e->parent != app_info()->env[0].id)
		c = name_of_env(e->parent);
	c.name[c.len++] = (uint8_t)(env % SP_MAX_ENVS + 1);
	c.name[c.len++] = (uint8_t)(env >> 8);
	c.name[c.len++] = (uint8_t)(env >> 16);
	return c;
}

static struct sp_cap
self(void)
{
	return name_of_env((uint32_t)sys_self());
}

static struct sp_cap
below(struct sp_cap c, uint8_t rights, uint8_t label)
{
	c.rights = rights;
	c.name[c.len++] = label;
	return c;
}

/* Of B, whose parent the kernel says is us but who is named below A. */
static struct sp_cap
name_of_b(void)
{
	struct sp_cap c = name_of_env(child[A].env);
	uint32_t env = child[B].env;

	c.name[c.len++] = (uint8_t)(env % SP_MAX_ENVS + 1);
	c.name[c.len++] = (uint8_t)(env >> 8);
	c.name[c.len++] = (uint8_t)(env >> 16);
	return c;
}

static int32_t
grant(uint32_t cap, uint32_t env, uint32_t slot, struct sp_cap c)
{
	return sys_cap_grant(cap, env, slot, &c);
}

/* --- what puppets do ---------------------------------------------------------------- */

static int32_t
p_map(uint32_t n, uint32_t cap, uint32_t flags)
{
	struct strings *s = strings(n);

	s->map = (struct sp_map){ cap, 0, VA, frame, 1, flags };
	return puppet(&child[n], n, SP_CALL_map, sys_addr(&s->map), 0, 0, 0);
}

static int32_t
p_bind(uint32_t n, uint32_t cap, uint32_t flags)
{
	return puppet(&child[n], n, SP_CALL_tlb_write, cap, VA, frame, flags);
}

static int32_t
p_load(uint32_t n)
{
	return puppet(&child[n], n, PUPPET_LOAD, VA, 0, 0, 0);
}

static int32_t
p_grant(uint32_t n, uint32_t cap, uint32_t env, uint32_t where, struct sp_cap c)
{
	struct strings *s = strings(n);

	s->cap = c;
	return puppet(&child[n], n, SP_CALL_cap_grant, cap, env, where,
		sys_addr(&s->cap));
}

static int32_t
p_revoke(uint32_t n, uint32_t cap, struct sp_cap c)
{
	struct strings *s = strings(n);

	s->cap = c;
	return puppet(
		&child[n], n, SP_CALL_cap_revoke, cap, sys_addr(&s->cap), 0, 0);
}

static int32_t
p_alloc(uint32_t n, uint32_t cap)
{
	return puppet(&child[n], n, SP_CALL_page_alloc, cap, 1, 0, SP_PFN_ANY);
}

static int32_t
p_free(uint32_t n, uint32_t cap, uint32_t pfn)
{
	return puppet(&child[n], n, SP_CALL_page_free, cap, pfn, 1, 0);
}

/* --- passing on ---------------------------------------------------------------------- */

static void
make_family(void)
{
	comm = (uint32_t)alloc(1, 0, PFN_ANY);
	NEED(map_at(0, SHARED_VA, comm, 1, SP_MAP_WRITE) == SP_OK);
	child[A] = child_start(puppet_main, A, comm);
	NEED(grant(0, 0, GRAND, name_of_env(child[A].env)) == SP_OK);
	child[B] = child_start_below(GRAND, puppet_main, B, comm);
	/* A page that a longer name of ours opens, and so does that alone. */
	NEED(grant(0, 0, MINE, below(self(), SP_CAP_ALL, LABEL)) == SP_OK);
	frame = (uint32_t)sys_page_alloc(MINE, 1, 0, SP_PFN_ANY);
	NEED(map_at(0, VA, frame, 1, SP_MAP_WRITE) == SP_OK);
	*word_at(VA) = 4711;
}

static void
bad_grants(void)
{
	struct sp_cap mine = below(self(), SP_CAP_ALL, LABEL), c = mine;

	c.len--; /* shortened */
	NEED(grant(MINE, 0, SP_SLOT_BY(8, 0), c) == SP_EPERM);
	c = mine;
	c.name[mine.len - 1]++; /* another label */
	NEED(grant(MINE, 0, SP_SLOT_BY(8, 0), c) == SP_EPERM);
	c = mine;
	c.len = SP_CAP_NAME + 1;
	NEED(grant(MINE, 0, SP_SLOT_BY(8, 0), c) == SP_EINVAL);
	c = mine;
	c.rights = 8;
	NEED(grant(0, 0, 8, c) == SP_EINVAL);
	c = below(mine, SP_CAP_READ, 1); /* nobody lives there */
	NEED(grant(0, 0, 8, c) == SP_EINVAL);
	c = below(below(c, SP_CAP_READ, 1), SP_CAP_READ, 0);
	NEED(grant(0, 0, 8, c) == SP_ENOENT);
	NEED(grant(0, 0, SP_CAP_SLOTS, mine) == SP_EINVAL);
	NEED(grant(0, 0, SP_SLOT_BY(8, 99), mine) == SP_EPERM);
	NEED(grant(MINE, 0, 8, mine) == SP_EPERM);
	NEED(grant(99, 0, 8, mine) == SP_EPERM);
	/* The label's name opens no environment. */
	NEED(grant(MINE, child[A].env, 8, mine) == SP_EPERM);
	NEED(grant(MINE, child[A].env, SP_SLOT_BY(8, MINE), mine) == SP_EPERM);
	/* Rights to a device are no memory, and nobody lives below one. */
	NEED(sys_page_alloc(APP_CAP_CONSOLE, 1, 0, SP_PFN_ANY) == SP_EPERM);
	NEED(sys_env_create(APP_CAP_CONSOLE, "12345678901234567890123") ==
		SP_EPERM);
	/* The console it may use it may not pass on. */
	c = (struct sp_cap){ SP_CAP_WRITE, 1, { SP_NAME_CONSOLE } };
	NEED(grant(APP_CAP_CONSOLE, child[A].env, SP_SLOT_BY(8, 0), c) ==
		SP_EPERM);
	NEED(sys_page_alloc(8, 1, 0, SP_PFN_ANY) == SP_EPERM);
}

/* By capability and not without; reading is not writing; to children's children. */
static void
pass_on(void)
{
	struct sp_cap mine = below(self(), SP_CAP_ALL, LABEL), c = mine;
	uint32_t a = child[A].env, b = child[B].env;

	NEED(p_bind(A, APP_CAP_SELF, 0) == SP_EPERM);
	NEED(p_bind(A, PAGE_CAP, 0) == SP_EPERM);
	c.rights = SP_CAP_READ;
	NEED(grant(MINE, a, SP_SLOT_BY(PAGE_CAP, 0), c) == SP_OK);
	NEED(p_bind(A, PAGE_CAP, SP_MAP_WRITE) == SP_EPERM);
	NEED(p_bind(A, PAGE_CAP, 0) == SP_OK && p_load(A) == 4711);
	NEED(p_map(A, PAGE_CAP, SP_MAP_WRITE) == SP_EPERM);
	NEED(p_map(A, PAGE_CAP, 0) == SP_OK && p_load(A) == 4711);
	/* Who may not grant does not. */
	NEED(p_grant(A, PAGE_CAP, b, SP_SLOT_BY(PAGE_CAP, 0), c) == SP_EPERM);
	NEED(p_bind(B, PAGE_CAP, 0) == SP_EPERM);
	c.rights = SP_CAP_READ | SP_CAP_GRANT;
	NEED(grant(MINE, a, SP_SLOT_BY(PASS_CAP, 0), c) == SP_OK);
	c.rights = SP_CAP_READ | SP_CAP_WRITE;
	NEED(p_grant(A, PASS_CAP, b, SP_SLOT_BY(PAGE_CAP, 0), c) == SP_EPERM);
	NEED(p_grant(A, PASS_CAP, b, SP_SLOT_BY(PAGE_CAP, 0), self()) ==
		SP_EPERM);
	NEED(p_bind(B, PAGE_CAP, 0) == SP_EPERM);
	c.rights = SP_CAP_READ;
	NEED(p_grant(A, PASS_CAP, b, SP_SLOT_BY(PAGE_CAP, 0), c) == SP_OK);
	NEED(p_bind(B, PAGE_CAP, 0) == SP_OK && p_load(B) == 4711);
	/* A longer name does not open the page. */
	NEED(p_grant(A, PASS_CAP, b, SP_SLOT_BY(PASS_CAP, 0),
		     below(mine, SP_CAP_READ, LABEL)) == SP_OK);
	NEED(p_bind(B, PASS_CAP, 0) == SP_EPERM);
}

/* --- taking back ---------------------------------------------------------------------- */

static uint32_t
ended_by(uint32_t n)
{
	return child_info(&child[n])->exit_cause >> 2 & 31;
}

static void
bad_revokes(void)
{
	struct sp_cap mine = below(self(), SP_CAP_ALL, LABEL), c = mine;

	NEED(p_revoke(A, APP_CAP_SELF, mine) == SP_EPERM);
	NEED(p_revoke(A, PAGE_CAP, mine) == SP_EPERM); /* may not grant */
	NEED(p_revoke(A, PASS_CAP, mine) == SP_EPERM); /* has fewer rights */
	NEED(p_revoke(A, APP_CAP_SELF, self()) == SP_EPERM);
	NEED(p_revoke(A, 15, mine) == SP_EPERM);
	c.len = 0;
	NEED(p_revoke(A, PASS_CAP, c) == SP_EPERM);
	NEED(sys_cap_revoke(0, &c) == SP_EPERM);
	c.len = SP_CAP_NAME + 1;
	NEED(sys_cap_revoke(0, &c) == SP_EINVAL);
	c = mine;
	c.rights = 0;
	NEED(sys_cap_revoke(0, &c) == SP_EINVAL);
	NEED(sys_cap_revoke(0, NULL) == SP_EFAULT);
	NEED(p_map(A, PAGE_CAP, 0) == SP_OK && p_load(A) == 4711);
}

/* At once and everywhere: A, its child, and what both had bound. */
static void
take_back(void)
{
	struct sp_cap mine = below(self(), SP_CAP_ALL, LABEL);
	int32_t pfn;

	NEED(sys_cap_revoke(MINE, &mine) == SP_OK);
	for (uint32_t n = A; n <= B; n++) {
		NEED(p_bind(n, PAGE_CAP, 0) == SP_EPERM);
		NEED(p_map(n, PAGE_CAP, 0) == SP_EPERM);
		NEED(p_bind(n, PASS_CAP, 0) == SP_EPERM);
	}
	NEED(p_grant(A, PASS_CAP, child[B].env, SP_SLOT_BY(PAGE_CAP, 0),
		     mine) == SP_EPERM);
	/* What is not below stays. */
	pfn = p_alloc(A, APP_CAP_SELF);
	NEED(pfn > 0 && p_free(A, APP_CAP_SELF, (uint32_t)pfn) == SP_OK);
	/* Its owner has it as before. */
	NEED(*word_at(VA) == 4711);
	NEED(map_at(0, VA + SP_PAGE, frame, 1, SP_MAP_WRITE) == SP_OK);
	/* And they have nothing: the next access ends B. */
	NEED(p_load(B) == SP_EKILLED && ended_by(B) == 2);
}

/* A loses its own name: it can do nothing more with what it has, but runs. */
static void
take_its_name(void)
{
	struct sp_cap c = name_of_env(child[A].env);
	int32_t pfn = p_alloc(A, APP_CAP_SELF);

	NEED(pfn > 0);
	NEED(sys_cap_revoke(0, &c) == SP_OK);
	NEED(p_alloc(A, APP_CAP_SELF) == SP_EPERM);
	NEED(p_free(A, APP_CAP_SELF, (uint32_t)pfn) == SP_EPERM);
	NEED(puppet(&child[A], A, SP_CALL_self, 0, 0, 0, 0) ==
		(int32_t)child[A].env);
	NEED(sys_env_create(GRAND, "123456789012345678901234") > 0);
	NEED(sys_env_kill(0, child[A].env) == SP_OK);
}

/* --- death --------------------------------------------------------------------------- */

/* A's frame bears C's name; when C dies it is A's as any other. */
static void
frames_outlive_names(void)
{
	int32_t pfn;

	child[A] = child_start(puppet_main, A, comm);
	child[C] = child_start(puppet_main, C, comm);
	NEED(grant(0, child[A].env, PAGE_CAP, name_of_env(child[C].env)) ==
		SP_OK);
	pfn = p_alloc(A, PAGE_CAP);
	NEED(pfn > 0);
	NEED(p_free(A, APP_CAP_SELF, (uint32_t)pfn) == SP_EPERM);
	NEED(sys_env_kill(0, child[C].env) == SP_OK);
	NEED(p_alloc(A, PAGE_CAP) == SP_EPERM);
	NEED(p_free(A, APP_CAP_SELF, (uint32_t)pfn) == SP_OK);
	child_forget(&child[A]);
	child_forget(&child[C]);
}

/* A slot is used again and again; who held the name of one that lived there opens
 * nothing of the later ones. */
static void
names_are_not_reused(void)
{
	static const char name[SP_NAME] = "again";
	const struct sp_start start = { .pc = SP_USER_BASE, .slices = 1 };
	uint32_t lives = 0, slot;
	int32_t env = sys_env_create(0, name);
	struct sp_cap first = name_of_env((uint32_t)env);

	slot = (uint32_t)env % SP_MAX_ENVS;
	NEED(env > 0 && grant(0, 0, PAGE_CAP, first) == SP_OK);
	NEED(sys_env_kill(PAGE_CAP, (uint32_t)env) == SP_OK);
	NEED(sys_page_alloc(PAGE_CAP, 1, 0, SP_PFN_ANY) == SP_EPERM);
	NEED(grant(0, 0, PAGE_CAP, first) == SP_ENOENT);
	while (lives < 20) {
		int32_t next = sys_env_create(0, name);

		NEED(next > 0);
		if ((uint32_t)next % SP_MAX_ENVS == slot) {
			lives++;
			NEED(next != env);
			NEED(sys_env_kill(0, (uint32_t)env) == SP_ENOENT);
			NEED(grant(0, 0, PAGE_CAP, first) == SP_ENOENT);
			NEED(sys_env_start(PAGE_CAP, (uint32_t)next, &start) ==
				SP_EPERM);
		}
		NEED(sys_env_kill(0, (uint32_t)next) == SP_OK);
	}
}

int
app_main(uint32_t a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	make_family();
	NEED(memcmp(name_of_b().name, frame_of(frame)->name.name, 3) == 0);
	bad_grants();
	pass_on();
	bad_revokes();
	take_back();
	take_its_name();
	frames_outlive_names();
	names_are_not_reused();
	print("caps: fine\n");
	return 0;
}
