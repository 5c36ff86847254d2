/*
 * test_live.c - a set that is changed while frames arrive.
 *
 * The mipsel build calls the code; the host build runs it in run_sim.h.  Next:
 * live_cases.h, live_model.h; tests/fuzz/dpf_live.c does it for longer.
 */
#if defined(__mips__)
#include "tests/unit/run_native.h"
#else
#include "tests/unit/run_sim.h"
#endif

#include "tests/unit/live_cases.h"

int
main(void)
{
	return run_cases("live", 12);
}
