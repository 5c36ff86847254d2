/*
 * test_emit.c - generated code does what dpf_interp() does, at its price.
 *
 * The mipsel build calls the code; the host build runs it in run_sim.h.  Next:
 * emit_cases.h; host/test_emit_unicorn.c runs the same cases in unicorn.
 */
#if defined(__mips__)
#include "tests/unit/run_native.h"
#else
#include "tests/unit/run_sim.h"
#endif

#include "tests/unit/emit_cases.h"

int
main(void)
{
	return run_cases("emit", 1000);
}
