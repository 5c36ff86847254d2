/*
 * test_verify.c - what the verifier promises of parameters, sizes, figures, and of
 * every instruction of the table with every register.  Whole programs that must be
 * refused are in tests/corpus/ash.
 */
#include "ash/ash.h"
#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	CODE = 0x200000, /* any address will do, kseg0 or not */
	CODE_BITS = 10,
	DATA_BITS = 12,
	ROOM = 1 << (CODE_BITS - 2),
	NOP = 0,
	STUB = 0x11000,
	STUB_COST = 40,
};

struct image {
	uint32_t code[ROOM];
	uint32_t n;
};

static uint32_t
xorshift(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
params(struct ash_params *p)
{
	*p = (struct ash_params){
		.code_base = CODE,
		.code_bits = CODE_BITS,
		.data_bits = DATA_BITS,
		.granted = BIT(ASH_IMPORT_ash_wake),
	};
	p->import_addr[ASH_IMPORT_ash_wake] = STUB;
	p->import_cost[ASH_IMPORT_ash_wake] = STUB_COST;
	p->import_addr[ASH_IMPORT_ash_clock] = STUB + 16;
}

static void
begin(struct image *im)
{
	uint32_t i;

	for (i = 0; i < ROOM; i++)
		im->code[i] = MIPS_OP_break;
	im->n = ASH_FIRST_WORD;
}

static void
put(struct image *im, uint32_t w)
{
	im->code[im->n++] = w;
}

static void
put_exit(struct image *im)
{
	put(im, mips_jump(MIPS_OP_j, CODE));
	put(im, NOP);
}

static void
put_payment(struct image *im, int32_t cost)
{
	put(im, mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET, -cost));
	put(im, mips_i(MIPS_OP_bltz, 0, ASH_REG_BUDGET,
			ASH_ABORT_WORD - (int32_t)im->n - 1));
	put(im, NOP);
}

/* From memory of exactly the size needed, so that ASan sees a stray access. */
static int
verify_words(const uint32_t *code, size_t words, const struct ash_params *p,
	struct ash_report *r)
{
	uint32_t *copy = malloc(words * 4);
	uint8_t *scratch = malloc(words * ASH_SCRATCH);
	int err;

	CU_ASSERT_FATAL(copy != NULL && scratch != NULL);
	memcpy(copy, code, words * 4);
	err = ash_verify(copy, words, p, scratch, words * ASH_SCRATCH, r);
	free(copy);
	free(scratch);
	return err;
}

static int
verify(const struct image *im, struct ash_report *r)
{
	struct ash_params p;

	params(&p);
	return verify_words(im->code, im->n, &p, r);
}

/* The rule that one instruction breaks, followed by the way out. */
static enum ash_rule
rule_of(uint32_t w, uint32_t *word)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	put(&im, w);
	put_exit(&im);
	(void)verify(&im, &r);
	*word = r.word;
	return r.rule;
}

/* --- the table ------------------------------------------------------------- */

struct row {
	const char *name;
	uint32_t match, mask, kind;
};

static const struct row rows[] = {
#define X(name, match, mask, kind) { #name, match, mask, kind },
	MIPS_INSNS(X)
#undef X
};

static void
test_no_word_is_two_instructions(void)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CU_ASSERT_EQUAL(rows[i].match & ~rows[i].mask, 0);
		for (j = 0; j < i; j++)
			CU_ASSERT_NOT_EQUAL((rows[i].match ^ rows[j].match) &
						    rows[i].mask & rows[j].mask,
				0);
	}
}

static bool
is_refused_kind(uint32_t kind)
{
	return kind == MIPS_LIKELY || kind == MIPS_TRAP || kind == MIPS_PRIV ||
	       kind == MIPS_LINK;
}

/* Whatever stands in the open fields. */
static void
test_refused_kinds_are_refused_with_any_operands(void)
{
	uint32_t state = 1, word, n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (n = 0; n < 64 && is_refused_kind(rows[i].kind); n++) {
			uint32_t w = rows[i].match |
				     (xorshift(&state) & ~rows[i].mask);

			CU_ASSERT_NOT_EQUAL(rule_of(w, &word), ASH_RULE_OK);
			CU_ASSERT_EQUAL(word, ASH_FIRST_WORD);
		}
}

