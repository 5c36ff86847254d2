/*
 * test_residual.c - native code of residuals does what the programs say.
 *
 * The mipsel build calls the code; the host build runs it in run_sim.h.  Next:
 * residual_cases.h; host/test_residual_unicorn.c runs the same cases in unicorn.
 */
#if defined(__mips__)
#include "tests/unit/run_native.h"
#else
#include "tests/unit/run_sim.h"
#endif

#include "tests/unit/residual_cases.h"

int
main(void)
{
	return run_cases("residual", 10000);
}
