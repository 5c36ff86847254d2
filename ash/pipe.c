/*
 * pipe.c - fuse a list of pipes into one loop (dynamic integrated layer processing).
 *
 * Each layer's work on the bytes of a message is a pipe from word to word; the list
 * is known only at run time, so the loop that does all of it in one pass is made
 * then.  What a pipe carries from word to word stays in a register of its own
 * (Engler and Kaashoek, SIGCOMM'96).
 */
#include "ash/ash.h"
#include "dpf/mips.h"

#include <stdbool.h>

/* Registers of the loop; pipes of authors have all of $at..$t7. */
enum {
	DST = MIPS_S0,
	SRC = MIPS_S1,
	LEFT = MIPS_S2,  /* bytes */
	STATE = MIPS_S3, /* first of ASH_PIPE_STATES */
	ONE = MIPS_S7,
	WORD = MIPS_T8,
	TABLE = MIPS_T9,
	LAST_FREE = MIPS_T7,
};

enum {
	FRAME = 40, /* bytes of stack: $s0..$s7, REGS */
	REGS_AT = 32,
	TABLE_BYTES = 1024,
	MANY = 16,      /* words a turn, of a short loop */
	SHORT_BODY = 6, /* instructions a word */
	SOME = 4,
	MIDDLE_BODY = 16,
};

struct pipe {
	uint32_t kind, nwords;
	const uint32_t *code;
	uint32_t state; /* its register, 0: it has none */
};

struct fuse {
	struct pipe pipe[ASH_PIPES];
	uint32_t n, states, tables;
	int first_sum; /* the pipe that sums in HI and LO, or -1 */
	bool copies, has_crc, has_user;
	uint32_t *code;
	size_t words, room;
	struct ash_pipes_report *r;
};

/* --- the list ----------------------------------------------------------------- */

static bool
is_free(uint32_t reg)
{
	return reg <= LAST_FREE;
}

static bool
is_writable(uint32_t reg)
{
	return reg != MIPS_ZERO && is_free(reg);
}

/* Register operations only: nothing a pipe does is seen but by its results. */
static bool
is_harmless(uint32_t w)
{
	static const struct {
		uint32_t match, mask;
		enum mips_kind kind;
	} insns[] = {
#define X(name, match, mask, kind) { match, mask, kind },
		MIPS_INSNS(X)
#undef X
	};

	for (uint32_t i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		if ((w & insns[i].mask) != insns[i].match)
			continue;
		if (i == MIPS_INSN_mul || i == MIPS_INSN_mfhi ||
			i == MIPS_INSN_mflo)
			return false; /* the sum is in HI and LO */
		if (insns[i].kind == MIPS_RD)
			return w == MIPS_NOP || (is_writable(mips_rd(w)) &&
							is_free(mips_rs(w)) &&
							is_free(mips_rt(w)));
		if (i == MIPS_INSN_ext && mips_sa(w) + mips_rd(w) > 31)
			return false;
		if (i == MIPS_INSN_ins && mips_sa(w) > mips_rd(w))
			return false;
		return (insns[i].kind == MIPS_RT ||
			       insns[i].kind == MIPS_INS) &&
		       is_writable(mips_rt(w)) && is_free(mips_rs(w));
	}
	return false;
}

static int
refuse(struct fuse *f, uint32_t pipe, uint32_t word, const char *why)
{
	f->r->pipe = pipe;
	f->r->word = word;
	f->r->why = why;
	return SP_EUNSAFE;
}

static int
take_state(struct fuse *f, struct pipe *p)
{
	if (f->states == ASH_PIPE_STATES)
		return refuse(f, f->n, 0, "more pipes with state than 4");
	p->state = STATE + f->states++;
	return SP_OK;
}