static bool
is_dedicated(uint32_t reg)
{
	switch (reg) {
	case ASH_REG_BUDGET:
	case ASH_REG_FRAME:
	case ASH_REG_INDEX:
	case ASH_REG_DATA:
	case ASH_REG_SP:
	case ASH_REG_RA:
		return true;
	default:
		return false;
	}
}

/* W with its destination replaced, if it is of a kind that has one. */
static bool
with_destination(const struct row *row, uint32_t reg, uint32_t *w)
{
	switch (row->kind) {
	case MIPS_RD:
		*w = (*w & ~(31u << 11)) | reg << 11;
		if (row->match == MIPS_OP_clz || row->match == MIPS_OP_clo)
			*w = (*w & ~(31u << 16)) | reg << 16;
		return true;
	case MIPS_RT:
	case MIPS_INS:
	case MIPS_LOAD:
		*w = (*w & ~(31u << 16)) | reg << 16;
		return true;
	default:
		return false;
	}
}

/* The only legal writes; sources may be anything but $k0, $k1, $gp. */
static bool
is_legal_form(uint32_t w, uint32_t reg)
{
	uint32_t rs = mips_rs(w);

	if (rs >= MIPS_K0 && rs <= MIPS_GP)
		return false;
	return w == mips_ins(reg, rs, 0, DATA_BITS)
		       ? reg == ASH_REG_DATA || reg == ASH_REG_SP
	       : w == mips_ins(reg, rs, 0, ASH_INDEX_BITS)
		       ? reg == ASH_REG_INDEX
		       : reg == ASH_REG_RA &&
				 w == mips_ins(reg, rs, 4, CODE_BITS - 4);
}

static void
test_only_legal_forms_write_dedicated_registers(void)
{
	uint32_t state = 7, reg, word, w, n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (reg = 0; reg < 32; reg++)
			for (n = 0; n < 16 && is_dedicated(reg); n++) {
				w = rows[i].match |
				    (xorshift(&state) & ~rows[i].mask);
				if (!with_destination(&rows[i], reg, &w))
					break;
				if (is_legal_form(w, reg))
					continue;
				CU_ASSERT_NOT_EQUAL(
					rule_of(w, &word), ASH_RULE_OK);
			}
}

static void
test_each_base_and_offset_of_accesses(void)
{
	uint32_t base, word;
	size_t i;
	int32_t off;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].kind != MIPS_LOAD && rows[i].kind != MIPS_STORE)
			continue;
		for (base = 0; base < 32; base++) {
			bool ok = base == ASH_REG_FRAME ||
				  base == ASH_REG_INDEX ||
				  base == ASH_REG_DATA || base == ASH_REG_SP;

			for (off = -2050; off <= 2050; off += 50 * 41)
				CU_ASSERT_EQUAL(
					rule_of(rows[i].match | base << 21 |
							2u << 16 |
							(off & 0xffff),
						&word) == ASH_RULE_OK,
					ok && off == 0);
			for (off = -2048; off <= 2047; off += 4095)
				CU_ASSERT_EQUAL(
					rule_of(rows[i].match | base << 21 |
							2u << 16 |
							(off & 0xffff),
						&word) == ASH_RULE_OK,
					ok);
		}
	}
}

/* --- parameters and sizes --------------------------------------------------- */

static void
test_parameters_out_of_range_are_invalid(void)
{
	struct ash_params good, p;
	struct ash_report r;
	static struct image im;

	begin(&im);
	put_exit(&im);
	params(&good);
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &good, &r), SP_OK);
#define BAD(field, value)                                                      \
	p = good;                                                              \
	p.field = (value);                                                     \
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_EINVAL)
	BAD(code_bits, ASH_CODE_BITS_MIN - 1);
	BAD(code_bits, ASH_CODE_BITS_MAX + 1);
	BAD(code_bits, 0);
	BAD(code_bits, UINT32_MAX);
	BAD(data_bits, ASH_DATA_BITS_MIN - 1);
	BAD(data_bits, ASH_DATA_BITS_MAX + 1);
	BAD(code_base, CODE + 4);
	BAD(code_base, CODE + (1 << (CODE_BITS - 1)));
#undef BAD
	CU_ASSERT_EQUAL(verify_words(im.code, ASH_FIRST_WORD - 1, &good, &r),
		SP_EINVAL);
}

