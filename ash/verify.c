/*
 * verify.c - decide whether a placed handler may run in the kernel.
 *
 * The only gate between an untrusted program and the CPU: what is not in the table
 * of dpf/mips.h is refused.  README.md: why the rules are enough.  A payment is
 *	p	addiu $s5,$s5,-cost
 *	p+1	bltz  $s5,ABORT
 *	p+2	any instruction (the delay slot)
 * where backward jumps land, and before a return at p+3, p being a bundle start.
 */
#include "ash/ash.h"

#include "dpf/mips.h"
#include <spindle/bytes.h>

#include <stdbool.h>

enum {
	BREAK = 0x0000000d,
	HEADER_STEPS = 2, /* of a header bundle: its jump and the slot */
	PAYMENT_STEPS = 3,
	TOO_LONG = 0xffff,
	UNKNOWN = MIPS_LINK + 1,
};

/* Sets of registers. */
#define FORBIDDEN (BIT(MIPS_K0) | BIT(MIPS_K1) | BIT(MIPS_GP))
#define FRAME     (BIT(ASH_REG_FRAME) | BIT(ASH_REG_INDEX))
#define ADDRESSES (FRAME | BIT(ASH_REG_DATA) | BIT(ASH_REG_SP))
#define DEDICATED (ADDRESSES | BIT(ASH_REG_BUDGET) | BIT(ASH_REG_RA))

static const struct {
	uint32_t match, mask;
	uint8_t kind;
} insns[] = {
#define X(name, match, mask, kind) { match, mask, kind },
	MIPS_INSNS(X)
#undef X
		{ 0, 0, UNKNOWN }, /* matches what nothing else did */
};

static enum mips_insn
decode(uint32_t w)
{
	unsigned i = 0;

	while ((w & insns[i].mask) != insns[i].match)
		i++;
	return (enum mips_insn)i;
}

/* Field combinations that the table cannot express and the manual forbids. */
static bool
is_well_formed(enum mips_insn i, uint32_t w)
{
	switch (i) {
	case MIPS_INSN_sll: /* ssnop, ehb, pause */
		return w == 0 || (w & 0x001ff800) != 0;
	case MIPS_INSN_clz:
	case MIPS_INSN_clo:
		return mips_rt(w) == mips_rd(w);
	case MIPS_INSN_ext: /* lsb + size <= 32 */
		return mips_rd(w) + mips_sa(w) < 32;
	case MIPS_INSN_ins: /* lsb <= msb */
		return mips_sa(w) <= mips_rd(w);
	default:
		return true;
	}
}

static uint32_t
written(enum mips_insn i, uint32_t w)
{
	switch (insns[i].kind) {
	case MIPS_RD:
		return mips_rd(w);
	case MIPS_RT:
	case MIPS_INS:
	case MIPS_LOAD:
		return mips_rt(w);
	default:
		return MIPS_ZERO;
	}
}

static bool
is_control(enum mips_insn i)
{
	return insns[i].kind >= MIPS_BRANCH && insns[i].kind <= MIPS_JR;
}

struct verifier {
	const uint32_t *code;
	uint32_t n; /* words up to the filling */
	const struct ash_params *p;
	uint8_t *steps; /* of each word: longest way to a payment or the exit */
	struct ash_report *r;
	bool winds; /* loops, calls itself, pays for messages, or writes $ra */
	bool has_import, has_return;
};

static int
refuse(struct verifier *v, enum ash_rule rule, uint32_t word)
{
	v->r->rule = rule;
	v->r->word = word;
	return SP_EUNSAFE;
}

static bool
is_cost(uint32_t w)
{
	uint32_t op = mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET, 0);

	return (w & 0xffff0000) == op && mips_imm(w) < 0 &&
	       mips_imm(w) > INT16_MIN;
}

/* A cost at AT, with its check behind it. */
static bool
is_payment(const struct verifier *v, uint32_t at)
{
	int32_t off = ASH_ABORT_WORD - (int32_t)(at + 2);

	return at >= ASH_FIRST_WORD && at < v->n && v->n - at > 1 &&
	       is_cost(v->code[at]) &&
	       v->code[at + 1] == mips_i(MIPS_OP_bltz, 0, ASH_REG_BUDGET, off);
}

/* The word before AT is a jump or branch, so AT is its delay slot. */
static bool
is_slot(const struct verifier *v, uint32_t at)
{
	return at > ASH_FIRST_WORD && is_control(decode(v->code[at - 1]));
}