/* What the next pipe asks of the loop. */
static int
note(struct fuse *f, struct pipe *p)
{
	switch (p->kind) {
	case ASH_PIPE_COPY:
		if (f->copies)
			return refuse(f, f->n, 0, "a second copy");
		f->copies = true;
		return SP_OK;
	case ASH_PIPE_SWAP16:
		f->r->gauge = f->r->gauge < 2 ? 2 : f->r->gauge;
		return SP_OK;
	case ASH_PIPE_SWAP32:
		f->r->gauge = 4;
		return SP_OK;
	case ASH_PIPE_CKSUM:
		if (f->first_sum < 0)
			f->first_sum = (int)f->n;
		return take_state(f, p);
	case ASH_PIPE_XOR:
		return take_state(f, p);
	case ASH_PIPE_CRC32C:
		f->has_crc = true;
		return take_state(f, p);
	case ASH_PIPE_USER:
		f->has_user = true;
		f->r->gauge = 4;
		for (uint32_t i = 0; i < p->nwords; i++)
			if (!is_harmless(p->code[i]))
				return refuse(f, f->n, i,
					"not an operation on free registers");
		return take_state(f, p);
	default:
		return refuse(f, f->n, 0, "no such pipe");
	}
}

static int
read_list(struct fuse *f, const uint32_t *list, size_t words)
{
	size_t at = 0;

	while (at < words) {
		struct pipe *p = &f->pipe[f->n];

		if (f->n == ASH_PIPES)
			return refuse(f, f->n, 0, "more pipes than 8");
		p->kind = list[at] & 0xffff;
		p->nwords = list[at] >> 16;
		p->code = list + at + 1;
		p->state = 0;
		if (p->nwords > words - at - 1)
			return refuse(f, f->n, 0, "the list ends in a pipe");
		if (p->nwords > ASH_PIPE_WORDS ||
			(p->nwords != 0) != (p->kind == ASH_PIPE_USER))
			return refuse(f, f->n, 0, "code of no lawful length");

		int err = note(f, p);

		if (err < 0)
			return err;
		at += 1 + p->nwords;
		f->n++;
	}
	return f->n > 0 ? SP_OK : refuse(f, 0, 0, "no pipes");
}

/* --- code --------------------------------------------------------------------- */

static void
put(struct fuse *f, uint32_t w)
{
	if (f->words < f->room)
		f->code[f->words] = w;
	f->words++;
}

static void
move(struct fuse *f, uint32_t to, uint32_t from)
{
	put(f, mips_r(MIPS_OP_addu, to, from, MIPS_ZERO));
}

static void
add(struct fuse *f, uint32_t reg, int32_t n)
{
	put(f, mips_i(MIPS_OP_addiu, reg, reg, n));
}

/* Make the branch in word AT lead here. */
static void
land(struct fuse *f, size_t at)
{
	if (at < f->room)
		f->code[at] |= (uint32_t)(f->words - at - 1) & 0xffff;
}

static size_t
branch(struct fuse *f, enum mips_op op, uint32_t rs, uint32_t rt)
{
	put(f, mips_i(op, rt, rs, 0));
	return f->words - 1;
}

static void
back(struct fuse *f, enum mips_op op, uint32_t rs, size_t to)
{
	put(f, mips_i(op, 0, rs, (int32_t)to - (int32_t)f->words - 1));
}

static void
load(struct fuse *f, bool aligned, int32_t at)
{
	if (aligned) {
		put(f, mips_i(MIPS_OP_lw, WORD, SRC, at));
		return;
	}
	put(f, mips_i(MIPS_OP_lwr, WORD, SRC, at));
	put(f, mips_i(MIPS_OP_lwl, WORD, SRC, at + 3));
}

static void
store(struct fuse *f, bool aligned, int32_t at)
{
	if (aligned) {
		put(f, mips_i(MIPS_OP_sw, WORD, DST, at));
		return;
	}
	put(f, mips_i(MIPS_OP_swr, WORD, DST, at));
	put(f, mips_i(MIPS_OP_swl, WORD, DST, at + 3));
}

/* A sum in a register keeps its own carry; the first one has HI for that. */
static void
put_sum(struct fuse *f, uint32_t i)
{
	uint32_t s = f->pipe[i].state;

	if ((int)i == f->first_sum) {
		put(f, mips_r(MIPS_OP_maddu, 0, WORD, ONE));
		return;
	}
	put(f, mips_r(MIPS_OP_addu, s, s, WORD));
	put(f, mips_r(MIPS_OP_sltu, MIPS_T0, s, WORD));
	put(f, mips_r(MIPS_OP_addu, s, s, MIPS_T0));
}

