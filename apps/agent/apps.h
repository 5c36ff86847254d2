/*
 * apps.h - the applications the agent has started, by name.
 */
#ifndef APPS_AGENT_APPS_H
#define APPS_AGENT_APPS_H

#include "agent.h"
#include "answer.h"
#include "elf.h"
#include "frames.h"

#include <spindle/err.h>
#include <stdbool.h>

struct app {
	char name[SP_NAME]; /* empty: free */
	uint32_t env;
	uint32_t ring;
	bool has_ring;
	struct frames ring_frames;
	struct frames image[ELF_MAX_SEGMENTS + 1]; /* segments, stack */
};

/*
 * app_start - load the program at ELF (REQ->bytes of it, checked by the caller
 * to lie in the staging buffer) and run it with a stack and a packet ring.
 *
 * Returns the environment's id, or a code with the reason in A.
 */
int app_start(const struct ag_app *req, const uint8_t *elf,
	struct answer *a) SP_MUST_CHECK;

/* The running application, or NULL. */
const struct app *app_named(const char *name);
const struct app *app_of_env(uint32_t env);

/* End the application that runs in ENV and forget it; SP_ENOENT if unknown.
 * Its filters and handlers must be gone. */
int app_stop(uint32_t env) SP_MUST_CHECK;

/* Forget applications that ended by themselves, and say so on the console. */
void apps_reap(void);

#endif /* APPS_AGENT_APPS_H */
