/*
 * CUnit/Basic.h - just enough CUnit to run the same tests as a mipsel binary.
 *
 * Used only with -isystem tests/shim; the host build uses the real library.
 * Prints what CUnit prints in its verbose mode, which is what tests/run reads.
 */
#ifndef SHIM_CUNIT_BASIC_H
#define SHIM_CUNIT_BASIC_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

enum { SHIM_MAX_TESTS = 256 };

typedef enum { CUE_SUCCESS = 0, CUE_NOMEMORY = 1 } CU_ErrorCode;
typedef enum { CU_BRM_NORMAL, CU_BRM_SILENT, CU_BRM_VERBOSE } CU_BasicRunMode;

typedef void (*CU_TestFunc)(void);
typedef int (*CU_InitializeFunc)(void);
typedef int (*CU_CleanupFunc)(void);

struct shim_suite {
	CU_InitializeFunc init;
	CU_CleanupFunc cleanup;
};
struct shim_test {
	const struct shim_suite *suite;
	const char *name;
	CU_TestFunc run;
};
typedef struct shim_suite *CU_pSuite;
typedef struct shim_test *CU_pTest;

static struct {
	struct shim_suite suites[16];
	struct shim_test tests[SHIM_MAX_TESTS];
	size_t nsuites, ntests;
	unsigned failures, tests_failed, asserts;
	jmp_buf out;
} shim;

static inline void
shim_assert(int ok, int fatal, const char *what, const char *file, int line)
{
	shim.asserts++;
	if (ok)
		return;
	if (shim.failures++ < 50)
		printf("\n    %s:%d  - %s", file, line, what);
	if (fatal)
		longjmp(shim.out, 1);
}

static inline CU_ErrorCode
CU_initialize_registry(void)
{
	return CUE_SUCCESS;
}

static inline void
CU_cleanup_registry(void)
{
}

static inline CU_pSuite
CU_add_suite(const char *name, CU_InitializeFunc init, CU_CleanupFunc cleanup)
{
	struct shim_suite *s;

	(void)name;
	if (shim.nsuites == sizeof(shim.suites) / sizeof(shim.suites[0]))
		return NULL;
	s = &shim.suites[shim.nsuites++];
	s->init = init;
	s->cleanup = cleanup;
	return s;
}

static inline CU_pTest
CU_add_test(CU_pSuite suite, const char *name, CU_TestFunc run)
{
	struct shim_test *t;

	if (shim.ntests == SHIM_MAX_TESTS)
		return NULL;
	t = &shim.tests[shim.ntests++];
	t->suite = suite;
	t->name = name;
	t->run = run;
	return t;
}
#define CU_ADD_TEST(suite, test) CU_add_test(suite, #test, test)

static inline void
shim_run(const struct shim_test *t)
{
	unsigned before = shim.failures;

	printf("  Test: %s ...", t->name);
	fflush(stdout);
	if (setjmp(shim.out) == 0)
		t->run();
	if (shim.failures != before)
		shim.tests_failed++;
	printf("%s\n", shim.failures == before ? "passed" : "\n    FAILED");
}

/* Tests run in the order they were added; a suite's tests are neighbours. */
static inline CU_ErrorCode
CU_basic_run_tests(void)
{
	for (size_t i = 0; i < shim.ntests; i++) {
		const struct shim_suite *s = shim.tests[i].suite;

		if ((i == 0 || shim.tests[i - 1].suite != s) && s->init != NULL)
			shim_assert(s->init() == 0, 0, "suite init", "shim", 0);
		shim_run(&shim.tests[i]);
		if ((i + 1 == shim.ntests || shim.tests[i + 1].suite != s) &&
			s->cleanup != NULL)
			shim_assert(s->cleanup() == 0, 0, "suite cleanup",
				"shim", 0);
	}
	return CUE_SUCCESS;
}

static inline void
CU_basic_set_mode(CU_BasicRunMode mode)
{
	(void)mode;
}