/* Four tables, one for the place of each byte; TABLE's bits 2..9 are the index. */
static void
put_crc_word(struct fuse *f, uint32_t s)
{
	put(f, mips_r(MIPS_OP_xor, MIPS_T0, s, WORD));
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t index = MIPS_T0, got = i == 0 ? s : MIPS_T2;

		if (i > 0) {
			index = MIPS_T1;
			put(f, mips_ext(index, MIPS_T0, 8 * i, 8));
		}
		put(f, mips_ins(TABLE, index, 2, 8));
		put(f, mips_i(MIPS_OP_lw, got, TABLE,
			       (int32_t)((3 - i) * TABLE_BYTES)));
		if (i > 0)
			put(f, mips_r(MIPS_OP_xor, s, s, got));
	}
}

static void
put_crc_byte(struct fuse *f, uint32_t s, uint32_t i)
{
	put(f, mips_ext(MIPS_T0, WORD, 8 * i, 8));
	put(f, mips_r(MIPS_OP_xor, MIPS_T0, MIPS_T0, s));
	put(f, mips_ins(TABLE, MIPS_T0, 2, 8));
	put(f, mips_i(MIPS_OP_lw, MIPS_T1, TABLE, 0));
	put(f, mips_shift(MIPS_OP_srl, s, s, 8));
	put(f, mips_r(MIPS_OP_xor, s, s, MIPS_T1));
}

/* LEFT is 1..3: so many bytes of the word count. */
static void
put_crc_tail(struct fuse *f, uint32_t s)
{
	size_t done[2];

	for (uint32_t i = 0; i < 3; i++) {
		put_crc_byte(f, s, i);
		if (i == 2)
			break;
		put(f, mips_i(MIPS_OP_addiu, MIPS_T0, LEFT, -(int32_t)i - 1));
		done[i] = branch(f, MIPS_OP_blez, MIPS_T0, 0);
		put(f, MIPS_NOP);
	}
	land(f, done[0]);
	land(f, done[1]);
}

static void
put_user(struct fuse *f, const struct pipe *p)
{
	move(f, MIPS_A0, WORD);
	move(f, MIPS_A1, p->state);
	for (uint32_t i = 0; i < p->nwords; i++)
		put(f, p->code[i]);
	move(f, WORD, MIPS_V0);
	move(f, p->state, MIPS_V1);
}

/* The last bytes of a message are stored one by one. */
static void
store_tail(struct fuse *f)
{
	size_t done[2];

	move(f, MIPS_T1, WORD);
	for (uint32_t i = 0; i < 3; i++) {
		put(f, mips_i(MIPS_OP_sb, MIPS_T1, DST, (int32_t)i));
		if (i == 2)
			break;
		put(f, mips_i(MIPS_OP_addiu, MIPS_T0, LEFT, -(int32_t)i - 1));
		done[i] = branch(f, MIPS_OP_blez, MIPS_T0, 0);
		put(f, mips_shift(MIPS_OP_srl, MIPS_T1, MIPS_T1, 8));
	}
	land(f, done[0]);
	land(f, done[1]);
}

/* The pipes' work on WORD; behind SRC and DST by AT. */
static void
put_pipes(struct fuse *f, bool aligned, bool tail, int32_t at)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct pipe *p = &f->pipe[i];

		switch (p->kind) {
		case ASH_PIPE_COPY:
			if (tail)
				store_tail(f);
			else
				store(f, aligned, at);
			break;
		case ASH_PIPE_CKSUM:
			put_sum(f, i);
			break;
		case ASH_PIPE_SWAP32:
		case ASH_PIPE_SWAP16:
			put(f, (uint32_t)MIPS_OP_wsbh | WORD << 16 |
					WORD << 11);
			if (p->kind == ASH_PIPE_SWAP32)
				put(f, mips_shift(
					       MIPS_OP_rotr, WORD, WORD, 16));
			break;
		case ASH_PIPE_XOR:
			put(f, mips_r(MIPS_OP_xor, WORD, WORD, p->state));
			break;
		case ASH_PIPE_CRC32C:
			if (tail)
				put_crc_tail(f, p->state);
			else
				put_crc_word(f, p->state);
			break;
		default:
			put_user(f, p);
			break;
		}
	}
}

