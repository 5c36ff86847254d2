/*
 * test_verify_time.c - the verifier's figures: bounds, stretches, what must be paid.
 */
#include "tests/unit/ash_image.h"

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

/* Each is paid for, but all of them are more than scratch can hold. */
static void
test_what_cannot_be_counted_has_no_bound(void)
{
	struct ash_params p;
	struct ash_report r;
	static struct image im;
	unsigned i;

	begin(&im);
	for (i = 0; i < 3; i++) {
		put_payment(&im, INT16_MAX);
		put(&im, NOP);
		put(&im, NOP);
		put(&im, NOP);
		put(&im, mips_jump(MIPS_OP_jal, STUB));
		put(&im, NOP);
	}
	put_exit(&im);
	params(&p);
	p.import_cost[ASH_IMPORT_ash_wake] = 20000;
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_OK);
	CU_ASSERT_EQUAL(r.bound, 3 * (8 + 20000) + 4);
	p.import_cost[ASH_IMPORT_ash_wake] = 30000;
	CU_ASSERT_EQUAL(verify_words(im.code, im.n, &p, &r), SP_OK);
	CU_ASSERT_EQUAL(r.bound, 0);
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

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("verify time", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_bound_is_the_longest_way);
	ADD(test_a_return_ends_at_the_exit);
	ADD(test_loops_have_no_bound_but_a_stretch);
	ADD(test_services_cost_what_they_say);
	ADD(test_what_cannot_be_counted_has_no_bound);
	ADD(test_an_expensive_service_cannot_be_paid);
	ADD(test_stores_to_the_frame_are_told);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
