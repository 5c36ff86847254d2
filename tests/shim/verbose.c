/*
 * verbose.c - make CUnit print one line a test, whatever main() asked for.
 *
 * Linked with --wrap=CU_basic_run_tests; tests/run reads those lines.
 */
#include <CUnit/Basic.h>

CU_ErrorCode __real_CU_basic_run_tests(void);
CU_ErrorCode __wrap_CU_basic_run_tests(void);

CU_ErrorCode
__wrap_CU_basic_run_tests(void)
{
	CU_basic_set_mode(CU_BRM_VERBOSE);
	return __real_CU_basic_run_tests();
}
