/*
 * main.c - owner of any handler: puts words into its state when it is ready.
 *
 * Arguments: OFFSET=VALUE, each, in bytes and decimal, written in that order.  Load
 * the handler with this program as its owner.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

static const char *
number(const char *s, uint32_t *v)
{
	for (*v = 0; *s >= '0' && *s <= '9'; s++)
		*v = *v * 10 + (uint32_t)(*s - '0');
	return s;
}

/* The state is whole pages; the last word of the first is the last that is written. */
static void
put(uint32_t state, const char *text)
{
	uint32_t offset, value;
	const char *end = number(text, &offset);

	if (*end != '=' || *number(end + 1, &value) != '\0' ||
		offset % 4 != 0 || offset >= SP_PAGE) {
		print("%s: is no OFFSET=VALUE\n", text);
		return;
	}
	mmio_store((uint32_t *)(state + offset), value);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t self = (uint32_t)sys_self();

	for (;;) {
		(void)sys_wait(SP_EVENT_ASH);
		for (uint32_t i = 0; i < SP_MAX_ASHES; i++) {
			const struct sp_ash_info *h = &app_info()->ash[i];

			if (h->id == 0 || h->owner != self || h->words == 0)
				continue;
			for (uint32_t w = 1; w < a0; w++)
				put(app_ash_va(i, h->data_pfn), app_arg(a1, w));
			print("%s: %u words for %s\n", app_arg(a1, 0), a0 - 1,
				h->name);
		}
	}
}
