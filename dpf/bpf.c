/*
 * bpf.c - check a classic BPF program before cbpf.c runs it symbolically.
 *
 * The same rules as libpcap's validator, and every jump leads forward, so that
 * one pass from the end finds which registers are live.
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
refuse(struct dpf_why *why, size_t pc, const char *text, int err)
{
	why->pc = pc;
	why->text = text;
	return err;
}

/* The registers that are live behind instruction PC. */
static int
live_behind(const struct dpf_bpf *prog, size_t n, size_t pc,
	const uint32_t *live, struct dpf_why *why, uint32_t *out)
{
	const struct dpf_bpf *i = &prog[pc];
	size_t left = n - pc - 1;

	*out = 0;
	if ((i->code & BPF_CLASS_MASK) == BPF_RET)
		return SP_OK;
	if (i->code == (BPF_JMP | BPF_JA)) {
		if (i->k > INT32_MAX && 0 - i->k <= pc + 1)
			return refuse(why, pc,
				"jumps backward: loops (protochain) cannot be "
				"expressed in atoms",
				SP_EUNSUPPORTED);
		if (i->k >= left)
			return refuse(why, pc, "jumps out of the program",
				SP_EFORMAT);
		*out = live[pc + 1 + i->k];
		return SP_OK;
	}
	if (left == 0)
		return refuse(why, pc, "runs off its end", SP_EFORMAT);
	*out = live[pc + 1];
	if ((i->code & BPF_CLASS_MASK) != BPF_JMP)
		return SP_OK;
	if (i->jt >= left || i->jf >= left)
		return refuse(why, pc, "jumps out of the program", SP_EFORMAT);
	*out = live[pc + 1 + i->jt] | live[pc + 1 + i->jf];
	return SP_OK;
}

int
dpf_bpf_check(const struct dpf_bpf *prog, size_t n, uint32_t *live,
	struct dpf_why *why)
{
	if (n == 0 || n > BPF_MAX_INSNS)
		return refuse(
			why, 0, "has no or too many instructions", SP_EFORMAT);
	for (size_t pc = 0; pc < n; pc++)
		if (!is_valid_insn(&prog[pc]))
			return refuse(why, pc, "is not a valid instruction",
				SP_EFORMAT);
	for (size_t pc = n; pc-- > 0;) {
		uint32_t reads, writes, behind;
		int err = live_behind(prog, n, pc, live, why, &behind);

		if (err != SP_OK)
			return err;
		uses(&prog[pc], &reads, &writes);
		live[pc] = (behind & ~writes) | reads;
	}
	return SP_OK;
}