static void
test_too_little_scratch_is_invalid(void)
{
	static uint8_t scratch[(ASH_FIRST_WORD + 2) * ASH_SCRATCH];
	struct ash_params p;
	struct ash_report r;
	static struct image im;

	begin(&im);
	put_exit(&im);
	params(&p);
	CU_ASSERT_EQUAL(
		ash_verify(im.code, im.n, &p, scratch, sizeof(scratch) - 1, &r),
		SP_EINVAL);
	CU_ASSERT_EQUAL(
		ash_verify(im.code, im.n, &p, scratch, sizeof(scratch), &r),
		SP_OK);
}

static void
test_a_full_region_is_refused(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	while (im.n < ROOM - 3)
		put(&im, NOP);
	put_exit(&im);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
	begin(&im);
	while (im.n < ROOM - 2)
		put(&im, NOP);
	put_exit(&im);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_SIZE);
}

static void
test_more_words_than_the_region_are_refused(void)
{
	static uint32_t code[ROOM + 4];
	struct ash_params p;
	struct ash_report r;
	uint32_t i;

	params(&p);
	for (i = 0; i < ROOM + 2; i++)
		code[i] = NOP;
	code[i++] = mips_jump(MIPS_OP_j, CODE);
	code[i++] = NOP;
	CU_ASSERT_EQUAL(verify_words(code, i, &p, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_SIZE);
}

static void
test_an_empty_program_is_refused(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_FALLOFF);
	im.n = ROOM;
	CU_ASSERT_EQUAL(verify(&im, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_FALLOFF);
}

static void
test_filling_may_follow(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	put_exit(&im);
	im.n = ROOM;
	CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
	im.code[ROOM - 1] = NOP;
	CU_ASSERT_EQUAL(verify(&im, &r), SP_EUNSAFE);
}

/* --- figures ----------------------------------------------------------------- */

static void
test_bound_is_the_longest_way(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	put(&im, mips_i(MIPS_OP_beq, MIPS_A0, MIPS_ZERO, 3));
	put(&im, NOP);
	put(&im, NOP); /* only if it is not taken */
	put(&im, NOP);
	put_exit(&im);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
	/* 2 + 2 + jump and slot + header bundle */
	CU_ASSERT_EQUAL(r.bound, 8);
	CU_ASSERT_EQUAL(r.stretch, 8);
}

static void
test_a_return_ends_at_the_exit(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	put_payment(&im, 100);
	put(&im, mips_r(MIPS_OP_jr, 0, ASH_REG_RA, 0));
	put(&im, NOP);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
	CU_ASSERT_EQUAL(r.bound, 7);
	CU_ASSERT_EQUAL(r.stretch, 5 + 2);
}

static void
test_loops_have_no_bound_but_a_stretch(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	put_payment(&im, 6);
	put(&im, NOP);
	put(&im, mips_i(MIPS_OP_bne, MIPS_A0, MIPS_ZERO, -5));
	put(&im, NOP);
	put_exit(&im);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_UNDERPAID);
	CU_ASSERT_EQUAL(r.stretch, 10); /* what it must be */
	im.code[ASH_FIRST_WORD] =
		mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET, -10);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
	CU_ASSERT_EQUAL(r.bound, 0);
	CU_ASSERT_EQUAL(r.stretch, 10);
}

static void
test_services_cost_what_they_say(void)
{
	struct ash_report r;
	static struct image im;

	begin(&im);
	put(&im, NOP);
	put(&im, NOP);
	put(&im, mips_jump(MIPS_OP_jal, STUB));
	put(&im, NOP);
	put_exit(&im);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
	CU_ASSERT_EQUAL(r.bound, 4 + STUB_COST + 2 + 2);
	im.code[ASH_FIRST_WORD + 2] = mips_jump(MIPS_OP_jal, STUB + 16);
	CU_ASSERT_EQUAL(verify(&im, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_IMPORT);
}

/* Beyond what a payment can say, and beyond what scratch can hold. */
static void
test_an_expensive_service_cannot_be_paid(void)
{
	struct ash_params p;
	struct ash_report r;
	static struct image im;

	begin(&im);
	put_payment(&im, INT16_MAX);
	put(&im, NOP);
	put(&im, NOP);
	put(&im, NOP);
	put(&im, mips_jump(MIPS_OP_jal, STUB));
	put(&im, NOP);
	put(&im, mips_i(MIPS_OP_beq, 0, 0, -9));
	put(&im, NOP);
	params(&p);
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_OK);
	p.import_cost[ASH_IMPORT_ash_wake] = 40000;
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_UNDERPAID);
	p.import_cost[ASH_IMPORT_ash_wake] = UINT32_MAX;
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_EUNSAFE);
	CU_ASSERT_EQUAL(r.rule, ASH_RULE_UNDERPAID);
}

