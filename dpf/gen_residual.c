/*
 * gen_residual.c - native code of residuals: classic BPF to MIPS, one by one.
 *
 * Called like a tail: the address behind the call is in REG_RETURN, 1 or 0 comes
 * back in REG_CONST, bases and what is remembered stay where they are.  A and X
 * have registers, the memory lies on the stack, so a frame may be classified
 * while another one is.  One bounds check serves all loads up to the next jump:
 * if one of them fails, the frame is rejected wherever that is noticed.
 */
#include "dpf/emit.h"
#include "dpf/residual.h"

enum {
	REG_A = REG_RAW,
	REG_X = REG_VALUE,
	MEMORY_BYTES = 4 * BPF_WORDS,
	UNREACHED = UINT16_MAX,
	MAX_KNOWN = UNREACHED - 1,
	MAX_OFFSET = 0x7ff0, /* of a load instruction, with its width */
};

struct program {
	struct gen *g;
	struct residual *r;
	uint32_t pc;
	uint32_t known; /* bytes in the frame */
	bool ends;      /* the last branch leads to an end */
	bool dead;      /* the code does not go on to the next instruction */
};

/* --- words ------------------------------------------------------------------- */

/* A word that changes A, X or the memory: it may move up into the slot of a
 * branch whose other way needs them no more. */
static void
put(const struct program *p, uint32_t word)
{
	if (p->ends)
		dpf_gen_op(p->g, word);
	else
		dpf_gen_fixed(p->g, word);
}

/* V in register REG, one of those for which put() is not needed. */
static void
put_temp(const struct program *p, uint32_t reg, uint32_t v)
{
	if (v == 0)
		dpf_gen_op(p->g, mips_r(MIPS_OP_addu, reg, 0, 0));
	for (unsigned i = 0; i < dpf_li_words(v); i++)
		dpf_gen_op(p->g, dpf_li_word(reg, v, i));
}

static void
put_value(const struct program *p, uint32_t reg, uint32_t v)
{
	if (v == 0)
		put(p, mips_r(MIPS_OP_addu, reg, 0, 0));
	for (unsigned i = 0; i < dpf_li_words(v); i++)
		put(p, dpf_li_word(reg, v, i));
}

static void
copy(const struct program *p, uint32_t to, uint32_t from)
{
	put(p, mips_r(MIPS_OP_addu, to, from, MIPS_ZERO));
}

/* The register with the operand of I: X or the constant. */
static uint32_t
operand(const struct program *p, const struct dpf_bpf *i)
{
	return (i->code & BPF_X) != 0 ? (uint32_t)REG_X
				      : dpf_gen_const(p->g, i->k);
}

/* Back to the caller with WORD's REG_CONST. */
static void
leave(const struct program *p, uint32_t word)
{
	if (p->r->has_memory)
		dpf_gen_fixed(p->g,
			mips_i(MIPS_OP_addiu, MIPS_SP, MIPS_SP, MEMORY_BYTES));
	dpf_gen_fixed(p->g, mips_r(MIPS_OP_jr, 0, REG_RETURN, 0));
	dpf_gen_fixed(p->g, word);
}

static void
leave_with(const struct program *p, bool accepts)
{
	leave(p, mips_i(MIPS_OP_ori, REG_CONST, MIPS_ZERO, accepts));
}

/* Reject the frame when register RS is, or is not, 0. */
static void
reject_if(struct program *p, enum mips_op op, uint32_t rs, bool guards)
{
	dpf_gen_branch(p->g, op, rs, MIPS_ZERO, p->r->reject, guards);
	p->ends = true;
}

/* --- where to go ------------------------------------------------------------- */

/* Does instruction PC return a constant?  Then *ACCEPTS is whether that is not
 * 0. */
static bool
is_end(const struct program *p, uint32_t pc, bool *accepts)
{
	*accepts = p->r->insn[pc].bpf.k != 0;
	return p->r->insn[pc].bpf.code == BPF_RET;
}

/* Instruction PC can be reached from here. */
static void
tell(const struct program *p, uint32_t pc)
{
	uint16_t *known = &p->r->insn[pc].known;

	if (*known > p->known)
		*known = (uint16_t)p->known;
}

