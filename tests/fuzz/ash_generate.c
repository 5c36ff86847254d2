/*
 * ash_generate.c - handlers made of nothing but odd corners are refused, or harmless.
 *
 * Usage: ash_generate COUNT SEED.  Strings together what a handler may consist of
 * (payments, guards, calls, returns, branches to anywhere), lets the verifier object
 * and changes only what it objects to, with costs that just suffice.  What it
 * then accepts lies on the border of what is allowed; it runs on random frames under
 * emulation as in ash_mutate.c.  The same seed gives the same handlers.  Exit
 * status 1 after printing the first hole.
 */
#include "ash/host/ash_host.h"
#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

enum {
	CODE_BITS = 10, /* at most */
	ROOM = 1 << (CODE_BITS - 2),
	DATA_BITS = 12,
	FRAMES = 3,
	FRAME_ROOM = 2048,
	REPAIRS = 400,
};

struct gen {
	struct ash_vm *vm;
	struct ash_params p;
	uint64_t state;
	uint32_t code[ROOM];
	uint8_t aims[ROOM]; /* this word's target is to be chosen */
	uint32_t end, words, budget;
	uint8_t data[1 << DATA_BITS], scratch[ROOM * ASH_SCRATCH];
	uint64_t accepted, runs, ended[4], executed, bounded;
};

static uint32_t
rnd(struct gen *g, uint32_t below)
{
	g->state ^= g->state << 13;
	g->state ^= g->state >> 7;
	g->state ^= g->state << 17;
	return (uint32_t)(g->state >> 16) % below;
}

/* --- registers --------------------------------------------------------------- */

/* Few, so that one instruction's result is another's operand. */
static uint32_t
free_reg(struct gen *g)
{
	static const uint8_t regs[] = { 0, 1, 2, 4, 8, 16, 25, 30 };

	return regs[rnd(g, ARRAY_LEN(regs))];
}

static uint32_t
source_reg(struct gen *g)
{
	return rnd(g, 4) == 0 ? rnd(g, 32) : free_reg(g);
}

static uint32_t
dest_reg(struct gen *g)
{
	return rnd(g, 60) == 0 ? rnd(g, 32) : free_reg(g);
}

static uint32_t
base_reg(struct gen *g)
{
	static const uint8_t regs[] = { ASH_REG_FRAME, ASH_REG_INDEX,
		ASH_REG_DATA, ASH_REG_SP };

	return regs[rnd(g, ARRAY_LEN(regs))];
}

/* --- instructions that go on -------------------------------------------------- */

static const struct {
	uint32_t match, mask;
	uint8_t kind;
} table[] = {
#define X(name, match, mask, kind) { match, mask, kind },
	MIPS_INSNS(X)
#undef X
};

static uint32_t
field(uint32_t w, uint32_t shift, uint32_t reg)
{
	return (w & ~(31u << shift)) | reg << shift;
}

/* Any word of the table that computes, odd fields included. */
static uint32_t
computing(struct gen *g)
{
	uint32_t i, w;

	do
		i = rnd(g, ARRAY_LEN(table));
	while (table[i].kind > MIPS_HILO);
	w = rnd(g, UINT32_MAX);
	w = field(w, 21, source_reg(g));
	w = field(
		w, 16, table[i].kind == MIPS_RD ? source_reg(g) : dest_reg(g));
	if (table[i].kind == MIPS_RD)
		w = field(w, 11, dest_reg(g));
	return table[i].match | (w & ~table[i].mask);
}

static uint32_t
access_memory(struct gen *g)
{
	uint32_t i, base = base_reg(g);
	int32_t off = (int32_t)rnd(g, 4100) - 2050;

	do
		i = rnd(g, ARRAY_LEN(table));
	while (table[i].kind != MIPS_LOAD && table[i].kind != MIPS_STORE);
	if (rnd(g, 8) != 0)
		off = (off & ~3) + (base == ASH_REG_FRAME ? 2 : 0);
	return table[i].match | base << 21 | dest_reg(g) << 16 |
	       ((uint32_t)off & 0xffff);
}

