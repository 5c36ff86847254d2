/*
 * ash_words.c - single words that the verifier accepts do on the 24Kf what its table
 * says.
 *
 * Usage: ash_words COUNT SEED.  Takes words of the table with whatever fits in their
 * open fields, and some with a bit of the code changed.  What is accepted runs
 * alone, twice, the second time with other values where a handler must not look.
 * It must go on to the next word or fault at its own address, leave the dedicated
 * registers in their regions and touch nothing else.  Jumps are ash_generate.c's
 * matter.  Exit status 1 after printing the first hole.
 */
#include "ash/host/ash_host.h"
#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
	REGS = 32,
	HI = REGS,
	LO,
	STATUS,
	ALL_REGS,
	CODE_BITS = 8,
	DATA_BITS = 12,
	WORDS = 1 << (CODE_BITS - 2),
	PAGE = 4096,
	BEFORE = ASH_VM_CODE + 4 * ASH_FIRST_WORD,
};

struct state {
	uint32_t reg[ALL_REGS], pc;
	bool stored, strayed, trapped;
};

struct words {
	uc_engine *uc;
	struct ash_params p;
	uint64_t state;
	uint32_t code[WORDS];
	uint8_t scratch[WORDS * ASH_SCRATCH];
	struct state *run; /* what the hooks write to */
	uint64_t accepted, trapped;
};

static const struct {
	uint32_t match, mask;
	uint8_t kind;
} table[] = {
#define X(name, match, mask, kind) { match, mask, kind },
	MIPS_INSNS(X)
#undef X
};

static uint32_t
rnd(struct words *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return (uint32_t)(f->state >> 16);
}

/* --- the machine ----------------------------------------------------------------- */

static bool
is_within(uint32_t at, uint32_t size, uint32_t base, uint32_t bytes)
{
	return at - base < bytes && size <= bytes - (at - base);
}

static void
on_memory(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
	int64_t value, void *user)
{
	struct words *f = user;
	uint32_t at = (uint32_t)address, n = (uint32_t)size;
	bool frame = is_within(at, n, ASH_VM_SLOT - PAGE / 2, PAGE + PAGE / 2);

	(void)uc;
	(void)value;
	if (!frame && !is_within(at, n, ASH_VM_DATA - ASH_DEAD_ZONE,
			      BIT(DATA_BITS) + 2 * ASH_DEAD_ZONE))
		f->run->strayed = true;
	if (frame && type == UC_MEM_WRITE)
		f->run->stored = true;
}

/* The word itself, and where it goes. */
static void
on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct words *f = user;

	(void)size;
	f->run->pc = (uint32_t)address;
	if (address != BEFORE)
		(void)uc_emu_stop(uc);
}

static void
on_exception(uc_engine *uc, uint32_t number, void *user)
{
	struct words *f = user;

	(void)number;
	f->run->trapped = true;
	(void)uc_emu_stop(uc);
}

#define HOOK(type, function)                                                   \
	uc_hook_add(f->uc, &hook, (type), (void *)(uintptr_t)(function), f,    \
		(uint64_t)1, (uint64_t)0)

static bool
open_machine(struct words *f)
{
	uc_hook hook;

	return uc_open(UC_ARCH_MIPS, UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN,
		       &f->uc) == UC_ERR_OK &&
	       uc_ctl_set_cpu_model(f->uc, UC_CPU_MIPS32_24KF) == UC_ERR_OK &&
	       uc_mem_map(f->uc, ASH_VM_CODE, PAGE, UC_PROT_ALL) == UC_ERR_OK &&
	       uc_mem_map(f->uc, ASH_VM_DATA - PAGE, 3 * PAGE, UC_PROT_ALL) ==
		       UC_ERR_OK &&
	       uc_mem_map(f->uc, ASH_VM_SLOT - PAGE, 3 * PAGE, UC_PROT_ALL) ==
		       UC_ERR_OK &&
	       HOOK(UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, on_memory) ==
		       UC_ERR_OK &&
	       HOOK(UC_HOOK_CODE, on_code) == UC_ERR_OK &&
	       HOOK(UC_HOOK_INTR, on_exception) == UC_ERR_OK;
}