#define CU_get_number_of_failures()     (shim.failures)
#define CU_get_number_of_tests_failed() (shim.tests_failed)
#define CU_get_number_of_tests_run()    ((unsigned)shim.ntests)
#define CU_get_number_of_asserts()      (shim.asserts)
#define CU_get_error()                  CUE_SUCCESS
#define CU_get_error_msg()              "no error"

#define SHIM_ASSERT(ok, fatal, what)                                           \
	shim_assert(!!(ok), fatal, what, __FILE__, __LINE__)

#define CU_PASS(msg)             SHIM_ASSERT(1, 0, msg)
#define CU_FAIL(msg)             SHIM_ASSERT(0, 0, msg)
#define CU_FAIL_FATAL(msg)       SHIM_ASSERT(0, 1, msg)
#define CU_ASSERT(v)             SHIM_ASSERT(v, 0, #v)
#define CU_ASSERT_FATAL(v)       SHIM_ASSERT(v, 1, #v)
#define CU_TEST(v)               SHIM_ASSERT(v, 0, #v)
#define CU_TEST_FATAL(v)         SHIM_ASSERT(v, 1, #v)
#define CU_ASSERT_TRUE(v)        SHIM_ASSERT(v, 0, #v " is true")
#define CU_ASSERT_TRUE_FATAL(v)  SHIM_ASSERT(v, 1, #v " is true")
#define CU_ASSERT_FALSE(v)       SHIM_ASSERT(!(v), 0, #v " is false")
#define CU_ASSERT_FALSE_FATAL(v) SHIM_ASSERT(!(v), 1, #v " is false")

#define CU_ASSERT_EQUAL(a, b)           SHIM_ASSERT((a) == (b), 0, #a " == " #b)
#define CU_ASSERT_EQUAL_FATAL(a, b)     SHIM_ASSERT((a) == (b), 1, #a " == " #b)
#define CU_ASSERT_NOT_EQUAL(a, b)       SHIM_ASSERT((a) != (b), 0, #a " != " #b)
#define CU_ASSERT_NOT_EQUAL_FATAL(a, b) SHIM_ASSERT((a) != (b), 1, #a " != " #b)

#define CU_ASSERT_PTR_EQUAL(a, b)       CU_ASSERT_EQUAL(a, b)
#define CU_ASSERT_PTR_EQUAL_FATAL(a, b) CU_ASSERT_EQUAL_FATAL(a, b)
#define CU_ASSERT_PTR_NOT_EQUAL(a, b)   CU_ASSERT_NOT_EQUAL(a, b)
#define CU_ASSERT_PTR_NULL(p)           SHIM_ASSERT((p) == NULL, 0, #p " is NULL")
#define CU_ASSERT_PTR_NULL_FATAL(p)     SHIM_ASSERT((p) == NULL, 1, #p " is NULL")
#define CU_ASSERT_PTR_NOT_NULL(p)       SHIM_ASSERT((p) != NULL, 0, #p " not NULL")
#define CU_ASSERT_PTR_NOT_NULL_FATAL(p)                                        \
	SHIM_ASSERT((p) != NULL, 1, #p " not NULL")

#define CU_ASSERT_STRING_EQUAL(a, b)                                           \
	SHIM_ASSERT(strcmp(a, b) == 0, 0, #a " reads " #b)
#define CU_ASSERT_STRING_EQUAL_FATAL(a, b)                                     \
	SHIM_ASSERT(strcmp(a, b) == 0, 1, #a " reads " #b)
#define CU_ASSERT_STRING_NOT_EQUAL(a, b)                                       \
	SHIM_ASSERT(strcmp(a, b) != 0, 0, #a " does not read " #b)
#define CU_ASSERT_NSTRING_EQUAL(a, b, n)                                       \
	SHIM_ASSERT(strncmp(a, b, n) == 0, 0, #a " begins like " #b)

#endif /* SHIM_CUNIT_BASIC_H */