/* Turns of N words each while there are as many; returns what one costs. */
static uint32_t
put_turns(struct fuse *f, bool aligned, uint32_t n)
{
	int32_t bytes = (int32_t)n * 4;
	size_t over, top;

	add(f, LEFT, -bytes);
	over = branch(f, MIPS_OP_bltz, LEFT, 0);
	put(f, MIPS_NOP);
	top = f->words;
	for (uint32_t i = 0; i < n; i++) {
		load(f, aligned, (int32_t)i * 4);
		put_pipes(f, aligned, false, (int32_t)i * 4);
	}
	add(f, SRC, bytes);
	add(f, LEFT, -bytes);
	back(f, MIPS_OP_bgez, LEFT, top);
	add(f, DST, bytes); /* delay slot */
	land(f, over);
	add(f, LEFT, bytes);
	return (uint32_t)(f->words - 1 - top);
}

/* What is left: 1..3 bytes, a word whose upper bytes are zero. */
static void
put_tail(struct fuse *f)
{
	size_t none = branch(f, MIPS_OP_beq, LEFT, MIPS_ZERO), got[2];

	put(f, MIPS_NOP);
	put(f, mips_i(MIPS_OP_lbu, WORD, SRC, 0));
	for (uint32_t i = 1; i < 3; i++) {
		put(f, mips_i(MIPS_OP_addiu, MIPS_T0, LEFT, -(int32_t)i));
		got[i - 1] = branch(f, MIPS_OP_blez, MIPS_T0, 0);
		put(f, MIPS_NOP);
		put(f, mips_i(MIPS_OP_lbu, MIPS_T0, SRC, (int32_t)i));
		put(f, mips_ins(WORD, MIPS_T0, 8 * i, 8));
	}
	land(f, got[0]);
	land(f, got[1]);
	put_pipes(f, true, true, 0);
	land(f, none);
}

/* How many words a turn takes, so that the loop stays short enough. */
static uint32_t
unrolled(struct fuse *f)
{
	size_t from = f->words;
	uint32_t body;

	put_pipes(f, true, false, 0);
	body = (uint32_t)(f->words - from);
	f->words = from;
	return body <= SHORT_BODY ? MANY : body <= MIDDLE_BODY ? SOME : 1;
}

static void
put_loop(struct fuse *f, bool aligned, uint32_t n)
{
	uint32_t turn = put_turns(f, aligned, n);
	uint32_t word = n == 1 ? turn : put_turns(f, aligned, 1);

	/* Loads and stores that are not aligned are the longer way. */
	f->r->turn_words = n;
	f->r->turn_cost = turn;
	f->r->word_cost = word;
	put_tail(f);
}

static void
put_entry(struct fuse *f)
{
	add(f, MIPS_SP, -FRAME);
	for (int32_t i = 0; i < 8; i++)
		put(f, mips_i(MIPS_OP_sw, MIPS_S0 + (uint32_t)i, MIPS_SP,
			       i * 4));
	put(f, mips_i(MIPS_OP_sw, MIPS_A3, MIPS_SP, REGS_AT));
	move(f, DST, MIPS_A0);
	move(f, SRC, MIPS_A1);
	move(f, LEFT, MIPS_A2);
	for (uint32_t i = 0; i < f->n; i++)
		if (f->pipe[i].state != 0)
			put(f, mips_i(MIPS_OP_lw, f->pipe[i].state, MIPS_A3,
				       (int32_t)i * 4));
	if (f->first_sum >= 0) {
		put(f, mips_r(MIPS_OP_mthi, 0, MIPS_ZERO, 0));
		put(f, mips_r(MIPS_OP_mtlo, 0, f->pipe[f->first_sum].state, 0));
		put(f, mips_i(MIPS_OP_addiu, ONE, MIPS_ZERO, 1));
	}
	if (f->has_crc) {
		put(f, mips_i(MIPS_OP_lui, TABLE, 0,
			       (int32_t)(f->tables >> 16)));
		put(f, mips_i(MIPS_OP_ori, TABLE, TABLE,
			       (int32_t)(f->tables & 0xffff)));
	}
	/* An author's pipe finds nothing of ours. */
	for (uint32_t i = MIPS_AT; f->has_user && i <= LAST_FREE; i++)
		if (i != MIPS_A0 && i != MIPS_A1)
			move(f, i, MIPS_ZERO);
}

