/*
 * test_ash_corpus.c - programs that must be refused, each for the reason its first
 * line states, and programs that must be accepted.
 * LIBS: -lcapstone -lunicorn
 */
#include "ash/host/ash_host.h"

#include <CUnit/Basic.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_REFUSED = 50 };

#define SOURCES "tests/corpus/ash"
#define OBJECTS "build/corpus/ash"

struct expected {
	char rule[24];
	unsigned word, granted;
};

/* "# RULE WORD [granted MASK]" */
static bool
expected_read(const char *source, struct expected *e)
{
	FILE *in = fopen(source, "r");
	int n;

	*e = (struct expected){ .granted = UINT32_MAX };
	if (in == NULL)
		return false;
	n = fscanf(in, "# %23s %u granted %u", e->rule, &e->word, &e->granted);
	fclose(in);
	return n >= 1;
}

/* build/corpus/ash/refused/x.s.o of tests/corpus/ash/refused/x.s */
static char *
object_of(const char *source)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s%s.o", OBJECTS,
		source + strlen(SOURCES));
	return path;
}

static int
verify_with(struct ash_file *f, uint32_t granted, struct ash_report *r)
{
	static uint32_t code[1 << (ASH_CODE_BITS_MAX - 2)];
	static uint8_t data[1 << ASH_DATA_BITS_MAX];
	static uint8_t scratch[sizeof(code) / 4 * ASH_SCRATCH];
	struct ash_params p;
	int err;

	ash_vm_params(f->obj.code_bits, f->obj.data_bits, granted, &p);
	err = ash_place(&f->obj, &p, ASH_VM_DATA, ASH_VM_EXIT, ASH_VM_ABORT,
		code, data);
	return err < 0 ? err
		       : ash_verify(code, (size_t)1 << (f->obj.code_bits - 2),
				 &p, scratch, sizeof(scratch), r);
}

static bool
is_refused_as_stated(const char *source)
{
	struct expected e;
	struct ash_file f;
	struct ash_report r = { .rule = ASH_RULE_OK };
	bool ok;
	int err;

	if (!expected_read(source, &e) ||
		ash_file_open(&f, object_of(source), stderr) != SP_OK) {
		printf("\n%s: cannot be read", source);
		return false;
	}
	err = verify_with(&f, e.granted, &r);
	ok = err == SP_EUNSAFE && strcmp(ash_rule_name(r.rule), e.rule) == 0 &&
	     r.word == e.word;
	if (!ok)
		printf("\n%s: want %s at %u, got %s at %u (%d)", source, e.rule,
			e.word, ash_rule_name(r.rule), r.word, err);
	ash_file_close(&f);
	return ok;
}

static void
test_each_program_is_refused_for_its_reason(void)
{
	glob_t g;
	size_t i;

	CU_ASSERT_EQUAL_FATAL(glob(SOURCES "/refused/*.s", 0, NULL, &g), 0);
	CU_ASSERT(g.gl_pathc >= LEAST_REFUSED);
	for (i = 0; i < g.gl_pathc; i++)
		CU_ASSERT(is_refused_as_stated(g.gl_pathv[i]));
	globfree(&g);
}

static void
test_every_rule_is_broken_by_some_program(void)
{
	bool seen[ASH_RULE_SIZE + 1] = { [ASH_RULE_OK] = true };
	struct expected e;
	glob_t g;
	size_t i;
	unsigned rule;

	CU_ASSERT_EQUAL_FATAL(glob(SOURCES "/refused/*.s", 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++) {
		CU_ASSERT_FATAL(expected_read(g.gl_pathv[i], &e));
		for (rule = 0; rule <= ASH_RULE_SIZE; rule++)
			if (strcmp(ash_rule_name(rule), e.rule) == 0)
				seen[rule] = true;
	}
	globfree(&g);
	/* SIZE needs a full region: test_verify.c has it. */
	for (rule = 0; rule < ASH_RULE_SIZE; rule++)
		if (!seen[rule])
			CU_FAIL(ash_rule_name(rule));
}

static void
test_good_programs_are_accepted(void)
{
	struct ash_report r;
	struct ash_file f;
	glob_t g;
	size_t i;

	CU_ASSERT_EQUAL_FATAL(glob(SOURCES "/accepted/*.[cs]", 0, NULL, &g), 0);
	CU_ASSERT(g.gl_pathc >= 5);
	for (i = 0; i < g.gl_pathc; i++) {
		CU_ASSERT_EQUAL_FATAL(
			ash_file_open(&f, object_of(g.gl_pathv[i]), stderr),
			SP_OK);
		CU_ASSERT_EQUAL(verify_with(&f, UINT32_MAX, &r), SP_OK);
		if (r.rule != ASH_RULE_OK)
			printf("\n%s: %s at %u, %u", g.gl_pathv[i],
				ash_rule_name(r.rule), r.word, r.stretch);
		ash_file_close(&f);
	}
	globfree(&g);
}

/* Parse N bytes from memory of that size; place and verify what is accepted. */
static int
try_object(const uint8_t *bytes, size_t n)
{
	struct ash_file f = { .path = "", .name = "", .n = n };
	struct ash_report r;
	int err;

	f.bytes = malloc(n == 0 ? 1 : n);
	CU_ASSERT_FATAL(f.bytes != NULL);
	memcpy(f.bytes, bytes, n);
	err = ash_open(f.bytes, n, &f.obj);
	if (err == SP_OK)
		err = verify_with(&f, UINT32_MAX, &r);
	ash_file_close(&f);
	return err;
}

static void
test_damaged_objects_break_nothing(void)
{
	uint32_t state = 3, i, at;
	struct ash_file f;
	uint8_t was;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(
		ash_file_open(&f, "build/ash/counter.o", stderr), SP_OK);
	CU_ASSERT_EQUAL(try_object(f.bytes, f.n), SP_OK);
	for (n = 0; n < f.n; n++)
		CU_ASSERT(try_object(f.bytes, n) < 0);
	for (i = 0; i < 30000; i++) {
		state = state * 1664525 + 1013904223;
		at = (state >> 8) % (uint32_t)f.n;
		was = f.bytes[at];
		f.bytes[at] ^= (uint8_t)(1 + (state & 0xfe));
		(void)try_object(f.bytes, f.n);
		f.bytes[at] = was;
	}
	ash_file_close(&f);
}

/* Lines of PATH from the one that has FROM to the one that has TO. */
static unsigned
lines_between(const char *path, const char *from, const char *to)
{
	FILE *in = fopen(path, "r");
	char line[256];
	unsigned n = 0;

	CU_ASSERT_FATAL(in != NULL);
	while (fgets(line, sizeof(line), in) != NULL) {
		n += n > 0 || strstr(line, from) != NULL;
		if (n > 0 && to[0] != '\0' && strstr(line, to) != NULL)
			break;
	}
	fclose(in);
	return n;
}

/* All that decides, the instruction table included, comments and all. */
static void
test_the_verifier_stays_under_600_lines(void)
{
	unsigned n = lines_between("ash/verify.c", "verify.c", "");

	CU_ASSERT(n > 100);
	n += lines_between("dpf/mips.h", "enum mips_kind", "};");
	n += lines_between("dpf/mips.h", "define MIPS_INSNS", "X(pref,");
	CU_ASSERT(n < 600);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("ash corpus", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_each_program_is_refused_for_its_reason);
	ADD(test_every_rule_is_broken_by_some_program);
	ADD(test_good_programs_are_accepted);
	ADD(test_damaged_objects_break_nothing);
	ADD(test_the_verifier_stays_under_600_lines);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
