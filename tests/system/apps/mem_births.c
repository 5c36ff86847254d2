/*
 * mem_births.c - uses up all address-space numbers.
 */
#include "tests/system/apps/mem.h"

enum { BIRTHS = 300 };

int
app_main(uint32_t a0, uint32_t a1)
{
	static const char name[SP_NAME] = "short-lived";
	int32_t err = SP_OK;

	(void)a0;
	(void)a1;
	for (int i = 0; i < BIRTHS && err == SP_OK; i++) {
		int32_t env = sys_env_create(APP_CAP_SELF, name);

		err = env < 0 ? env : sys_env_kill(APP_CAP_SELF, (uint32_t)env);
	}
	said("births", err);
	return 0;
}