/* The label of what is at PC, which follows no more jumps. */
static uint32_t
label_of(const struct program *p, uint32_t pc, bool *ends)
{
	bool accepts;

	*ends = is_end(p, pc, &accepts);
	if (*ends)
		return accepts ? p->r->accept : p->r->reject;
	tell(p, pc);
	return p->r->insn[pc].label;
}

static void
branch(struct program *p, enum mips_op op, uint32_t rs, uint32_t rt,
	uint32_t pc)
{
	bool ends;
	uint32_t label = label_of(p, pc, &ends);

	dpf_gen_branch(p->g, op, rs, rt, label, false);
	p->ends = ends;
}

static void
go_to(struct program *p, uint32_t pc)
{
	bool accepts;

	if (pc == p->pc + 1)
		return;
	p->dead = true;
	if (is_end(p, pc, &accepts)) {
		leave_with(p, accepts);
		return;
	}
	tell(p, pc);
	dpf_gen_jump(p->g, p->r->insn[pc].label);
}

/* --- loads ------------------------------------------------------------------- */

/* The most bytes that any load before the next jump needs, at least NEED. */
static uint32_t
needed_ahead(const struct program *p, uint32_t need)
{
	for (uint32_t pc = p->pc;; pc++) {
		const struct dpf_bpf *i = &p->r->insn[pc].bpf;
		unsigned class = i->code & BPF_CLASS_MASK;
		uint32_t own = dpf_residual_need(i);

		if (class == BPF_JMP || class == BPF_RET)
			return need;
		if (own > need && own <= MAX_OFFSET)
			need = own;
	}
}

/* Reject frames of less than NEED bytes. */
static void
check_bytes(struct program *p, uint32_t need)
{
	if (need <= p->known)
		return;
	need = needed_ahead(p, need);
	if (need <= MAX_OFFSET) {
		dpf_gen_op(p->g, mips_i(MIPS_OP_sltiu, REG_CONST, REG_LEN,
					 (int32_t)need));
	} else {
		put_temp(p, REG_CONST, need);
		dpf_gen_op(p->g,
			mips_r(MIPS_OP_sltu, REG_CONST, REG_LEN, REG_CONST));
	}
	reject_if(p, MIPS_OP_bne, REG_CONST, true);
	p->known = need < MAX_KNOWN ? need : (uint32_t)MAX_KNOWN;
}

/* WIDTH bytes at OFF from register BASE, as a number, into REG. */
static void
load_number(const struct program *p, uint32_t reg, uint32_t base, uint32_t off,
	unsigned width, bool aligned)
{
	struct gen *g = p->g;
	int32_t at = (int32_t)off;

	if (width == 1) {
		dpf_gen_fixed(g, mips_i(MIPS_OP_lbu, reg, base, at));
		return;
	}
	if (width == 2 && !aligned) {
		dpf_gen_fixed(g, mips_i(MIPS_OP_lbu, reg, base, at + 1));
		dpf_gen_fixed(g, mips_i(MIPS_OP_lbu, REG_CONST, base, at));
		dpf_gen_op(g, mips_ins(reg, REG_CONST, 8, 8));
		return;
	}
	if (aligned) {
		dpf_gen_fixed(g, mips_i(width == 4 ? MIPS_OP_lw : MIPS_OP_lhu,
					 reg, base, at));
	} else {
		dpf_gen_fixed(g, mips_i(MIPS_OP_lwr, reg, base, at));
		dpf_gen_fixed(g, mips_i(MIPS_OP_lwl, reg, base, at + 3));
	}
	dpf_gen_op(g, mips_shift(MIPS_OP_wsbh, reg, reg, 0));
	if (width == 4)
		dpf_gen_op(g, mips_shift(MIPS_OP_rotr, reg, reg, 16));
}