static void
put_exit(struct fuse *f)
{
	if (f->first_sum >= 0) {
		uint32_t s = f->pipe[f->first_sum].state;

		put(f, mips_r(MIPS_OP_mflo, MIPS_T0, 0, 0));
		put(f, mips_r(MIPS_OP_mfhi, MIPS_T1, 0, 0));
		put(f, mips_r(MIPS_OP_addu, MIPS_T0, MIPS_T0, MIPS_T1));
		put(f, mips_r(MIPS_OP_sltu, MIPS_T1, MIPS_T0, MIPS_T1));
		put(f, mips_r(MIPS_OP_addu, s, MIPS_T0, MIPS_T1));
	}
	put(f, mips_i(MIPS_OP_lw, MIPS_A3, MIPS_SP, REGS_AT));
	for (uint32_t i = 0; i < f->n; i++)
		if (f->pipe[i].state != 0)
			put(f, mips_i(MIPS_OP_sw, f->pipe[i].state, MIPS_A3,
				       (int32_t)i * 4));
	for (int32_t i = 0; i < 8; i++)
		put(f, mips_i(MIPS_OP_lw, MIPS_S0 + (uint32_t)i, MIPS_SP,
			       i * 4));
	put(f, mips_r(MIPS_OP_jr, 0, MIPS_RA, 0));
	add(f, MIPS_SP, FRAME);
}

int
ash_pipes_compile(const uint32_t *list, size_t words, uint32_t tables,
	uint32_t *code, size_t room, struct ash_pipes_report *r)
{
	struct fuse f = { .tables = tables,
		.first_sum = -1,
		.code = code,
		.room = room,
		.r = r };
	uint32_t loops;
	size_t away, end;
	int err;

	*r = (struct ash_pipes_report){ .gauge = 1, .why = "" };
	err = read_list(&f, list, words);
	if (err < 0)
		return err;
	r->stores = f.copies;
	put_entry(&f);
	if (f.copies)
		put(&f, mips_r(MIPS_OP_or, MIPS_T0, DST, SRC));
	put(&f, mips_i(MIPS_OP_andi, MIPS_T0, f.copies ? MIPS_T0 : SRC, 3));
	away = branch(&f, MIPS_OP_bne, MIPS_T0, MIPS_ZERO);
	move(&f, MIPS_T0, MIPS_ZERO);
	loops = unrolled(&f);
	put_loop(&f, true, loops);
	end = branch(&f, MIPS_OP_beq, MIPS_ZERO, MIPS_ZERO);
	put(&f, MIPS_NOP);
	land(&f, away);
	put_loop(&f, false, loops);
	land(&f, end);
	put_exit(&f);
	if (f.words > room)
		return SP_ENOMEM;
	/* More than all that stands outside of one loop. */
	r->fixed_cost = (uint32_t)(f.words - r->turn_cost);
	return (int)f.words;
}

uint32_t
ash_pipes_cost(const struct ash_pipes_report *r, uint32_t bytes)
{
	uint32_t words = bytes / 4, turns = words / r->turn_words;

	if (r->turn_words == 1)
		return r->fixed_cost + words * r->word_cost;
	return r->fixed_cost + turns * r->turn_cost +
	       words % r->turn_words * r->word_cost;
}

void
ash_pipes_tables(uint32_t tables[ASH_PIPE_TABLES])
{
	enum { CASTAGNOLI = 0x82f63b78, N = TABLE_BYTES / 4 };

	for (uint32_t i = 0; i < N; i++) {
		uint32_t crc = i;

		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? CASTAGNOLI : 0);
		tables[i] = crc;
	}
	for (uint32_t i = N; i < ASH_PIPE_TABLES; i++)
		tables[i] = tables[i - N] >> 8 ^ tables[tables[i - N] & 255];
}
