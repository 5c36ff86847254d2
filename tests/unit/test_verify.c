/*
 * test_verify.c - what the verifier promises of parameters, sizes, and of every
 * instruction of the table with every register.  Whole programs that must be refused
 * are in tests/corpus/ash.
 */
#include "tests/unit/ash_image.h"

static uint32_t
xorshift(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
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
check_offsets(uint32_t match, uint32_t base)
{
	static const int32_t offsets[] = { -32768, -2049, -2048, 0, 2047, 2048,
		32767 };
	bool ok = base == ASH_REG_FRAME || base == ASH_REG_INDEX ||
		  base == ASH_REG_DATA || base == ASH_REG_SP;
	uint32_t word;
	size_t i;

	for (i = 0; i < ARRAY_LEN(offsets); i++)
		CU_ASSERT_EQUAL(rule_of(match | base << 21 | 2u << 16 |
						(offsets[i] & 0xffff),
					&word) == ASH_RULE_OK,
			ok && offsets[i] >= ASH_OFFSET_MIN &&
				offsets[i] <= ASH_OFFSET_MAX);
}

static void
test_each_base_and_offset_of_accesses(void)
{
	uint32_t base;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (base = 0; base < 32; base++)
			if (rows[i].kind == MIPS_LOAD ||
				rows[i].kind == MIPS_STORE)
				check_offsets(rows[i].match, base);
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
	im.n -= 2;
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
	ADD(test_every_prefix_is_judged_without_reading_on);
	ADD(test_random_words_break_nothing);
	ADD(test_every_rule_has_words);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