static void
load_absolute(struct program *p, uint32_t reg, uint32_t k, unsigned width)
{
	bool aligned = (2 + k) % width == 0; /* see dpf_set_emit() */

	check_bytes(p, k + width);
	if (k <= MAX_OFFSET) {
		load_number(p, reg, REG_FRAME, k, width, aligned);
		return;
	}
	put_temp(p, REG_TEMP, k);
	dpf_gen_op(p->g, mips_r(MIPS_OP_addu, REG_TEMP, REG_TEMP, REG_FRAME));
	load_number(p, reg, REG_TEMP, 0, width, aligned);
}

/* X may be anything: with K + WIDTH bytes there, it must leave as many. */
static void
load_indirect(struct program *p, uint32_t k, unsigned width)
{
	struct gen *g = p->g;
	uint32_t need = k + width;

	check_bytes(p, need);
	if (need <= MAX_OFFSET) {
		dpf_gen_op(g, mips_i(MIPS_OP_addiu, REG_CONST, REG_LEN,
				      -(int32_t)need));
	} else {
		put_temp(p, REG_CONST, need);
		dpf_gen_op(
			g, mips_r(MIPS_OP_subu, REG_CONST, REG_LEN, REG_CONST));
	}
	dpf_gen_op(g, mips_r(MIPS_OP_sltu, REG_CONST, REG_CONST, REG_X));
	reject_if(p, MIPS_OP_bne, REG_CONST, true);
	dpf_gen_op(g, mips_r(MIPS_OP_addu, REG_TEMP, REG_FRAME, REG_X));
	if (k > MAX_OFFSET) {
		put_temp(p, REG_CONST, k);
		dpf_gen_op(
			g, mips_r(MIPS_OP_addu, REG_TEMP, REG_TEMP, REG_CONST));
		k = 0;
	}
	load_number(p, REG_A, REG_TEMP, k, width, false);
}

static void
load(struct program *p, const struct dpf_bpf *i)
{
	uint32_t reg = (i->code & BPF_CLASS_MASK) == BPF_LD ? REG_A : REG_X;

	if (dpf_residual_need(i) == UINT32_MAX) { /* no frame is that long */
		leave_with(p, false);
		p->dead = true;
		return;
	}
	switch (i->code & BPF_MODE_MASK) {
	case BPF_ABS:
		load_absolute(p, reg, i->k, dpf_bpf_width(i->code));
		break;
	case BPF_IND:
		load_indirect(p, i->k, dpf_bpf_width(i->code));
		break;
	case BPF_MSH:
		load_absolute(p, reg, i->k, 1);
		put(p, mips_i(MIPS_OP_andi, reg, reg, 0xf));
		put(p, mips_shift(MIPS_OP_sll, reg, reg, 2));
		break;
	case BPF_MEM:
		put(p, mips_i(MIPS_OP_lw, reg, MIPS_SP, 4 * (int32_t)i->k));
		break;
	case BPF_LEN:
		copy(p, reg, REG_WIRE);
		break;
	default:
		put_value(p, reg, i->k);
		break;
	}
}

/* --- arithmetic -------------------------------------------------------------- */

static void
divide(struct program *p, const struct dpf_bpf *i)
{
	bool modulo = (i->code & BPF_OP_MASK) == BPF_MOD;
	uint32_t by = operand(p, i);

	if (by == REG_X)
		reject_if(p, MIPS_OP_beq, REG_X, false);
	put(p, mips_r(MIPS_OP_divu, 0, REG_A, by));
	put(p, mips_r(modulo ? MIPS_OP_mfhi : MIPS_OP_mflo, REG_A, 0, 0));
}

static void
shift(const struct program *p, const struct dpf_bpf *i)
{
	bool left = (i->code & BPF_OP_MASK) == BPF_LSH;

	if ((i->code & BPF_X) == 0) {
		put(p, mips_shift(left ? MIPS_OP_sll : MIPS_OP_srl, REG_A,
			       REG_A, i->k));
		return;
	}
	dpf_gen_op(p->g, mips_i(MIPS_OP_sltiu, REG_CONST, REG_X, 32));
	put(p, mips_r(left ? MIPS_OP_sllv : MIPS_OP_srlv, REG_A, REG_X, REG_A));
	put(p, mips_r(MIPS_OP_movz, REG_A, MIPS_ZERO, REG_CONST));
}

