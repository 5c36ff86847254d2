/*
 * test_live_unicorn.c - the cases of live_cases.h under unicorn's MIPS.
 *
 * LIBS: -lunicorn
 */
#include "tests/unit/host/run_unicorn.h"

#include "tests/unit/live_cases.h"

int
main(void)
{
	return run_cases("live under unicorn", 3);
}
