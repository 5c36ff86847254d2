/*
 * attack_envs.c - children without end, capabilities it has not, and in the end a
 * child that kills it while other children run.
 */
#include "dpf/mips.h"
#include "tests/attack/attack.h"

enum { CODE_VA = 0x10000000, GRAND = 5, GREAT = 6 };

static const char child_name[SP_NAME] = "attack-child";

/* What children run; each ends with `b .`. */
#define FOREVER 0x1000ffff, 0
static const struct {
	char name[16];
	uint32_t code[6];
} ways[] = {
	{ "write-info", { 0x3c087000, 0xad000000, FOREVER } },
	{ "read-kernel", { 0x3c088010, 0x8d080000, FOREVER } },
	{ "semihosting", { 0x24190001, 0x24040005, 0x7000007f, FOREVER } },
	{ "mtc0", { 0x40806000, FOREVER } },
	{ "eret", { 0x42000018, FOREVER } },
	{ "wait", { 0x42000020, FOREVER } },
	{ "tlbwi", { 0x42000002, FOREVER } },
	{ "cache", { 0xbc000000, FOREVER } },
	{ "fpu", { 0x44000000, FOREVER } },
	{ "di", { 0x41606000, FOREVER } },
	{ "rdhwr-cc-res", { 0x7c02003b, FOREVER } },
	{ "dsp", { 0x7c430838, FOREVER } },
	{ "synci", /* does nothing, and then it exits */
		{ 0x3c088010, 0x051f0000, 0x24020005, 0x0000000c } },
	{ "cache-kernel", { 0x3c088010, 0xbd150000, FOREVER } },
	{ "errorepc", { 0x4080f000, FOREVER } },
	{ "read-errorepc", { 0x4002f000, FOREVER } },
	{ "desave", { 0x4080f800, FOREVER } },
	{ "entryhi", { 0x40805000, FOREVER } },
	{ "deret", { 0x4200001f, FOREVER } },
	{ "tlbwr", { 0x42000006, FOREVER } },
	{ "tlbp", { 0x42000008, FOREVER } },
	{ "ei", { 0x41606020, FOREVER } },
	{ "sdbbp", { 0x7000003f, FOREVER } },
	{ "jump-vector", { 0x3c088000, 0x35080180, 0x01000008, 0 } },
	{ "jump-kernel", { 0x3c088010, 0x01000008, 0, FOREVER } },
	{ "jump-kseg1", { 0x3c08a010, 0x01000008, 0, FOREVER } },
	{ "jump-rom", { 0x3c08bfc0, 0x01000008, 0, FOREVER } },
	{ "write-kernel", { 0x3c088010, 0xad000000, FOREVER } },
	{ "write-kseg1", { 0x3c08bf00, 0xad000500, FOREVER } },
	{ "write-kseg2", { 0x3c08c000, 0xad000000, FOREVER } },
	{ "read-left", { 0x3c088010, 0x89020001, FOREVER } },
	{ "write-right", { 0x3c088010, 0xb9020001, FOREVER } },
	{ "linked", { 0x3c088010, 0xc1020000, FOREVER } },
	{ "conditional", /* fails, and then it exits */
		{ 0x3c088010, 0xe1020000, 0x24020005, 0x0000000c } },
	{ "write-frames", { 0x3c087100, 0xad000000, FOREVER } },
	{ "write-stlb", { 0x3c087200, 0xad000000, FOREVER } },
	{ "write-text", { 0x3c081000, 0xad000000, FOREVER } },
	{ "cop2", { 0x48000000, FOREVER } },
	{ "load-fpu", { 0x3c081000, 0xc5000000, FOREVER } },
	{ "rdhwr-29", { 0x7c02e83b, FOREVER } },
	{ "rdpgpr", { 0x41400000, FOREVER } },
	{ "trap", { 0x00000034, FOREVER } },
	{ "overflow", { 0x3c087fff, 0x01084020, FOREVER } },
	{ "unaligned", { 0x3c081000, 0x8d020002, FOREVER } },
	{ "slot", { 0x3c088010, 0x10000001, 0x8d080000, FOREVER } },
};

static int32_t
create(uint32_t cap)
{
	return sys_env_create(cap, child_name);
}

static int32_t
start(uint32_t env, uint32_t slices, uint32_t pc)
{
	struct sp_start s = { .pc = pc, .slices = slices };

	return sys_env_start(APP_CAP_SELF, env, &s);
}

/* A child that runs CODE. */
static uint32_t
child(const uint32_t *code, uint32_t words)
{
	uint32_t pfn = own_pages(SPARE_VA, 1), env = (uint32_t)create(0);
	struct sp_map m = { .env = env, .va = CODE_VA, .pfn = pfn, .count = 1 };

	for (uint32_t i = 0; i < words; i++)
		((uint32_t *)SPARE_VA)[i] = code[i];
	sys_sync_code((void *)SPARE_VA, words * 4);
	(void)sys_map(&m);
	(void)sys_unmap(APP_CAP_SELF, 0, SPARE_VA, 1);
	return env;
}

static uint32_t
cause_of(uint32_t env)
{
	const struct sp_env_info *e = &app_info()->env[env % SP_MAX_ENVS];

	while (e->id == env && e->state != SP_ENV_DEAD)
		(void)sys_yield(env);
	return e->exit_cause >> 2 & 31;
}

static void
bad_instructions(void)
{
	for (uint32_t i = 0; i < ARRAY_LEN(ways); i++) {
		uint32_t env = child(ways[i].code, ARRAY_LEN(ways[i].code));

		(void)start(env, 1, CODE_VA);
		print("attack: dies-%s %u\n", ways[i].name, cause_of(env));
	}
}