/* A = A OP the operand, by an immediate if there is one for it. */
static void
combine(const struct program *p, const struct dpf_bpf *i, enum mips_op op,
	enum mips_op immediate)
{
	if ((i->code & BPF_X) == 0 && i->k <= 0xffff)
		put(p, mips_i(immediate, REG_A, REG_A, (int32_t)i->k));
	else
		put(p, mips_r(op, REG_A, REG_A, operand(p, i)));
}

static void
add(const struct program *p, const struct dpf_bpf *i)
{
	bool minus = (i->code & BPF_OP_MASK) == BPF_SUB;
	uint32_t k = minus ? 0 - i->k : i->k;

	if ((i->code & BPF_X) == 0 && k + 0x8000 <= 0xffff)
		put(p, mips_i(MIPS_OP_addiu, REG_A, REG_A, (int32_t)k));
	else
		put(p, mips_r(minus ? MIPS_OP_subu : MIPS_OP_addu, REG_A, REG_A,
			       operand(p, i)));
}

static void
alu(struct program *p, const struct dpf_bpf *i)
{
	switch (i->code & BPF_OP_MASK) {
	case BPF_ADD:
	case BPF_SUB:
		add(p, i);
		break;
	case BPF_MUL:
		put(p, mips_r(MIPS_OP_mul, REG_A, REG_A, operand(p, i)));
		break;
	case BPF_DIV:
	case BPF_MOD:
		divide(p, i);
		break;
	case BPF_OR:
		combine(p, i, MIPS_OP_or, MIPS_OP_ori);
		break;
	case BPF_AND:
		combine(p, i, MIPS_OP_and, MIPS_OP_andi);
		break;
	case BPF_XOR:
		combine(p, i, MIPS_OP_xor, MIPS_OP_xori);
		break;
	case BPF_LSH:
	case BPF_RSH:
		shift(p, i);
		break;
	default: /* BPF_NEG */
		put(p, mips_r(MIPS_OP_subu, REG_A, MIPS_ZERO, REG_A));
		break;
	}
}

/* --- jumps ------------------------------------------------------------------- */

/* True when register RS OP register RT. */
struct condition {
	enum mips_op op; /* beq or bne */
	uint32_t rs, rt;
};

/* REG_CONST = A < operand; or operand < A. */
static struct condition
compare_order(const struct program *p, const struct dpf_bpf *i)
{
	bool greater = (i->code & BPF_OP_MASK) == BPF_JGT;
	uint32_t least = greater ? i->k + 1 : i->k;
	struct condition c = { .op = MIPS_OP_beq, .rs = REG_CONST };
	uint32_t v;

	if ((i->code & BPF_X) == 0 && least - 1 < 0x7fff) {
		dpf_gen_op(p->g, mips_i(MIPS_OP_sltiu, REG_CONST, REG_A,
					 (int32_t)least));
		return c; /* not less than LEAST */
	}
	v = operand(p, i);
	if (greater) {
		c.op = MIPS_OP_bne;
		dpf_gen_op(p->g, mips_r(MIPS_OP_sltu, REG_CONST, v, REG_A));
	} else {
		dpf_gen_op(p->g, mips_r(MIPS_OP_sltu, REG_CONST, REG_A, v));
	}
	return c;
}

static struct condition
compare(const struct program *p, const struct dpf_bpf *i)
{
	struct condition c = { .op = MIPS_OP_beq, .rs = REG_A };

	switch (i->code & BPF_OP_MASK) {
	case BPF_JEQ:
		c.rt = operand(p, i);
		return c;
	case BPF_JSET:
		c.op = MIPS_OP_bne;
		c.rs = REG_CONST;
		if ((i->code & BPF_X) == 0 && i->k <= 0xffff)
			dpf_gen_op(p->g, mips_i(MIPS_OP_andi, REG_CONST, REG_A,
						 (int32_t)i->k));
		else
			dpf_gen_op(p->g, mips_r(MIPS_OP_and, REG_CONST, REG_A,
						 operand(p, i)));
		return c;
	default:
		return compare_order(p, i);
	}
}

