/*
 * bpf.c - check a classic BPF program before anybody runs it.
 *
 * The same rules as libpcap's validator, and every jump leads forward, so that
 * every run ends and one pass from the end finds which registers are live.
 * Next: cbpf.c runs programs symbolically, run.c as they are.
 */
#include "dpf/bpf.h"

#include <spindle/bytes.h>

enum { BPF_MAX_INSNS = 1 << 20 };

static bool
is_load(uint16_t code)
{
	unsigned size = code & BPF_SIZE_MASK;

	switch (code & BPF_MODE_MASK) {
	case BPF_ABS:
	case BPF_IND:
		return size == BPF_W || size == BPF_H || size == BPF_B;
	case BPF_IMM:
	case BPF_LEN:
	case BPF_MEM:
		return size == BPF_W;
	default:
		return false;
	}
}

static bool
is_valid_alu(const struct dpf_bpf *i)
{
	bool by_k = (i->code & BPF_X) == 0;

	switch (i->code & BPF_OP_MASK) {
	case BPF_DIV:
	case BPF_MOD:
		return !by_k || i->k != 0;
	case BPF_LSH:
	case BPF_RSH:
		return !by_k || i->k < 32;
	case BPF_NEG:
		return by_k;
	default:
		return (i->code & BPF_OP_MASK) <= BPF_XOR;
	}
}

static bool
is_valid_insn(const struct dpf_bpf *i)
{
	if (i->code > 0xff)
		return false;
	switch (i->code & BPF_CLASS_MASK) {
	case BPF_LD:
		return is_load(i->code) &&
		       ((i->code & BPF_MODE_MASK) != BPF_MEM ||
			       i->k < BPF_WORDS);
	case BPF_LDX:
		if (i->code == (BPF_LDX | BPF_MSH | BPF_B))
			return true;
		if (i->code == (BPF_LDX | BPF_MEM))
			return i->k < BPF_WORDS;
		return i->code == BPF_LDX || i->code == (BPF_LDX | BPF_LEN);
	case BPF_ST:
	case BPF_STX:
		return i->code <= BPF_STX && i->k < BPF_WORDS;
	case BPF_ALU:
		return is_valid_alu(i);
	case BPF_JMP:
		return i->code == (BPF_JMP | BPF_JA) ||
		       ((i->code & BPF_OP_MASK) >= BPF_JEQ &&
			       (i->code & BPF_OP_MASK) <= BPF_JSET);
	case BPF_RET:
		return i->code == BPF_RET || i->code == (BPF_RET | BPF_A);
	default:
		return i->code == BPF_MISC || i->code == (BPF_MISC | BPF_TXA);
	}
}

/* The registers that I reads and writes. */
static void
uses(const struct dpf_bpf *i, uint32_t *reads, uint32_t *writes)
{
	uint32_t a = BIT(BPF_REG_A), x = BIT(BPF_REG_X);

	*reads = *writes = 0;
	switch (i->code & BPF_CLASS_MASK) {
	case BPF_LD:
	case BPF_LDX:
		*writes = (i->code & BPF_CLASS_MASK) == BPF_LD ? a : x;
		if ((i->code & BPF_MODE_MASK) == BPF_IND)
			*reads = x;
		if ((i->code & BPF_MODE_MASK) == BPF_MEM)
			*reads = BIT(i->k);
		break;
	case BPF_ST:
	case BPF_STX:
		*reads = i->code == BPF_ST ? a : x;
		*writes = BIT(i->k);
		break;
	case BPF_ALU:
		*writes = a;
		*reads = (i->code & BPF_X) != 0 ? a | x : a;
		break;
	case BPF_JMP:
		if (i->code != (BPF_JMP | BPF_JA))
			*reads = (i->code & BPF_X) != 0 ? a | x : a;
		break;
	case BPF_RET:
		*reads = i->code == (BPF_RET | BPF_A) ? a : 0;
		break;
	default:
		*reads = i->code == BPF_MISC ? a : x;
		*writes = i->code == BPF_MISC ? x : a;
		break;
	}
}