static void
test_stores_to_the_frame_are_told(void)
{
	static const struct {
		enum mips_op op;
		uint32_t base, stores;
	} cases[] = { { MIPS_OP_lw, ASH_REG_FRAME, 0 },
		{ MIPS_OP_sw, ASH_REG_FRAME, 1 },
		{ MIPS_OP_swl, ASH_REG_INDEX, 1 },
		{ MIPS_OP_sb, ASH_REG_DATA, 0 },
		{ MIPS_OP_sb, ASH_REG_SP, 0 } };
	struct ash_report r;
	static struct image im;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		begin(&im);
		put(&im, mips_i(cases[i].op, MIPS_V0, cases[i].base, 0));
		put_exit(&im);
		CU_ASSERT_EQUAL(verify(&im, &r), SP_OK);
		CU_ASSERT_EQUAL(r.stores_frame, cases[i].stores);
	}
}

/* --- robustness -------------------------------------------------------------- */

static void
test_every_prefix_is_judged_without_reading_on(void)
{
	struct ash_params p;
	struct ash_report r;
	static struct image im;
	size_t n;

	begin(&im);
	put_payment(&im, 200);
	put(&im, mips_i(MIPS_OP_bne, MIPS_A0, MIPS_ZERO, -4));
	put(&im, mips_i(MIPS_OP_sw, MIPS_A0, ASH_REG_DATA, 4));
	put(&im, NOP);
	put(&im, mips_jump(MIPS_OP_jal, STUB));
	put(&im, NOP);
	put_payment(&im, 200);
	put(&im, mips_r(MIPS_OP_jr, 0, ASH_REG_RA, 0));
	put(&im, NOP);
	params(&p);
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_OK);
	for (n = ASH_FIRST_WORD; n < im.n; n++) {
		CU_ASSERT_EQUAL(verify_words(im.code, n, &p, &r), SP_EUNSAFE);
		CU_ASSERT(r.word < n + 1);
	}
}

static void
test_random_words_break_nothing(void)
{
	uint32_t state = 99, round, i;
	struct ash_params p;
	struct ash_report r;
	static struct image im;
	size_t row;

	params(&p);
	for (round = 0; round < 2000; round++) {
		begin(&im);
		for (i = xorshift(&state) % 40; i > 0; i--) {
			row = xorshift(&state) % ARRAY_LEN(rows);
			put(&im, rows[row].match |
					 (xorshift(&state) & ~rows[row].mask));
		}
		(void)verify_words(im.code, im.n, &p, &r);
		CU_ASSERT(r.rule <= ASH_RULE_SIZE);
		CU_ASSERT(r.word <= im.n);
	}
}

static void
test_every_rule_has_words(void)
{
	unsigned rule;

	for (rule = ASH_RULE_OK + 1; rule <= ASH_RULE_SIZE; rule++) {
		CU_ASSERT_NOT_EQUAL(ash_rule_text(rule)[0], '\0');
		CU_ASSERT_NOT_EQUAL(ash_rule_cure(rule)[0], '\0');
	}
	CU_ASSERT_STRING_EQUAL(
		ash_rule_text((enum ash_rule)(ASH_RULE_SIZE + 1)),
		"unknown rule");
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("verify", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_no_word_is_two_instructions);
	ADD(test_refused_kinds_are_refused_with_any_operands);
	ADD(test_only_legal_forms_write_dedicated_registers);
	ADD(test_each_base_and_offset_of_accesses);
	ADD(test_parameters_out_of_range_are_invalid);
	ADD(test_too_little_scratch_is_invalid);
	ADD(test_a_full_region_is_refused);
	ADD(test_more_words_than_the_region_are_refused);
	ADD(test_an_empty_program_is_refused);
	ADD(test_filling_may_follow);
	ADD(test_bound_is_the_longest_way);
	ADD(test_a_return_ends_at_the_exit);
	ADD(test_loops_have_no_bound_but_a_stretch);
	ADD(test_services_cost_what_they_say);
	ADD(test_an_expensive_service_cannot_be_paid);
	ADD(test_stores_to_the_frame_are_told);
	ADD(test_every_prefix_is_judged_without_reading_on);
	ADD(test_random_words_break_nothing);
	ADD(test_every_rule_has_words);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
