/*
 * main.c - call a server: pct-client [SERVER], pct-server if none is named.
 */
#include "apps/lib/app.h"
#include "apps/lib/pct.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

#include <stdbool.h>

enum { CALLS = 1000, NS_PER_COUNT = 6 };

/* One call that believes nothing; false: refused or a wrong answer. */
static bool
ask(uint32_t server, uint32_t i)
{
	struct pct_message m = { { i, 2, 3, 4, 5, 6, 7, 8 } };
	int32_t err = pct_call(server, &m);

	if (err < 0) {
		print("pct-client: %s\n", sp_err_text(err));
		return false;
	}
	return m.word[0] == i + 35 && m.word[2] == (uint32_t)sys_self();
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t server = app_find(a0 > 1 ? app_arg(a1, 1) : "pct-server");
	struct pct_message m = { { 1 } };
	uint32_t start;

	if (server == 0) {
		print("pct-client: nobody of that name\n");
		return 1;
	}
	if (pct_send(server, &m) < 0)
		return 1;
	start = sys_count();
	for (uint32_t i = 0; i < CALLS; i++)
		if (!ask(server, i))
			return 1;
	print("pct-client: %u calls, %u ns each\n", (uint32_t)CALLS,
		(sys_count() - start) / CALLS * NS_PER_COUNT);
	return 0;
}
