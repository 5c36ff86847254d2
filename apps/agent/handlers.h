/*
 * handlers.h - the safe handlers (ASHs) loaded through the agent, by name.
 */
#ifndef APPS_AGENT_HANDLERS_H
#define APPS_AGENT_HANDLERS_H

#include "agent.h"
#include "answer.h"
#include "frames.h"

#include <spindle/err.h>
#include <stdbool.h>

struct handler {
	char name[SP_NAME]; /* empty: free */
	uint32_t id;
	uint32_t owner; /* environment; 0: the agent */
	uint32_t code_bits, data_bits, data_pfn;
	bool installed;
	uint32_t code_bytes;
	struct frames code; /* the final image, to be shown again */
};

/*
 * handler_reserve - regions for a handler named in ASH, which the kernel
 * completes.  OWNER names the application that owns it and has its data region
 * mapped; empty: the agent.  A reservation of the same name that was never
 * installed gives way.  Returns the id, or a code with the reason in A.
 */
int handler_reserve(struct sp_ash *ash, const char owner[SP_NAME],
	struct answer *a) SP_MUST_CHECK;

/*
 * handler_install - verify and make ready; CODE and DATA as REQ says, inside
 * the staging buffer.  Appends struct sp_ash_report to A whatever the result.
 */
int handler_install(const struct ag_ash *req, const void *code,
	const void *data, struct answer *a) SP_MUST_CHECK;

/* The installed handler, or NULL. */
const struct handler *handler_named(const char *name);

/* Remove it and the filters that use it; SP_ENOENT if there is none. */
int handler_remove(const char *name) SP_MUST_CHECK;

/* Remove those of a dying application, and their filters. */
void handlers_drop(uint32_t owner);

/* Append total and bytes of the image to A: SP_OK, SP_ENOENT or SP_EINVAL. */
int handler_code(
	const char *name, uint32_t off, struct answer *a) SP_MUST_CHECK;

/* Append N bytes of the data region at OFF to A; same results. */
int handler_state(const char *name, uint32_t off, uint32_t n,
	struct answer *a) SP_MUST_CHECK;

/* Forget those that the kernel has removed. */
void handlers_sync(void);

#endif /* APPS_AGENT_HANDLERS_H */
