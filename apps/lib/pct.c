/*
 * pct.c - who answers protected calls; the transfer itself is in pct.S.
 */
#include "pct.h"

#include "context.h"

#include <stddef.h>

_Static_assert(PCT_WORD(PCT_WORDS) <= PCT_BYTES && PCT_BYTES % 8 == 0, "asm");

/* pct.S */
void pct_entry_call(void);
void pct_entry_send(void);

/* What the entries call. */
void (*pct_on_call)(uint32_t caller, struct pct_message *m);
void (*pct_on_send)(uint32_t caller, struct pct_message *m);

static uint32_t
pc_if(void (*entry)(void), bool wanted)
{
	return wanted ? (uint32_t)(uintptr_t)entry : 0;
}

int
pct_serve(void (*call)(uint32_t caller, struct pct_message *m),
	void (*send)(uint32_t caller, struct pct_message *m))
{
	struct sp_context *c = context_get();

	pct_on_call = call;
	pct_on_send = send;
	c->sync_pc = pc_if(pct_entry_call, call != NULL);
	c->async_pc = pc_if(pct_entry_send, send != NULL);
	return context_apply();
}
