/*
 * test_residual_unicorn.c - the cases of residual_cases.h under unicorn's MIPS.
 *
 * LIBS: -lunicorn
 */
#include "tests/unit/host/run_unicorn.h"

#include "tests/unit/residual_cases.h"

int
main(void)
{
	return run_cases("residuals under unicorn", 3000);
}
