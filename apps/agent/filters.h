/*
 * filters.h - the filters bound through the agent, by name.
 */
#ifndef APPS_AGENT_FILTERS_H
#define APPS_AGENT_FILTERS_H

#include "agent.h"
#include "answer.h"

#include <spindle/err.h>

/*
 * filter_add - bind the filter at BLOB (REQ->bytes, inside the staging buffer).
 *
 * Returns the binding's id, or a code with the reason in A; for SP_EOVERLAP and
 * SP_EUNDECIDED struct sp_clash follows it.
 */
int filter_add(const struct ag_filter *req, const void *blob,
	struct answer *a) SP_MUST_CHECK;

/*
 * flow_give - derive the flow at BLOB (BYTES of it) from the root for the
 * application APP, which names it.  Returns the flow's id, or as filter_add().
 */
int flow_give(const char *app, const void *blob, uint32_t bytes,
	struct answer *a) SP_MUST_CHECK;

/* Unbind and forget; SP_ENOENT if there is none of that name. */
int filter_del(const char *name) SP_MUST_CHECK;

/* Append the filter's length and its bytes from OFF on to A.  Returns SP_OK,
 * SP_ENOENT or SP_EINVAL (OFF lies behind the end). */
int filter_blob(const char *name, uint32_t off, struct answer *a) SP_MUST_CHECK;

/* Remove every filter that gives frames to TO (a ring or handler) OBJECT. */
void filters_drop(enum ag_to to, uint32_t object);

/* Forget filters that the kernel has unbound. */
void filters_sync(void);

/* What AG_BINDINGS answers to FROM. */
int bindings_shown(uint32_t from, struct answer *a);

#endif /* APPS_AGENT_FILTERS_H */
