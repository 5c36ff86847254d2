/*
 * pct.h - what pct.S does, and keeps; the assembly says more.
 */
#ifndef TESTS_SYSTEM_APPS_PCT_H
#define TESTS_SYSTEM_APPS_PCT_H

#include <stdint.h>

/* What registers are after a transfer. */
enum { EXPECT_MESSAGE, EXPECT_REPLY, EXPECT_NOTHING };

int pct_transfer(uint32_t request, uint32_t expect);
int pct_upcall_transfer(uint32_t request, uint32_t expect);
int pct_leak(uint32_t number);

/* Entries. */
void pct_serve(void);
void pct_relay(void);
void pct_take(void);

/* Entries of slices. */
void turn_start(void);
void turn_end(void);

enum { SERVE, FAULT, FOREVER, SPIN, EXIT, WAIT }; /* served_mode */

extern uint32_t pct_result, relay_result, served_wait;
extern uint32_t served, served_bad, served_id, served_mode, served_spin,
	served_done;
extern uint32_t turns, turn_request, relay_request, sent, sent_bad, sent_id,
	leak_k0;

#endif /* TESTS_SYSTEM_APPS_PCT_H */
