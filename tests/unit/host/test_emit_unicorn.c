/*
 * test_emit_unicorn.c - the cases of emit_cases.h under unicorn's MIPS.
 *
 * LIBS: -lunicorn
 */
#include "tests/unit/host/run_unicorn.h"

#include "tests/unit/emit_cases.h"

int
main(void)
{
	return run_cases("emit under unicorn", 150);
}
