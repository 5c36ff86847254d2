/*
 * cmd_filter_list.c - all bindings of a running machine with their counters.
 */
#define _GNU_SOURCE /* strverscmp, qsort_r */

#include "bindings.h"
#include "commands.h"
#include "seen.h"

#include <stdlib.h>
#include <string.h>

static const struct option list_options[] = {
	{ "never", 0, NULL, "only those that never matched" },
	{ NULL, 0, NULL, NULL },
};

/* The slots in use, by name, numbers in names by value: p2 before p10. */
struct order {
	const struct sp_info *info;
	size_t *slot, n;
};

static int
by_name(const void *x, const void *y, void *arg)
{
	const struct sp_info *info = arg;
	const size_t *a = x, *b = y;

	return strverscmp(info->binding[*a].name, info->binding[*b].name);
}

static struct order
sorted(const struct sp_info *info, bool never)
{
	struct order o = { .info = info };

	o.slot = xalloc(SP_MAX_BINDINGS * sizeof(*o.slot));
	for (size_t i = 0; i < SP_MAX_BINDINGS; i++)
		if (info->binding[i].id != 0 &&
			(!never || info->binding[i].packets == 0))
			o.slot[o.n++] = i;
	qsort_r(o.slot, o.n, sizeof(*o.slot), by_name, (void *)(uintptr_t)info);
	return o;
}

static enum status
list_json(const struct order *o, const struct seen *seen)
{
	json_t *all = json_array();

	for (size_t i = 0; i < o->n; i++) {
		struct seen_age age = seen_age(seen, o->slot[i]);
		json_t *one =
			binding_facts(o->info, &o->info->binding[o->slot[i]]);

		seen_json(&age, one);
		json_array_append_new(all, one);
	}
	return cli_json(all);
}

static enum status
list_table(const struct order *o, const struct seen *seen)
{
	char to[SP_NAME + 8], when[40];
	size_t never = 0;

	printf("%-16s %-20s %-12s %5s %10s %12s %8s  %s\n", "NAME", "TO",
		"OWNER", "PRIO", "PACKETS", "BYTES", "DROPS", "LAST MATCH");
	for (size_t i = 0; i < o->n; i++) {
		const struct sp_binding_info *b = &o->info->binding[o->slot[i]];
		struct seen_age age = seen_age(seen, o->slot[i]);

		never += age.never;
		printf("%-16s %-20s %-12s %5d %10u %12u %8u  %s\n", b->name,
			binding_to(o->info, b, to, sizeof(to)),
			env_name(o->info, b->owner), (int)b->priority,
			b->packets, b->bytes, drops_sum(b->dropped),
			seen_words(&age, true, when, sizeof(when)));
	}
	if (o->n > 0)
		printf("%zu filters, %zu of them never matched\n", o->n, never);
	return STATUS_OK;
}

static enum status
run_list(const struct args *a)
{
	struct session s;
	struct seen *seen;
	struct order o;
	enum status st = session_open(a, &s);

	if (st != STATUS_OK)
		return st;
	st = session_info(a, &s, CTL_ALL_TABLES);
	if (st == STATUS_OK)
		st = seen_look(a, &s, &seen);
	if (st == STATUS_OK) {
		o = sorted(s.info, opt_get(a, "never") != NULL);
		st = a->json ? list_json(&o, seen) : list_table(&o, seen);
		free(o.slot);
		seen_release(seen);
	}
	session_close(&s);
	return st;
}

const struct command cmd_filter_list = {
	.group = "filter",
	.verb = "list",
	.words = "",
	.what = "all bindings with their counters and when they matched last",
	.options = list_options,
	.example = "spindle filter list\n"
		   "  spindle filter list --never --json",
	.run = run_list,
};
