/*
 * find.c - look an environment up in the exposed table.
 */
#include "app.h"

#include "layout.h"
#include "mem.h"

uint32_t
app_find(const char *name)
{
	const struct sp_info *info = app_info();

	for (size_t i = 0; i < SP_MAX_ENVS; i++) {
		const struct sp_env_info *e = &info->env[i];

		if (e->id != 0 && e->state != SP_ENV_DEAD &&
			str_equal(e->name, name))
			return e->id;
	}
	return 0;
}
