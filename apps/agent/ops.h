/*
 * ops.h - what the host can ask for: one function for each operation.
 */
#ifndef APPS_AGENT_OPS_H
#define APPS_AGENT_OPS_H

#include "answer.h"
#include "proto.h"

#include <stdbool.h>

/*
 * ops_serve - carry out request M and fill in A, its result included.
 *
 * Whatever the request holds, the result is an answer.
 */
void ops_serve(const struct proto_msg *m, struct answer *a);

/* Does OP only look?  Then a repetition is better done again than answered from
 * memory. */
bool ops_only_reads(uint16_t op);

/* Has the host asked for the end of the machine?  Then with which status. */
bool ops_halted(uint32_t *status);

/* Environments ended, handlers were aborted: forget what is gone. */
void ops_sync(void);

#endif /* APPS_AGENT_OPS_H */