static int
register_id(uint32_t i)
{
	switch (i) {
	case HI:
		return UC_MIPS_REG_HI;
	case LO:
		return UC_MIPS_REG_LO;
	case STATUS:
		return UC_MIPS_REG_CP0_STATUS;
	default:
		return UC_MIPS_REG_0 + (int)i;
	}
}

static bool
run(struct words *f, const struct state *from, struct state *to)
{
	uint32_t i;
	uc_err err;

	*to = (struct state){ 0 };
	f->run = to;
	for (i = 1; i < STATUS; i++)
		if (uc_reg_write(f->uc, register_id(i), &from->reg[i]) !=
			UC_ERR_OK)
			return false;
	err = uc_emu_start(f->uc, BEFORE, ASH_VM_EXIT, 0, 0);
	if (err != UC_ERR_OK)
		to->trapped = true;
	for (i = 0; i < ALL_REGS; i++)
		if (uc_reg_read(f->uc, register_id(i), &to->reg[i]) !=
			UC_ERR_OK)
			return false;
	return true;
}

/* --- words ------------------------------------------------------------------------ */

static uint32_t
some_word(struct words *f)
{
	uint32_t i = rnd(f) % ARRAY_LEN(table), w = rnd(f);

	if (rnd(f) % 3 == 0) /* a dedicated register */
		w = (w & ~(31u << 16)) | (21 + rnd(f) % 11) << 16;
	if (rnd(f) % 3 == 0)
		w = (w & ~(31u << 21)) | (21 + rnd(f) % 4) << 21;
	if (rnd(f) % 2 == 0) /* a short offset */
		w &= 0xffff07ff;
	w = table[i].match | (w & ~table[i].mask);
	if (rnd(f) % 4 == 0)
		w ^= BIT(rnd(f) % 32);
	return w;
}

/* Every operation that lets control go on is tried; transfers are not. */
static bool
is_control(uint32_t w)
{
	uint32_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if ((w & table[i].mask) == table[i].match)
			return table[i].kind >= MIPS_BRANCH &&
			       table[i].kind <= MIPS_JR;
	return false;
}

static void
some_state(struct words *f, struct state *s)
{
	uint32_t i;

	*s = (struct state){ 0 };
	for (i = 1; i < STATUS; i++)
		s->reg[i] = rnd(f) % 4 == 0 ? rnd(f) % 64 : rnd(f);
	s->reg[ASH_REG_BUDGET] &= 0x3ffff;
	s->reg[ASH_REG_FRAME] = ASH_VM_SLOT + ASH_FRAME_AT;
	s->reg[ASH_REG_INDEX] = ASH_VM_SLOT | rnd(f) % BIT(ASH_INDEX_BITS);
	s->reg[ASH_REG_DATA] = ASH_VM_DATA | rnd(f) % BIT(DATA_BITS);
	s->reg[ASH_REG_SP] = ASH_VM_DATA | rnd(f) % BIT(DATA_BITS);
	s->reg[ASH_REG_RA] =
		ASH_VM_CODE | (rnd(f) % BIT(CODE_BITS) & ~(ASH_BUNDLE - 1u));
}

static const char *
judge(const struct state *from, const struct state *to,
	const struct ash_report *r)
{
	const uint32_t *v = to->reg;

	if (to->strayed)
		return "memory";
	if (to->stored && r->stores_frame == 0)
		return "a store to the frame that is not reported";
	if (to->trapped)
		return to->pc == BEFORE ? NULL : "a fault elsewhere";
	if (to->pc != BEFORE + 4)
		return "control";
	if (v[0] != 0 || v[ASH_REG_BUDGET] != from->reg[ASH_REG_BUDGET] ||
		v[ASH_REG_FRAME] != from->reg[ASH_REG_FRAME] ||
		v[MIPS_K0] != from->reg[MIPS_K0] ||
		v[MIPS_K1] != from->reg[MIPS_K1] ||
		v[MIPS_GP] != from->reg[MIPS_GP])
		return "a register that is never written";
	if (v[ASH_REG_INDEX] - ASH_VM_SLOT >= BIT(ASH_INDEX_BITS) ||
		v[ASH_REG_DATA] - ASH_VM_DATA >= BIT(DATA_BITS) ||
		v[ASH_REG_SP] - ASH_VM_DATA >= BIT(DATA_BITS) ||
		v[ASH_REG_RA] - ASH_VM_CODE >= BIT(CODE_BITS) ||
		v[ASH_REG_RA] % ASH_BUNDLE != 0)
		return "a dedicated register out of its region";
	return NULL;
}