static int
refuse(struct dpf_why *why, size_t pc, const char *text)
{
	why->pc = pc;
	why->text = text;
	return SP_EFORMAT;
}

/* May the program go on from instruction PC as it says? */
static int
check_next(const struct dpf_bpf *prog, size_t n, size_t pc, struct dpf_why *why)
{
	const struct dpf_bpf *i = &prog[pc];
	size_t left = n - pc - 1;

	if ((i->code & BPF_CLASS_MASK) == BPF_RET)
		return SP_OK;
	if (i->code == (BPF_JMP | BPF_JA)) {
		if (i->k > INT32_MAX && 0 - i->k <= pc + 1)
			return refuse(why, pc,
				"jumps backward: a program with loops "
				"(protochain) has no bound");
		if (i->k >= left)
			return refuse(why, pc, "jumps out of the program");
		return SP_OK;
	}
	if (left == 0)
		return refuse(why, pc, "runs off its end");
	if ((i->code & BPF_CLASS_MASK) == BPF_JMP &&
		(i->jt >= left || i->jf >= left))
		return refuse(why, pc, "jumps out of the program");
	return SP_OK;
}

/* What is wrong with an instruction that is_valid_insn() does not know? */
static const char *
what_is_wrong(const struct dpf_bpf *i)
{
	unsigned class = i->code & BPF_CLASS_MASK, op = i->code & BPF_OP_MASK;

	if (i->code == (BPF_ALU | BPF_DIV) || i->code == (BPF_ALU | BPF_MOD))
		return "divides by the constant 0";
	if (class == BPF_ALU && (op == BPF_LSH || op == BPF_RSH) &&
		i->code <= 0xff)
		return "shifts by 32 bits or more";
	if (i->code == BPF_ST || i->code == BPF_STX ||
		i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM))
		return "names memory behind M[15]";
	return "is not a valid instruction";
}

int
dpf_bpf_check(const struct dpf_bpf *prog, size_t n, struct dpf_why *why)
{
	int err = SP_OK;

	if (n == 0)
		return refuse(why, 0, "has no instructions");
	if (n > BPF_MAX_INSNS)
		return refuse(why, 0, "has too many instructions");
	for (size_t pc = 0; pc < n && err == SP_OK; pc++) {
		const struct dpf_bpf *i = &prog[pc];

		if (!is_valid_insn(i))
			return refuse(why, pc, what_is_wrong(i));
		if ((i->code & (BPF_CLASS_MASK | BPF_MODE_MASK)) == BPF_ABS &&
			i->k >= BPF_ANCILLARY)
			return refuse(why, pc,
				"reads what the Linux kernel adds to a frame");
		err = check_next(prog, n, pc, why);
	}
	return err;
}

/* The registers that are live behind instruction PC. */
static uint32_t
live_behind(const struct dpf_bpf *prog, size_t pc, const uint32_t *live)
{
	const struct dpf_bpf *i = &prog[pc];

	if ((i->code & BPF_CLASS_MASK) == BPF_RET)
		return 0;
	if (i->code == (BPF_JMP | BPF_JA))
		return live[pc + 1 + i->k];
	if ((i->code & BPF_CLASS_MASK) != BPF_JMP)
		return live[pc + 1];
	return live[pc + 1 + i->jt] | live[pc + 1 + i->jf];
}

void
dpf_bpf_live(const struct dpf_bpf *prog, size_t n, uint32_t *live)
{
	for (size_t pc = n; pc-- > 0;) {
		uint32_t reads, writes;

		uses(&prog[pc], &reads, &writes);
		live[pc] = (live_behind(prog, pc, live) & ~writes) | reads;
	}
}

unsigned
dpf_bpf_width(uint16_t code)
{
	switch (code & BPF_SIZE_MASK) {
	case BPF_H:
		return 2;
	case BPF_B:
		return 1;
	default:
		return 4;
	}
}