static uint32_t
guard(struct gen *g)
{
	uint32_t rs = source_reg(g), odd = rnd(g, 40) == 0;

	switch (rnd(g, 6)) {
	case 0:
		return mips_ins(ASH_REG_DATA, rs, 0, DATA_BITS + odd);
	case 1:
		return mips_ins(ASH_REG_SP, rs, odd, DATA_BITS);
	case 2:
		return mips_ins(ASH_REG_INDEX, rs, 0, ASH_INDEX_BITS - odd);
	default:
		return mips_ins(
			ASH_REG_RA, rs, 4 - odd, g->p.code_bits - 4 + odd);
	}
}

static uint32_t
plain(struct gen *g)
{
	switch (rnd(g, 10)) {
	case 0:
	case 1: /* the number of a bundle, or some other small one */
		return mips_i(MIPS_OP_addiu, free_reg(g), 0,
			(int32_t)rnd(g, ROOM / 4));
	case 2:
	case 3:
		return access_memory(g);
	case 4:
	case 5:
		return guard(g);
	case 6:
		return MIPS_NOP;
	default:
		return computing(g);
	}
}

/* --- pieces -------------------------------------------------------------------- */

static void
put(struct gen *g, uint32_t w)
{
	if (g->end < g->words - 3)
		g->code[g->end++] = w;
}

/* A jump or branch whose target is chosen when all is there; then its slot. */
static void
put_aimed(struct gen *g, uint32_t w)
{
	g->aims[g->end] = 1;
	put(g, w);
	put(g, plain(g));
}

static void
pad_to(struct gen *g, uint32_t want)
{
	if (rnd(g, 30) == 0)
		return;
	while (g->end % 4 != want && g->end < g->words - 3)
		put(g, plain(g));
}

static void
put_payment(struct gen *g)
{
	put(g, mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET, -1));
	put(g, mips_i(MIPS_OP_bltz, 0, ASH_REG_BUDGET,
		       ASH_ABORT_WORD - (int32_t)g->end - 1));
	if (rnd(g, 20) != 0)
		put(g, plain(g));
}

static void
put_return(struct gen *g)
{
	pad_to(g, 0);
	put_payment(g);
	put(g, mips_r(MIPS_OP_jr, 0, ASH_REG_RA, 0));
	put(g, plain(g));
}

static uint32_t
branch(struct gen *g)
{
	uint32_t i;

	if (rnd(g, 4) == 0)
		return mips_i(MIPS_OP_beq, 0, 0, 0);
	do
		i = rnd(g, ARRAY_LEN(table));
	while (table[i].kind != MIPS_BRANCH);
	return table[i].match |
	       ((source_reg(g) << 21 | source_reg(g) << 16) & ~table[i].mask);
}

static void
put_piece(struct gen *g)
{
	switch (rnd(g, 12)) {
	case 0:
		put_payment(g);
		break;
	case 1:
		put_return(g);
		break;
	case 2:
		pad_to(g, 2);
		put_aimed(g, MIPS_OP_jal);
		break;
	case 3:
		pad_to(g, 2);
		put(g, mips_jump(MIPS_OP_jal, ASH_VM_STUBS + 16 * rnd(g, 2)));
		put(g, plain(g));
		break;
	case 4:
		put_aimed(g, MIPS_OP_j);
		break;
	case 5:
	case 6:
		put_aimed(g, branch(g));
		break;
	default:
		put(g, plain(g));
		break;
	}
}

/* --- targets -------------------------------------------------------------------- */

static bool
is_cost(uint32_t w)
{
	return (w & 0xffff0000) ==
	       mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET, 0);
}