static void
jump(struct program *p, const struct dpf_bpf *i)
{
	uint32_t yes, no;
	struct condition c;

	if (i->code == (BPF_JMP | BPF_JA)) {
		go_to(p, dpf_residual_follow(p->r, p->pc));
		return;
	}
	yes = dpf_residual_follow(p->r, p->pc + 1 + i->jt);
	no = dpf_residual_follow(p->r, p->pc + 1 + i->jf);
	if (yes == no) {
		go_to(p, yes);
		return;
	}
	c = compare(p, i);
	if (yes == p->pc + 1) {
		c.op = c.op == MIPS_OP_beq ? MIPS_OP_bne : MIPS_OP_beq;
		branch(p, c.op, c.rs, c.rt, no);
		return;
	}
	branch(p, c.op, c.rs, c.rt, yes);
	go_to(p, no);
}

/* --- programs ---------------------------------------------------------------- */

static void
gen_insn(struct program *p, const struct dpf_bpf *i)
{
	switch (i->code & BPF_CLASS_MASK) {
	case BPF_LD:
	case BPF_LDX:
		load(p, i);
		break;
	case BPF_ST:
	case BPF_STX:
		put(p, mips_i(MIPS_OP_sw, i->code == BPF_ST ? REG_A : REG_X,
			       MIPS_SP, 4 * (int32_t)i->k));
		break;
	case BPF_ALU:
		alu(p, i);
		break;
	case BPF_JMP:
		jump(p, i);
		break;
	case BPF_RET:
		p->dead = true;
		if (i->code == BPF_RET)
			leave_with(p, i->k != 0);
		else
			leave(p, mips_r(MIPS_OP_sltu, REG_CONST, MIPS_ZERO,
					 REG_A));
		break;
	default:
		if (i->code == BPF_MISC)
			copy(p, REG_X, REG_A);
		else
			copy(p, REG_A, REG_X);
		break;
	}
}

static void
enter(const struct program *p)
{
	if (p->r->has_memory)
		dpf_gen_fixed(p->g,
			mips_i(MIPS_OP_addiu, MIPS_SP, MIPS_SP, -MEMORY_BYTES));
	for (uint32_t i = 0; i < BPF_WORDS; i++)
		if ((p->r->live & 1u << i) != 0)
			dpf_gen_fixed(p->g, mips_i(MIPS_OP_sw, MIPS_ZERO,
						    MIPS_SP, 4 * (int32_t)i));
	if ((p->r->live & 1u << BPF_REG_A) != 0)
		put_value(p, REG_A, 0);
	if ((p->r->live & 1u << BPF_REG_X) != 0)
		put_value(p, REG_X, 0);
}

static void
gen_residual(struct gen *g, ref_t ref)
{
	struct residual *r = residual_at(g->s, ref);
	struct program p = { .g = g, .r = r };

	for (uint32_t i = 0; i < r->n; i++)
		r->insn[i].known = UNREACHED;
	r->insn[0].known = 0;
	r->label = dpf_gen_label(g);
	dpf_gen_about(g, DPF_ITEM_RESIDUAL, ref);
	g->about.last = r->n;
	enter(&p);
	for (p.pc = 0; p.pc < r->n; p.pc++) {
		struct residual_insn *i = &r->insn[p.pc];

		if (i->known == UNREACHED)
			continue;
		if (i->is_target)
			i->label = dpf_gen_label(g);
		p.known = i->known;
		p.dead = false;
		g->about.last = p.pc;
		gen_insn(&p, &i->bpf);
		if (!p.dead)
			tell(&p, p.pc + 1);
	}
	g->about.last = r->n;
	r->accept = dpf_gen_label(g);
	leave_with(&p, true);
	r->reject = dpf_gen_label(g);
	leave_with(&p, false);
}

void
dpf_gen_residual_call(struct gen *g, ref_t residual, uint32_t fail)
{
	dpf_gen_call(g, residual_at(g->s, residual)->label, fail);
}

void
dpf_gen_residuals(struct gen *g)
{
	for (ref_t r = g->s->residuals; r != 0; r = residual_at(g->s, r)->next)
		gen_residual(g, r);
}
