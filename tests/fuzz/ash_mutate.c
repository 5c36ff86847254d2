/*
 * ash_mutate.c - mutated handlers are refused, or harmless.
 *
 * Usage: ash_mutate COUNT SEED OBJECT.o...  Takes images that the verifier accepts,
 * changes some words, and asks it again.  What it still accepts runs on random
 * frames under emulation, where every access, every fetch and every dedicated
 * register is watched, and the instructions are counted against the budget.  The
 * same seed gives the same mutants.  Exit status 1 after printing the first hole.
 */
#include "ash/host/ash_host.h"
#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>

enum {
	MAX_SEEDS = 64,
	FRAMES = 3,
	FRAME_ROOM = 2048,
	BUDGET = 2000,
};

struct fuzz {
	struct ash_trial seeds[MAX_SEEDS];
	const char *names[MAX_SEEDS];
	size_t nseeds;
	struct ash_vm *vm;
	uint64_t state;
	uint32_t *code; /* the mutant */
	uint8_t *scratch;
	uint32_t words; /* of the region */
	uint32_t end;   /* of the program */
	uint64_t accepted, runs, ended[4];
};

static uint32_t
rnd(struct fuzz *f, uint32_t below)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return (uint32_t)(f->state >> 16) % below;
}

/* --- mutations --------------------------------------------------------------- */

static const struct {
	uint32_t match, mask;
} table[] = {
#define X(name, match, mask, kind) { match, mask },
	MIPS_INSNS(X)
#undef X
};

/* Any instruction, often with a register that matters. */
static uint32_t
random_insn(struct fuzz *f)
{
	static const uint8_t regs[] = { ASH_REG_BUDGET, ASH_REG_FRAME,
		ASH_REG_INDEX, ASH_REG_DATA, ASH_REG_SP, ASH_REG_RA };
	static const uint8_t shifts[] = { 21, 16, 11 };
	uint32_t i = rnd(f, ARRAY_LEN(table)), shift;
	uint32_t w = rnd(f, UINT32_MAX);

	if (rnd(f, 2) == 0) {
		shift = shifts[rnd(f, 3)];
		w = (w & ~(31u << shift)) |
		    (uint32_t)regs[rnd(f, ARRAY_LEN(regs))] << shift;
	}
	if (rnd(f, 2) == 0)
		w &= 0xffff00ff;
	return table[i].match | (w & ~table[i].mask);
}

/* The forms that are legal in the right place, and their neighbours. */
static uint32_t
special_insn(struct fuzz *f, uint32_t at)
{
	const struct ash_params *p = &f->seeds[0].p;
	uint32_t rs = rnd(f, 32), size = rnd(f, 3) - 1;

	switch (rnd(f, 10)) {
	case 0:
		return mips_ins(ASH_REG_DATA, rs, 0, p->data_bits + size);
	case 1:
		return mips_ins(ASH_REG_SP, rs, 0, p->data_bits);
	case 2:
		return mips_ins(ASH_REG_INDEX, rs, 0, ASH_INDEX_BITS);
	case 3:
		return mips_ins(ASH_REG_RA, rs, 4, rnd(f, 2) + 4);
	case 4:
		return mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET,
			-(int32_t)rnd(f, 200));
	case 5:
		return mips_i(MIPS_OP_bltz, 0, ASH_REG_BUDGET,
			ASH_ABORT_WORD - (int32_t)at - 1);
	case 6:
		return mips_r(MIPS_OP_jr, 0, ASH_REG_RA, 0);
	case 7:
		return mips_jump(MIPS_OP_jal, ASH_VM_STUBS + 16 * rnd(f, 3));
	case 8:
		return mips_jump(rnd(f, 2) == 0 ? MIPS_OP_j : MIPS_OP_jal,
			ASH_VM_CODE + 4 * rnd(f, f->end + 2));
	default:
		return mips_i(rnd(f, 2) == 0 ? MIPS_OP_beq : MIPS_OP_bgez, 0,
			rs, (int32_t)rnd(f, 40) - 20);
	}
}

static void
mutate_once(struct fuzz *f)
{
	uint32_t n = f->end - ASH_FIRST_WORD;
	uint32_t at = ASH_FIRST_WORD + rnd(f, n);
	uint32_t from = ASH_FIRST_WORD + rnd(f, n);

	switch (rnd(f, 9)) {
	case 0:
	case 1:
		f->code[at] ^= BIT(rnd(f, 32));
		break;
	case 2:
		f->code[at] = random_insn(f);
		break;
	case 3:
	case 4:
		f->code[at] = special_insn(f, at);
		break;
	case 5:
		f->code[at] = f->code[from];
		break;
	case 6: /* one word less */
		memmove(f->code + at, f->code + at + 1,
			(f->end - at - 1) * sizeof(*f->code));
		break;
	case 7: /* one word more */
		memmove(f->code + at + 1, f->code + at,
			(f->end - at - 1) * sizeof(*f->code));
		f->code[at] = rnd(f, 2) == 0 ? 0 : special_insn(f, at);
		break;
	default: /* another register or offset */
		f->code[at] = (f->code[at] & 0xfc00ffff) |
			      (f->code[from] & 0x03ff0000);
		break;
	}
}

static void
mutate(struct fuzz *f, const struct ash_trial *seed)
{
	uint32_t n = 1 + rnd(f, 3);

	f->words = (uint32_t)seed->words;
	memcpy(f->code, seed->code, seed->words * sizeof(*f->code));
	for (f->end = f->words; f->code[f->end - 1] == MIPS_OP_break; f->end--)
		continue;
	while (n-- > 0)
		mutate_once(f);
}