/* The same, whatever $k0, $k1 and $gp hold. */
static bool
is_blind(const struct state *a, const struct state *b)
{
	uint32_t i;

	for (i = 0; i < ALL_REGS; i++)
		if (i != MIPS_K0 && i != MIPS_K1 && i != MIPS_GP &&
			a->reg[i] != b->reg[i])
			return false;
	return a->pc == b->pc && a->trapped == b->trapped;
}

static bool
is_exact(struct words *f, const struct ash_report *r)
{
	struct state from, one, two;
	const char *what;
	uint32_t status;

	some_state(f, &from);
	if (uc_mem_write(f->uc, BEFORE, &f->code[ASH_FIRST_WORD], 4) !=
			UC_ERR_OK ||
		uc_ctl_remove_cache(f->uc, ASH_VM_CODE, ASH_VM_CODE + PAGE) !=
			UC_ERR_OK ||
		uc_reg_read(f->uc, UC_MIPS_REG_CP0_STATUS, &status) !=
			UC_ERR_OK ||
		!run(f, &from, &one))
		return false;
	f->trapped += one.trapped;
	what = judge(&from, &one, r);
	if (what == NULL && !one.trapped && one.reg[STATUS] != status)
		what = "Status";
	if (what == NULL && !one.trapped && !one.stored) {
		from.reg[MIPS_K0] ^= rnd(f);
		from.reg[MIPS_K1] ^= rnd(f);
		from.reg[MIPS_GP] ^= rnd(f);
		if (!run(f, &from, &two))
			return false;
		if (!is_blind(&one, &two))
			what = "a forbidden register is read";
	}
	if (what == NULL)
		return true;
	printf("HOLE: %s, pc %x\n", what, one.pc);
	return false;
}

static bool
try_one(struct words *f)
{
	struct ash_report r;
	uint32_t w = some_word(f);
	char insn[80];

	f->code[ASH_FIRST_WORD] = w;
	if (is_control(w) || ash_verify(f->code, WORDS, &f->p, f->scratch,
				     sizeof(f->scratch), &r) != SP_OK)
		return true;
	f->accepted++;
	if (is_exact(f, &r))
		return true;
	ash_host_insn(w, BEFORE, insn, sizeof(insn));
	printf("%08x  %s\n", w, insn);
	return false;
}

int
main(int argc, char **argv)
{
	static struct words f;
	uint64_t count, i;

	if (argc != 3) {
		fprintf(stderr, "usage: ash_words COUNT SEED\n");
		return 2;
	}
	count = strtoull(argv[1], NULL, 0);
	f.state = strtoull(argv[2], NULL, 0) * 2 + 1;
	ash_vm_params(CODE_BITS, DATA_BITS, 0, &f.p);
	for (i = 0; i < WORDS; i++)
		f.code[i] = MIPS_OP_break;
	f.code[ASH_FIRST_WORD + 1] = mips_jump(MIPS_OP_j, ASH_VM_CODE);
	f.code[ASH_FIRST_WORD + 2] = MIPS_NOP;
	if (!open_machine(&f))
		return 2;
	for (i = 0; i < count; i++)
		if (!try_one(&f)) {
			printf("word %llu of seed %s\n", (unsigned long long)i,
				argv[2]);
			return 1;
		}
	printf("%llu words: %llu accepted, of which %llu faulted, no hole\n",
		(unsigned long long)count, (unsigned long long)f.accepted,
		(unsigned long long)f.trapped);
	(void)uc_close(f.uc);
	return 0;
}
