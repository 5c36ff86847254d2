/*
 * drone.c - children that run random instructions, or random system calls.
 */
#include "dpf/mips.h"
#include "tests/fuzz/syscall/fuzz.h"

enum { WINDOW_VA = 0x3a000000, WORDS = 64, DRONES = 2 };

static struct {
	uint32_t env, pfn;
} drone[DRONES];
static uint32_t next;

/* What user mode must not do, or not notice. */
static const uint32_t nasty[] = {
	0x7000003f, /* sdbbp */
	0x7000007f, /* sdbbp 1: semihosting */
	0xbc000000, /* cache */
	0xbd1f0000, /* cache */
	0x42000020, /* wait */
	0x42000018, /* eret */
	0x4200001f, /* deret */
	0x42000002, /* tlbwi */
	0x42000006, /* tlbwr */
	0x42000008, /* tlbp */
	0x41606000, /* di */
	0x41606020, /* ei */
	0x40806000, /* mtc0 $zero, Status */
	0x4080f000, /* mtc0 $zero, ErrorEPC */
	0x40026000, /* mfc0 $v0, Status */
	0x40806800, /* mtc0 $zero, Cause */
	0x44000000, /* mfc1 */
	0x46000000, /* add.s */
	0x48000000, /* coprocessor 2 */
	0x7c02103b, /* rdhwr $v0, $2 */
	0x7c02e83b, /* rdhwr $v0, $29 */
	0x7c02003b, /* rdhwr $v0, $0 */
	0x7c430838, /* DSP */
	0x041f0000, /* synci 0($zero) */
	0x0000000d, /* break */
	0x00000034, /* teq */
	0x0000000c, /* syscall */
	0x0000000f, /* sync */
	0xc0420000, /* ll $v0, 0($v0) */
	0xe0420000, /* sc $v0, 0($v0) */
	0x77000000, /* jalx */
	0x1000fffe, /* b back, with a nasty delay slot */
	0x00400008, /* jr $v0 */
	0x0040f809, /* jalr $v0 */
};

static void
random_code(uint32_t *code)
{
	for (uint32_t i = 0; i < WORDS; i++)
		code[i] = one_in(2)   ? rnd()
			  : one_in(2) ? nasty[below(ARRAY_LEN(nasty))]
				      : MIPS_NOP;
}

/* Random calls for ever: registers from a generator in them. */
static void
random_calls(uint32_t *code)
{
	static const uint8_t reg[] = { MIPS_V0, MIPS_A0, MIPS_A1, MIPS_A2 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < WORDS / 4 - 1; i++) {
		for (uint32_t r = 0; r < 3; r++)
			code[n++] = mips_i(
				one_in(2) ? MIPS_OP_addiu : MIPS_OP_lui, reg[r],
				0,
				(int16_t)(one_in(2) ? below(SP_CALL_COUNT)
						    : rnd()));
		/* No exit, no wait: it is to go on. */
		code[n++] = MIPS_OP_syscall;
	}
	code[n] = mips_i(MIPS_OP_beq, 0, 0, -(int32_t)n - 1);
}

static void
drop(uint32_t i)
{
	if (drone[i].env == 0)
		return;
	(void)sys_env_kill(APP_CAP_SELF, drone[i].env);
	(void)sys_page_free(APP_CAP_SELF, drone[i].pfn, 1);
	drone[i].env = 0;
}

static void
fill(uint32_t pfn)
{
	const struct sp_map m = {
		.va = WINDOW_VA, .pfn = pfn, .count = 1, .flags = SP_MAP_WRITE
	};

	if (sys_map(&m) < 0)
		return;
	if (one_in(2))
		random_code((uint32_t *)WINDOW_VA);
	else
		random_calls((uint32_t *)WINDOW_VA);
	sys_sync_code((void *)WINDOW_VA, SP_PAGE);
	(void)sys_unmap(APP_CAP_SELF, 0, WINDOW_VA, 1);
}

void
drone_make(void)
{
	static const char name[SP_NAME] = "drone";
	uint32_t i = next++ % DRONES;
	const struct sp_start s = { .pc = DRONE_VA + (below(WORDS) * 4),
		.sp = DRONE_VA + SP_PAGE,
		.slices = 1 };
	struct sp_map m = { .va = DRONE_VA, .count = 1 };

	drop(i);

	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, PFN_ANY);
	int32_t env = pfn < 0 ? pfn : sys_env_create(APP_CAP_SELF, name);

	if (env < 0) {
		if (pfn > 0)
			(void)sys_page_free(APP_CAP_SELF, (uint32_t)pfn, 1);
		return;
	}
	drone[i].env = (uint32_t)env;
	drone[i].pfn = (uint32_t)pfn;
	own_id(K_ENV, drone[i].env);
	fill(drone[i].pfn);
	m.env = drone[i].env;
	m.pfn = drone[i].pfn;
	m.flags = value_of(K_MAPFLAGS) & SP_MAP_WRITE;
	if (sys_map(&m) < 0 || sys_env_start(APP_CAP_SELF, m.env, &s) < 0)
		drop(i);
}