/* --- running ------------------------------------------------------------------ */

static size_t
random_frame(struct fuzz *f, uint8_t *frame)
{
	static const uint8_t udp[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0,
		1, 18, 52, 0, 7, 0, 26 };
	uint32_t len = rnd(f, 2) == 0 ? 60 : rnd(f, 1519), i;

	for (i = 0; i < FRAME_ROOM; i++)
		frame[i] = (uint8_t)rnd(f, 256);
	if (rnd(f, 3) != 0)
		memcpy(frame, udp, sizeof(udp));
	return len;
}

static void
print_hole(const struct fuzz *f, const char *name, const struct ash_report *r,
	const struct ash_vm_result *res)
{
	char insn[80];
	uint32_t i;

	printf("HOLE in a mutant of %s: end %d, pc %x, address %x, "
	       "%u instructions, budget %d, stretch %u\n",
		name, (int)res->end, res->pc, res->address, res->instructions,
		BUDGET, r->stretch);
	for (i = ASH_FIRST_WORD; i < f->end; i++) {
		ash_host_insn(
			f->code[i], ASH_VM_CODE + 4 * i, insn, sizeof(insn));
		printf("%4u  %08x  %s\n", i, f->code[i], insn);
	}
}

/* The mutant was accepted: it must do no harm. */
static bool
is_harmless(struct fuzz *f, const struct ash_trial *seed, const char *name,
	const struct ash_report *r)
{
	static uint8_t frame[FRAME_ROOM];
	struct ash_vm_result res;
	unsigned i;
	size_t len;

	if (ash_vm_load(f->vm, f->code, f->words, seed->data, &seed->p,
		    BUDGET) != SP_OK)
		return false;
	for (i = 0; i < FRAMES; i++) {
		len = random_frame(f, frame);
		if (ash_vm_run(f->vm, frame, len, sizeof(frame), &res) != SP_OK)
			return false;
		f->runs++;
		f->ended[res.end]++;
		if (res.end == ASH_VM_ESCAPED ||
			res.instructions > BUDGET + r->stretch ||
			(r->bound != 0 && res.instructions > r->bound)) {
			print_hole(f, name, r, &res);
			return false;
		}
	}
	return true;
}

static bool
try_one(struct fuzz *f)
{
	uint32_t which = rnd(f, (uint32_t)f->nseeds);
	const struct ash_trial *seed = &f->seeds[which];
	struct ash_report r;

	mutate(f, seed);
	if (ash_verify(f->code, f->words, &seed->p, f->scratch,
		    f->words * ASH_SCRATCH, &r) != SP_OK)
		return true;
	f->accepted++;
	return is_harmless(f, seed, f->names[which], &r);
}

/* --- set-up ------------------------------------------------------------------- */

static bool
add_seed(struct fuzz *f, const char *path)
{
	struct ash_trial *t = &f->seeds[f->nseeds];
	struct ash_file file;

	if (f->nseeds == MAX_SEEDS ||
		ash_file_open(&file, path, stderr) != SP_OK)
		return false;
	if (ash_host_place(&file, t, stderr) != SP_OK) {
		fprintf(stderr, "%s: not accepted as it is\n", path);
		return false;
	}
	t->p.granted = BIT(ASH_IMPORT_ash_wake);
	ash_file_close(&file);
	f->names[f->nseeds++] = path;
	return true;
}

static bool
set_up(struct fuzz *f, int argc, char **argv)
{
	size_t most = (size_t)1 << (ASH_CODE_BITS_MAX - 2);
	int i;

	for (i = 3; i < argc; i++)
		if (!add_seed(f, argv[i]))
			return false;
	f->code = calloc(most, sizeof(*f->code));
	f->scratch = calloc(most, ASH_SCRATCH);
	if (f->nseeds == 0 || f->code == NULL || f->scratch == NULL)
		return false;
	f->vm = ash_vm_image(f->seeds[0].code, f->seeds[0].words,
		f->seeds[0].data, &f->seeds[0].p, BUDGET);
	return f->vm != NULL;
}

int
main(int argc, char **argv)
{
	static struct fuzz f;
	uint64_t count, i;

	if (argc < 4) {
		fprintf(stderr, "usage: ash_mutate COUNT SEED OBJECT.o...\n");
		return 2;
	}
	count = strtoull(argv[1], NULL, 0);
	f.state = strtoull(argv[2], NULL, 0) * 2 + 1;
	if (!set_up(&f, argc, argv))
		return 2;
	for (i = 0; i < count; i++)
		if (!try_one(&f)) {
			printf("mutant %llu of seed %s\n",
				(unsigned long long)i, argv[2]);
			return 1;
		}
	printf("%llu mutants: %llu accepted, %llu runs: %llu returned, "
	       "%llu aborted, %llu faulted, no hole\n",
		(unsigned long long)count, (unsigned long long)f.accepted,
		(unsigned long long)f.runs,
		(unsigned long long)f.ended[ASH_VM_RETURNED],
		(unsigned long long)f.ended[ASH_VM_ABORTED],
		(unsigned long long)f.ended[ASH_VM_FAULT]);
	ash_vm_close(f.vm);
	for (i = 0; i < f.nseeds; i++)
		ash_trial_free(&f.seeds[i]);
	free(f.code);
	free(f.scratch);
	return 0;
}