/* A payment at AT stands before a return. */
static bool
pays_return(const struct verifier *v, uint32_t at)
{
	return is_payment(v, at) && v->n - at > PAYMENT_STEPS &&
	       decode(v->code[at + PAYMENT_STEPS]) == MIPS_INSN_jr;
}

static int
check_fields(struct verifier *v, uint32_t at, enum mips_insn i)
{
	uint32_t w = v->code[at], shift;
	uint32_t last = insns[i].kind == MIPS_RD ? 11 : 16;

	if (!is_well_formed(i, w))
		return refuse(v, ASH_RULE_ENCODING, at);
	if (insns[i].kind == MIPS_J || insns[i].kind == MIPS_JAL)
		return SP_OK;
	for (shift = 21; shift >= last; shift -= 5)
		/* A field that the mask leaves open holds a register. */
		if ((insns[i].mask >> shift & 31) == 0 &&
			(FORBIDDEN >> (w >> shift & 31) & 1) != 0)
			return refuse(v, ASH_RULE_FORBIDDEN_REG, at);
	return SP_OK;
}

/* REG is dedicated and the word at AT writes it: only these forms may. */
static bool
is_legal_write(const struct verifier *v, uint32_t at, uint32_t reg)
{
	uint32_t w = v->code[at], rs = mips_rs(w);

	switch (reg) {
	case ASH_REG_BUDGET:
		return is_cost(w) && !is_slot(v, at);
	case ASH_REG_INDEX:
		return w == mips_ins(reg, rs, 0, ASH_INDEX_BITS);
	case ASH_REG_DATA:
	case ASH_REG_SP:
		return w == mips_ins(reg, rs, 0, v->p->data_bits);
	case ASH_REG_RA: /* not behind a call: a service returns through $ra */
		return w == mips_ins(reg, rs, 4, v->p->code_bits - 4) &&
		       (!is_slot(v, at) ||
			       decode(v->code[at - 1]) != MIPS_INSN_jal);
	default:
		return false;
	}
}

static int
check_write(struct verifier *v, uint32_t at, enum mips_insn i)
{
	uint32_t reg = written(i, v->code[at]);

	if ((DEDICATED >> reg & 1) == 0)
		return SP_OK;
	if (!is_legal_write(v, at, reg))
		return refuse(v, ASH_RULE_RESERVED, at);
	if (reg == ASH_REG_BUDGET && !is_payment(v, at))
		return refuse(v, ASH_RULE_UNPAID, at);
	v->winds |= reg == ASH_REG_RA;
	return SP_OK;
}

static int
check_access(struct verifier *v, uint32_t at, enum mips_insn i)
{
	uint32_t w = v->code[at], base = mips_rs(w);

	if ((ADDRESSES >> base & 1) == 0)
		return refuse(v, ASH_RULE_ADDRESS, at);
	if (mips_imm(w) < ASH_OFFSET_MIN || mips_imm(w) > ASH_OFFSET_MAX)
		return refuse(v, ASH_RULE_OFFSET, at);
	if (insns[i].kind == MIPS_STORE && (FRAME >> base & 1) != 0)
		v->r->stores_frame = 1;
	return SP_OK;
}

/* A direct transfer from AT to word TO of the author's code. */
static int
check_landing(struct verifier *v, uint32_t at, uint32_t to)
{
	if (to < ASH_FIRST_WORD || to >= v->n)
		return refuse(v, ASH_RULE_TARGET, at);
	if (is_slot(v, to) || is_payment(v, to - 1) ||
		pays_return(v, to - PAYMENT_STEPS))
		return refuse(v, ASH_RULE_MIDDLE, at);
	if (to > at)
		return SP_OK;
	v->winds = true;
	return is_payment(v, to) ? SP_OK : refuse(v, ASH_RULE_UNPAID, at);
}

static uint32_t
jump_address(const struct verifier *v, uint32_t at)
{
	uint32_t pc = v->p->code_base + 4 * (at + 1);

	return (pc & 0xf0000000) | (v->code[at] & 0x03ffffff) << 2;
}

/* Word index of what the jump at AT goes to; huge outside of the region. */
static uint32_t
target(const struct verifier *v, uint32_t at, enum mips_insn i)
{
	if (insns[i].kind == MIPS_BRANCH)
		return at + 1 + (uint32_t)mips_imm(v->code[at]);
	return (jump_address(v, at) - v->p->code_base) / 4;
}

