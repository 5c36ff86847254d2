/*
 * envs.h - environments of a running machine, as several commands show them.
 */
#ifndef TOOLS_ENVS_H
#define TOOLS_ENVS_H

#include "machine.h"

#include <spindle/abi.h>

/* "runnable", "sleeping", ... */
const char *env_state(uint32_t state);

/*
 * Everything about one environment as a JSON object.  One that is dead has
 * `ended` in it: code, cause, text, pc, address, file, line (null where it does
 * not apply or is not known).
 */
json_t *env_json(const struct machine *m, const struct sp_env_info *e);

/* An array of all there are. */
json_t *envs_json(const struct machine *m, const struct sp_info *info);

/* A table of all there are; below it why those that are dead have ended. */
void envs_print(const struct machine *m, const struct sp_info *info, FILE *out);

#endif /* TOOLS_ENVS_H */
