/*
 * main.c - a server by protected control transfer: it adds up.
 *
 * It has one slice and needs none: who calls lends it theirs.
 */
#include "apps/lib/app.h"
#include "apps/lib/pct.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

static uint32_t sum; /* of all that was sent */

/* The sum of the words, what was sent meanwhile, and who asks. */
static void
answer(uint32_t caller, struct pct_message *m)
{
	for (int i = 1; i < PCT_WORDS; i++)
		m->word[0] += m->word[i];
	m->word[1] = sum;
	m->word[2] = caller;
}

static void
take(uint32_t caller, struct pct_message *m)
{
	(void)caller;
	sum += m->word[0];
}

int
app_main(uint32_t a0, uint32_t a1)
{
	int err = pct_serve(answer, take);

	(void)a0;
	if (err < 0) {
		print("%s: %s\n", app_arg(a1, 0), sp_err_text(err));
		return err;
	}
	print("%s: serving\n", app_arg(a1, 0));
	for (;;)
		(void)sys_wait(SP_EVENT_CHILD);
}