/* The granted import that the jal at AT calls, or -1. */
static int
import_called(const struct verifier *v, uint32_t at)
{
	int i;

	for (i = 0; i < ASH_MAX_IMPORTS; i++)
		if ((v->p->granted >> i & 1) != 0 &&
			v->p->import_addr[i] == jump_address(v, at))
			return i;
	return -1;
}

static int
check_call(struct verifier *v, uint32_t at, uint32_t to)
{
	if (at % 4 != 2)
		return refuse(v, ASH_RULE_ALIGN, at);
	if (v->n - at <= 2)
		return refuse(v, ASH_RULE_FALLOFF, at);
	if (import_called(v, at) >= 0) {
		v->has_import = true;
		return SP_OK;
	}
	if (to >= BIT(v->p->code_bits - 2))
		return refuse(v, ASH_RULE_IMPORT, at);
	v->winds = true;
	return check_landing(v, at, to);
}

static int
check_return(struct verifier *v, uint32_t at)
{
	v->has_return = true;
	if (mips_rs(v->code[at]) != ASH_REG_RA)
		return refuse(v, ASH_RULE_INDIRECT, at);
	return at % 4 == 3 && pays_return(v, at - PAYMENT_STEPS)
		       ? SP_OK
		       : refuse(v, ASH_RULE_UNPAID, at);
}

/* Jumps and branches: the target, then the slot. */
static int
check_control(struct verifier *v, uint32_t at, enum mips_insn i)
{
	uint32_t to = target(v, at, i);

	if (is_slot(v, at))
		return refuse(v, ASH_RULE_DELAY, at);
	if (v->n - at <= 1)
		return refuse(v, ASH_RULE_FALLOFF, at);
	if (insns[i].kind == MIPS_JR)
		return check_return(v, at);
	if (insns[i].kind == MIPS_JAL)
		return check_call(v, at, to);
	if (to == ASH_EXIT_WORD || is_payment(v, at - 1))
		return SP_OK; /* for free; or the check, to the abort */
	return check_landing(v, at, to);
}

static int
check_word(struct verifier *v, uint32_t at)
{
	static const uint8_t refused[] = {
		[MIPS_LIKELY] = ASH_RULE_LIKELY,
		[MIPS_TRAP] = ASH_RULE_TRAP,
		[MIPS_PRIV] = ASH_RULE_PRIVILEGED,
		[MIPS_LINK] = ASH_RULE_INDIRECT,
		[UNKNOWN] = ASH_RULE_ENCODING,
	};
	enum mips_insn i = decode(v->code[at]);
	int err;

	if (refused[insns[i].kind] != ASH_RULE_OK)
		return refuse(v, refused[insns[i].kind], at);
	err = check_fields(v, at, i);
	if (err == SP_OK)
		err = check_write(v, at, i);
	if (err != SP_OK)
		return err;
	if (insns[i].kind == MIPS_LOAD || insns[i].kind == MIPS_STORE)
		return check_access(v, at, i);
	return is_control(i) ? check_control(v, at, i) : SP_OK;
}

/* Instructions from word AT on; CUT: a payment ends the way. */
static uint32_t
steps_from(const struct verifier *v, uint32_t at, bool cut)
{
	if (at < ASH_FIRST_WORD)
		return HEADER_STEPS;
	if (at >= v->n)
		return 1; /* break */
	if (cut && is_payment(v, at))
		return 0;
	return le16_get(v->steps + ASH_SCRATCH * (size_t)at);
}