static uint32_t
some_target(struct gen *g)
{
	uint32_t to = ASH_FIRST_WORD + rnd(g, g->end - ASH_FIRST_WORD), i;

	switch (rnd(g, 10)) {
	case 0:
		return rnd(g, 8); /* a header bundle */
	case 1:
	case 2:
	case 3:
	case 4: /* the next payment */
		for (i = to; i < g->end; i++)
			if (is_cost(g->code[i]))
				return i;
		return to;
	default:
		return to;
	}
}

static void
aim(struct gen *g, uint32_t at)
{
	uint32_t w = g->code[at], to = some_target(g);

	if ((w & 0xf8000000) == MIPS_OP_j) /* j and jal */
		g->code[at] = (w & 0xfc000000) |
			      ((ASH_VM_CODE / 4 + to) & 0x03ffffff);
	else
		g->code[at] = (w & 0xffff0000) | ((to - at - 1) & 0xffff);
}

/* --- a handler that is accepted --------------------------------------------------- */

static void
generate(struct gen *g)
{
	uint32_t bits = CODE_BITS - rnd(g, 3), stop, i;

	ash_vm_params(bits, DATA_BITS,
		BIT(ASH_IMPORT_ash_wake) | BIT(ASH_IMPORT_ash_clock), &g->p);
	g->words = BIT(bits - 2);
	for (i = 0; i < g->words; i++)
		g->code[i] = MIPS_OP_break;
	g->code[ASH_EXIT_WORD] = mips_jump(MIPS_OP_j, ASH_VM_EXIT);
	g->code[ASH_EXIT_WORD + 1] = MIPS_NOP;
	g->code[ASH_ABORT_WORD] = mips_jump(MIPS_OP_j, ASH_VM_ABORT);
	g->code[ASH_ABORT_WORD + 1] = MIPS_NOP;
	memset(g->aims, 0, sizeof(g->aims));
	g->end = ASH_FIRST_WORD;
	stop = ASH_FIRST_WORD + 4 + rnd(g, g->words - ASH_FIRST_WORD - 8);
	while (g->end < stop)
		put_piece(g);
	for (i = ASH_FIRST_WORD; i < g->end; i++)
		if (g->aims[i] != 0)
			aim(g, i);
	for (i = rnd(g, 4); i > 1; i--)
		g->code[ASH_FIRST_WORD + rnd(g, g->end - ASH_FIRST_WORD)] =
			rnd(g, 2) == 0 ? guard(g) : branch(g);
	g->code[g->end++] =
		mips_jump(MIPS_OP_j, ASH_VM_CODE + 4 * ASH_EXIT_WORD);
	g->code[g->end++] = MIPS_NOP;
}

/* What R objects to, and nothing else. */
static void
repair(struct gen *g, const struct ash_report *r)
{
	uint32_t at = r->word;

	if (r->rule == ASH_RULE_UNDERPAID && is_cost(g->code[at]))
		g->code[at] = mips_i(MIPS_OP_addiu, ASH_REG_BUDGET,
			ASH_REG_BUDGET, -(int32_t)(r->stretch & 0x7fff));
	else if (g->aims[at] != 0 && rnd(g, 4) != 0)
		aim(g, at);
	else
		g->code[at] = rnd(g, 2) == 0 ? plain(g) : MIPS_NOP;
}

static bool
make_acceptable(struct gen *g, struct ash_report *r)
{
	unsigned i;

	for (i = 0; i < REPAIRS; i++) {
		if (ash_verify(g->code, g->words, &g->p, g->scratch,
			    sizeof(g->scratch), r) == SP_OK)
			return true;
		if (r->word < ASH_FIRST_WORD || r->word >= g->end ||
			r->rule == ASH_RULE_FALLOFF)
			return false;
		repair(g, r);
	}
	return false;
}

/* --- running ---------------------------------------------------------------------- */

