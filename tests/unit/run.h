/*
 * run.h - how tests call generated code; three headers say where it runs.
 *
 * run_sim.h: here, by a strict simulator.  run_native.h: here, on MIPS.
 * host/run_unicorn.h: in unicorn.  A program includes one of them.
 */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <stdbool.h>
#include <stdint.h>

enum { RUN_MAX_IDS = 256 };

/* Where code must be generated for. */
uint32_t run_address(void);
/* CODE must not change until the last call. */
void run_load(const uint32_t *code, uint32_t words);
/* Stops the program when the code does what it may not do.  IDS has room for
 * RUN_MAX_IDS, or is NULL for a set of kind ONE. */
uint32_t run_call(
	const uint8_t *frame, uint32_t len, uint32_t wirelen, uint16_t *ids);
/* Instructions from call to return in the last call; 0: not counted. */
uint32_t run_insns(void);
bool run_counts(void);

#endif /* TESTS_RUN_H */