static uint32_t
longer(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static bool
is_always_taken(enum mips_insn i, uint32_t w)
{
	return i == MIPS_INSN_beq && mips_rs(w) == mips_rt(w);
}

/* What is executed from the transfer at AT on, the slot included. */
static uint32_t
steps_transfer(
	const struct verifier *v, uint32_t at, enum mips_insn i, bool cut)
{
	uint32_t steps;
	int import;

	if (insns[i].kind == MIPS_JR) /* its payment covers where it lands */
		return cut ? 2 : 2 + HEADER_STEPS;
	steps = steps_from(v, target(v, at, i), cut);
	import = insns[i].kind == MIPS_JAL ? import_called(v, at) : -1;
	if (import >= 0 && v->p->import_cost[import] >= TOO_LONG)
		return TOO_LONG;
	if (import >= 0)
		steps = v->p->import_cost[import] + steps_from(v, at + 2, cut);
	if (insns[i].kind == MIPS_BRANCH && !is_always_taken(i, v->code[at]))
		steps = longer(steps, steps_from(v, at + 2, cut));
	return 2 + steps;
}

/* Fill in the steps of every word, last to first; control only runs forward. */
static void
measure(struct verifier *v, bool cut)
{
	uint32_t at, steps;

	for (at = v->n - 1; at >= ASH_FIRST_WORD; at--) {
		enum mips_insn i = decode(v->code[at]);

		steps = is_control(i) ? steps_transfer(v, at, i, cut)
				      : 1 + steps_from(v, at + 1, cut);
		le16_put(v->steps + ASH_SCRATCH * (size_t)at,
			(uint16_t)(steps > TOO_LONG ? TOO_LONG : steps));
	}
}

static int
check_payments(struct verifier *v)
{
	uint32_t at, need, any = HEADER_STEPS, last = 0;
	uint32_t first = steps_from(v, ASH_FIRST_WORD, true);

	if (first >= TOO_LONG)
		return refuse(v, ASH_RULE_UNDERPAID, ASH_FIRST_WORD);
	/* An indirect jump may land on any bundle. */
	for (at = ASH_FIRST_WORD; at < v->n; at += ASH_BUNDLE / 4)
		any = longer(any, steps_from(v, at, true));
	for (at = ASH_FIRST_WORD; at < v->n; at++) {
		if (!is_payment(v, at))
			continue;
		last = PAYMENT_STEPS + HEADER_STEPS; /* the one that aborts */
		need = le16_get(v->steps + ASH_SCRATCH * (size_t)at);
		if (pays_return(v, at))
			need += any;
		v->r->stretch = longer(v->r->stretch, need);
		if (need <= (uint32_t)-mips_imm(v->code[at]))
			continue;
		v->r->stretch = need;
		return refuse(v, ASH_RULE_UNDERPAID, at);
	}
	v->r->stretch = longer(v->r->stretch, first + last);
	return SP_OK;
}

/* The last word is the slot of a transfer that is always taken. */
static bool
ends_in_transfer(const struct verifier *v)
{
	uint32_t w = v->code[v->n - 2];
	enum mips_insn i = decode(w);

	return is_slot(v, v->n - 1) &&
	       (insns[i].kind != MIPS_BRANCH || is_always_taken(i, w));
}

static bool
is_in_range(const struct ash_params *p)
{
	return p->code_bits >= ASH_CODE_BITS_MIN &&
	       p->code_bits <= ASH_CODE_BITS_MAX &&
	       p->data_bits >= ASH_DATA_BITS_MIN &&
	       p->data_bits <= ASH_DATA_BITS_MAX &&
	       (p->code_base & (BIT(p->code_bits) - 1)) == 0;
}

int
ash_verify(const uint32_t *code, size_t words, const struct ash_params *p,
	uint8_t *scratch, size_t scratch_bytes, struct ash_report *r)
{
	struct verifier v = { .code = code, .p = p, .steps = scratch, .r = r };
	uint32_t at;
	int err;

	*r = (struct ash_report){ .rule = ASH_RULE_OK };
	r->stores_frame = (p->granted & ASH_IMPORTS_STORING) != 0;
	v.winds = (p->granted & ASH_IMPORTS_PAID) != 0;
	if (!is_in_range(p) || words < ASH_FIRST_WORD ||
		scratch_bytes / ASH_SCRATCH < words)
		return SP_EINVAL;
	while (words > ASH_FIRST_WORD && code[words - 1] == BREAK)
		words--;
	/* One `break` at least, so that no way leads out of the region. */
	if (words >= BIT(p->code_bits - 2))
		return refuse(&v, ASH_RULE_SIZE, BIT(p->code_bits - 2) - 1);
	v.n = (uint32_t)words;
	for (at = ASH_FIRST_WORD; at < v.n; at++) {
		err = check_word(&v, at);
		if (err != SP_OK)
			return err;
	}
	if (!ends_in_transfer(&v))
		return refuse(&v, ASH_RULE_FALLOFF, v.n - 1);
	measure(&v, true);
	err = check_payments(&v);
	if (err != SP_OK || v.winds || (v.has_import && v.has_return))
		return err; /* no bound */
	measure(&v, false);
	at = steps_from(&v, ASH_FIRST_WORD, false);
	r->bound = at < TOO_LONG ? at : 0; /* scratch held no more */
	return SP_OK;
}
