/*
 * giver.c - an application that owns 16 pages and is asked for some back.
 *
 * Argument 1: gives (frees what is wanted, the lowest first) or ignores.
 */
#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

enum { PAGES = 16 };

static uint32_t own[PAGES]; /* frames, in the order they go */

static void
give(uint32_t *at)
{
	uint32_t wanted =
		mmio_load(&context_area()->wanted[SP_RES_PAGES].count);
	uint32_t given = 0;

	for (; given < wanted && *at < PAGES; given++)
		(void)sys_page_free(APP_CAP_SELF, own[(*at)++], 1);
	print("giver: gave %u pages\n", given);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	bool gives = a0 > 1 && str_equal(app_arg(a1, 1), "gives");
	uint32_t at = 0;
	int err = context_open();

	for (uint32_t i = 0; i < PAGES && err >= 0; i++) {
		err = sys_page_alloc(APP_CAP_SELF, 1, 0, SP_PFN_ANY);
		own[i] = (uint32_t)err;
	}
	print("giver: %s\n", err < 0 ? sp_err_text(err) : "ready");
	for (;;) {
		(void)sys_wait(SP_EVENT_REVOKE);
		if (gives)
			give(&at);
	}
}
