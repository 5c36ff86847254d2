/*
 * ctl.h - ask the agent of a machine and get its answer.
 *
 * One tool at a time talks to a machine (DIR/ctl.lock); the lock file remembers
 * the last tag, because the agent takes an equal tag for a repetition.
 */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include "apps/agent/agent.h"
#include "machine.h"

#include <spindle/err.h>

struct ctl;

/* What ctl_call() returns besides the agent's codes of err.h. */
enum {
	CTL_LOST = -1000,    /* no answer in time */
	CTL_CLOSED = -1001,  /* the connection broke: the machine ended */
	CTL_STRANGE = -1002, /* an answer of another shape than agreed */
};

/* Connect; prints the reason when it cannot.  Close what was opened. */
enum status ctl_open(
	const struct args *a, const struct machine *m, struct ctl **out);
void ctl_close(struct ctl *c);

/* The same without a word, waiting at most WAIT_MS for its turn: NULL and errno,
 * EWOULDBLOCK when somebody else has it. */
struct ctl *ctl_try(const struct machine *m, unsigned wait_ms);

/*
 * Between two operations of a long command: let others talk to the machine now
 * and then.  Returns SP_OK or CTL_CLOSED.
 */
int ctl_breathe(struct ctl *c) SP_MUST_CHECK;

/* Let others talk until the next ctl_breathe(). */
void ctl_pause(struct ctl *c);

/* How often to ask and how long to wait each time (default 3, AG_TIMEOUT_MS). */
void ctl_patience(struct ctl *c, unsigned attempts, unsigned ms);

/* While waiting for answers call FN whenever FD is readable. */
void ctl_meanwhile(struct ctl *c, int fd, void (*fn)(void *), void *arg);

/*
 * ctl_call - one request, repeated until it is answered.
 *
 * Up to ROOM bytes of what follows struct ag_result go to ANS, also when the
 * code is negative; *GOT (may be NULL) says how many.  Returns the agent's code
 * or one of those above.
 */
int ctl_call(struct ctl *c, enum ag_op op, const void *req, size_t n, void *ans,
	size_t room, size_t *got) SP_MUST_CHECK;

/* The same for an answer of exactly ROOM bytes: else CTL_STRANGE. */
int ctl_ask(struct ctl *c, enum ag_op op, const void *req, size_t n, void *ans,
	size_t room) SP_MUST_CHECK;

/* Fill the agent's staging buffer from OFFSET on. */
int ctl_stage(struct ctl *c, uint32_t offset, const void *bytes,
	size_t n) SP_MUST_CHECK;

/* Fetch a blob in pieces by OP with NAME (AG_FILTER_BLOB, AG_ASH_CODE); free
 * *OUT. */
int ctl_fetch(struct ctl *c, enum ag_op op, const char *name, uint8_t **out,
	size_t *bytes) SP_MUST_CHECK;

/* Read [OFFSET, OFFSET + BYTES) of struct sp_info to the same place in OUT. */
int ctl_info_part(struct ctl *c, struct sp_info *out, size_t offset,
	size_t bytes) SP_MUST_CHECK;

/* The large tables of struct sp_info, which take their time on the line; that of
 * flows is never read. */
enum ctl_tables { CTL_NO_TABLES, CTL_ASHES = 1, CTL_ALL_TABLES = 3 };

/* All of it but tables that are not asked for, which stay as they are; the NIC's
 * counters are in balance if they ever are. */
int ctl_info(struct ctl *c, struct sp_info *out,
	enum ctl_tables tables) SP_MUST_CHECK;

/* Why the last call failed with CODE, for people. */
const char *ctl_why(const struct ctl *c, int code);

/* A name as the protocol wants it. */
void ctl_name(char out[SP_NAME], const char *name);

#endif /* TOOLS_CTL_H */