/* --- capabilities ----------------------------------------------------------- */

/* What ENV's part of a name is. */
static void
append(struct sp_cap *c, uint32_t at, uint32_t env)
{
	c->name[at] = (uint8_t)(env % SP_MAX_ENVS + 1);
	c->name[at + 1] = (uint8_t)(env >> 8);
	c->name[at + 2] = (uint8_t)(env >> 16);
}

static struct sp_cap
name_of(uint32_t env, uint32_t len, uint8_t rights)
{
	uint32_t self = (uint32_t)sys_self();
	struct sp_cap c = { .rights = rights, .len = (uint8_t)len };

	append(&c, 0, self);
	append(&c, 3, env);
	return c;
}

static int32_t
grant(uint32_t cap, uint32_t env, uint32_t slot, struct sp_cap c)
{
	return sys_cap_grant(cap, env, slot, &c);
}

static void
bad_grants(uint32_t env)
{
	uint32_t agent = app_info()->env[0].id;

	tried("grant-root", grant(0, 0, 2, name_of(env, 0, SP_CAP_ALL)));
	tried("grant-half", grant(0, 0, 2, name_of(env, 1, SP_CAP_ALL)));
	tried("grant-rights", grant(0, 0, 2, name_of(env, 3, 0xff)));
	tried("grant-long", grant(0, 0, 2, name_of(env, 11, SP_CAP_ALL)));
	tried("grant-slot", grant(0, 0, 16, name_of(env, 6, SP_CAP_ALL)));
	tried("grant-agent", grant(0, agent, 2, name_of(env, 6, SP_CAP_ALL)));
	tried("grant-cut", grant(0, 0, 2, name_of(env, 5, SP_CAP_ALL)));
	tried("grant-dead",
		grant(0, 0, 2, name_of(env ^ 0x100, 6, SP_CAP_ALL)));
	tried("grant-weak", grant(0, 0, 3, name_of(env, 3, SP_CAP_WRITE)));
	tried("grant-by-weak", grant(3, 0, 4, name_of(env, 6, SP_CAP_WRITE)));
	tried("create-by-weak", create(3));
	tried("create-by-none", create(9));
	tried("kill-agent", sys_env_kill(0, agent));
	tried("kill-stale", sys_env_kill(0, env ^ 0x100));
	tried("kill-wild", sys_env_kill(0, ~0u));
	tried("start-agent", start(agent, 1, CODE_VA));
}

static void
deep_names(uint32_t env)
{
	struct sp_cap c = name_of(env, 6, SP_CAP_ALL);
	int32_t grand;

	tried("deep-grant", grant(0, 0, GRAND, c));
	grand = create(GRAND);
	tried("deep-create", grand);
	c.len = 9;
	append(&c, 6, (uint32_t)grand);
	tried("deep-grant-2", grant(0, 0, GREAT, c));
	tried("deep-create-2", create(GREAT));
	tried("deep-kill", sys_env_kill(0, env));
	tried("deep-gone", sys_env_kill(0, (uint32_t)grand));
}

static void
bad_starts(void)
{
	static const uint32_t loop[] = { FOREVER };
	uint32_t env = child(loop, ARRAY_LEN(loop));

	tried("start-no-slice", start(env, 0, CODE_VA));
	tried("start-slices", start(env, 65, CODE_VA));
	tried("start", start(env, 1, CODE_VA));
	tried("start-twice", start(env, 1, CODE_VA));
	tried("yield-to", sys_yield(env));
	tried("kill", sys_env_kill(0, env));
	tried("kill-twice", sys_env_kill(0, env));
	tried("yield-to-dead", sys_yield(env));
	env = (uint32_t)create(0);
	(void)start(env, 1, (uint32_t)KERNEL_VA);
	print("attack: dies-kernel-pc %u\n", cause_of(env));
}

static void
many(void)
{
	uint32_t env[SP_MAX_ENVS];
	uint32_t n = 0;
	int32_t id = 0;

	while (n < SP_MAX_ENVS && (id = create(0)) >= 0)
		env[n++] = (uint32_t)id;
	tried("many", id);
	while (n > 0)
		(void)sys_env_kill(0, env[--n]);
}

/* Children that run, and one that is allowed to kill us and does. */
static void
die_by_child(void)
{
	static const uint32_t loop[] = { FOREVER };
	const uint32_t killer[] = {
		mips_i(MIPS_OP_addiu, MIPS_A0, 0, 1),
		mips_i(MIPS_OP_lui, MIPS_A1, 0, sys_self() >> 16),
		mips_i(MIPS_OP_ori, MIPS_A1, MIPS_A1, sys_self() & 0xffff),
		mips_i(MIPS_OP_addiu, MIPS_V0, 0, SP_CALL_env_kill),
		MIPS_OP_syscall,
		FOREVER,
	};
	uint32_t env = child(loop, ARRAY_LEN(loop));

	(void)start(env, 1, CODE_VA);
	(void)create(0); /* never started */
	env = child(killer, ARRAY_LEN(killer));
	tried("grant-self", grant(0, env, 1, name_of(env, 3, SP_CAP_ALL)));
	tried("done", 0);
	(void)start(env, 1, CODE_VA);
	for (;;)
		(void)sys_yield(env);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t env;

	(void)a0;
	(void)a1;
	bad_instructions();
	bad_starts();
	env = (uint32_t)create(0);
	bad_grants(env);
	deep_names(env);
	many();
	die_by_child();
	return 0;
}