static void
print_hole(const struct gen *g, const char *what, const struct ash_report *r,
	const struct ash_vm_result *res)
{
	char insn[80];
	uint32_t i;

	printf("HOLE: %s: end %d, pc %x, address %x, %u instructions, budget "
	       "%u, stretch %u, bound %u\n",
		what, (int)res->end, res->pc, res->address, res->instructions,
		g->budget, r->stretch, r->bound);
	for (i = ASH_FIRST_WORD; i < g->end; i++) {
		ash_host_insn(
			g->code[i], ASH_VM_CODE + 4 * i, insn, sizeof(insn));
		printf("%4u  %08x  %s\n", i, g->code[i], insn);
	}
}

static const char *
judge(const struct gen *g, const struct ash_report *r,
	const struct ash_vm_result *res, bool frame_changed)
{
	if (res->end == ASH_VM_ESCAPED)
		return "it escaped";
	if (res->instructions > g->budget + r->stretch)
		return "more instructions than were paid";
	if (r->bound != 0 && res->instructions > r->bound)
		return "more instructions than its bound";
	if (frame_changed && r->stores_frame == 0)
		return "it stored to the frame";
	return NULL;
}

static bool
is_harmless(struct gen *g, const struct ash_report *r)
{
	static uint8_t frame[FRAME_ROOM], before[FRAME_ROOM];
	struct ash_vm_result res;
	const char *what;
	uint32_t i, j, len;

	for (i = 0; i < sizeof(g->data); i++)
		g->data[i] = (uint8_t)(rnd(g, 3) == 0 ? rnd(g, 256) : 0);
	g->budget = rnd(g, 4) == 0 ? rnd(g, 50) : rnd(g, 3000);
	if (ash_vm_load(g->vm, g->code, g->words, g->data, &g->p, g->budget) !=
		SP_OK)
		return false;
	for (i = 0; i < FRAMES; i++) {
		len = rnd(g, 1519);
		for (j = 0; j < len; j++)
			frame[j] = (uint8_t)rnd(g, 256);
		memcpy(before, frame, len);
		if (ash_vm_run(g->vm, frame, len, sizeof(frame), &res) != SP_OK)
			return false;
		g->runs++;
		g->ended[res.end]++;
		g->executed += res.instructions;
		what = judge(g, r, &res, memcmp(before, frame, len) != 0);
		if (what != NULL) {
			print_hole(g, what, r, &res);
			return false;
		}
	}
	return true;
}

static bool
try_one(struct gen *g)
{
	struct ash_report r;

	generate(g);
	if (!make_acceptable(g, &r))
		return true;
	g->accepted++;
	g->bounded += r.bound != 0;
	return is_harmless(g, &r);
}

int
main(int argc, char **argv)
{
	static struct gen g;
	uint64_t count, i;

	if (argc != 3) {
		fprintf(stderr, "usage: ash_generate COUNT SEED\n");
		return 2;
	}
	count = strtoull(argv[1], NULL, 0);
	g.state = strtoull(argv[2], NULL, 0) * 2 + 1;
	generate(&g);
	g.vm = ash_vm_image(g.code, g.words, g.data, &g.p, 0);
	if (g.vm == NULL)
		return 2;
	for (i = 0; i < count; i++)
		if (!try_one(&g)) {
			printf("handler %llu of seed %s\n",
				(unsigned long long)i, argv[2]);
			return 1;
		}
	printf("%llu handlers: %llu accepted, %llu with a bound, %llu runs: "
	       "%llu returned, %llu aborted, %llu faulted, %llu instructions, "
	       "no hole\n",
		(unsigned long long)count, (unsigned long long)g.accepted,
		(unsigned long long)g.bounded, (unsigned long long)g.runs,
		(unsigned long long)g.ended[ASH_VM_RETURNED],
		(unsigned long long)g.ended[ASH_VM_ABORTED],
		(unsigned long long)g.ended[ASH_VM_FAULT],
		(unsigned long long)g.executed);
	ash_vm_close(g.vm);
	return 0;
}
