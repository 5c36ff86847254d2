/*
 * run.h - how tests call generated code; three headers say where it runs.
 *
 * run_sim.h: here, by a strict simulator.  run_native.h: here, on MIPS.
 * host/run_unicorn.h: in unicorn.  A program includes one of them.
 */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RUN_MAX_IDS = 256, RUN_POOL_BYTES = 16 << 20 };

/* Where code must be generated for. */
uint32_t run_address(void);
/* CODE must not change until the last call. */
void run_load(const uint32_t *code, uint32_t words);
/* Memory of RUN_POOL_BYTES for a set that makes its own code, and where that
 * code sees it; what is called from then on is the classifier at *ROOT. */
void *run_pool(uint32_t *address, const uint32_t *root);
/* For struct dpf_site. */
void run_sync(void *code, size_t bytes);
/* Stops the program when the code does what it may not do.  IDS has room for
 * RUN_MAX_IDS, or is NULL for a set of kind ONE. */
uint32_t run_call(
	const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids);
/* Instructions from call to return in the last call; 0: not counted. */
uint32_t run_insns(void);
bool run_counts(void);

#endif /* TESTS_RUN_H */
