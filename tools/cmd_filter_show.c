/*
 * cmd_filter_show.c - everything about one filter of a running machine.
 */
#include "bindings.h"
#include "commands.h"
#include "forms.h"
#include "seen.h"

#include <stdlib.h>
#include <string.h>

struct shown {
	const struct sp_info *info;
	const struct sp_binding_info *b;
	char flow[SP_NAME];
	struct seen_age age;
	struct expr e;
	struct code code;
};

static enum status
show_json(const struct shown *v)
{
	const struct dpf_filter *f = &v->e.filter;
	char *text = filter_text(f, FORM_PATHS_JSON);
	json_t *o = binding_facts(v->info, v->b);

	json_object_set_new(o, "atoms", json_string(text));
	json_object_set_new(o, "nodes", json_integer(f->nnodes));
	json_object_set_new(o, "residual", json_integer(f->nresidual));
	json_object_set_new(
		o, "native_bytes", json_integer((json_int_t)v->code.n * 4));
	json_object_set_new(
		o, "worst", json_integer(code_worst(v->code.words, v->code.n)));
	json_object_set_new(o, "flow", json_string(v->flow));
	json_object_set_new(o, "rank", json_integer(v->b->rank));
	json_object_set_new(
		o, "shared", json_boolean((v->b->flags & SP_BIND_SHARED) != 0));
	json_object_set_new(
		o, "follow", json_boolean((v->b->flags & SP_BIND_FOLLOW) != 0));
	seen_json(&v->age, o);
	free(text);
	return cli_json(o);
}

static void
show_counters(const struct shown *v)
{
	const struct sp_binding_info *b = v->b;
	char when[80];

	printf("  matched   %u frames (%u bytes), %s%s\n", b->packets, b->bytes,
		v->age.never ? "" : "the last one ",
		v->age.never ? "never since it was installed"
			     : seen_words(&v->age, false, when, sizeof(when)));
	if (b->target == SP_TO_RING || b->target == SP_TO_ASH)
		printf("  consumed  %u, delivered %u\n", b->consumed,
			b->delivered);
	if ((b->flags & SP_BIND_FOLLOW) != 0)
		printf("  followed  %u later fragments of its datagrams\n",
			b->followed);
	for (unsigned i = 0; i < SP_DROP_COUNT; i++)
		if (b->dropped[i] != 0)
			printf("  dropped   %u %s\n", b->dropped[i],
				drop_name(i));
}

static enum status
show_text(const struct shown *v)
{
	const struct sp_binding_info *b = v->b;
	const struct dpf_filter *f = &v->e.filter;
	char to[SP_NAME + 8];

	printf("filter %s\n  id        %#x, rank %u, priority %d\n"
	       "  owner     %s, in flow '%s'\n  to        %s\n",
		b->name, b->id, b->rank, (int)b->priority,
		env_name(v->info, b->owner), v->flow,
		binding_to(v->info, b, to, sizeof(to)));
	if ((b->flags & SP_BIND_SHARED) != 0)
		puts("  shared    group frames and ARP, a copy of its own");
	show_counters(v);
	printf("  native    %zu bytes alone, at most %u instructions a frame\n"
	       "  atoms     %u tests, residual %u:\n",
		v->code.n * 4, code_worst(v->code.words, v->code.n), f->nnodes,
		f->nresidual);
	filter_print_atoms(f, FORM_PATHS, stdout);
	return STATUS_OK;
}

/* Fill V for the binding of that name; V is to be released in any case. */
static enum status
look(const struct args *a, struct session *s, struct shown *v)
{
	struct seen *seen;
	enum status st = session_info(a, s, CTL_ALL_TABLES);

	if (st != STATUS_OK)
		return st;
	v->info = s->info;
	v->b = find_binding(s->info, a->words[0]);
	if (v->b == NULL)
		return cli_fail(a, "no filter '%s'", a->words[0]);
	st = seen_look(a, s, &seen);
	if (st != STATUS_OK)
		return st;
	v->age = seen_age(seen, (size_t)(v->b - s->info->binding));
	seen_release(seen);
	st = binding_flow(a, s, v->b, v->flow);
	if (st == STATUS_OK)
		st = binding_fetch(a, s, a->words[0], &v->e);
	if (st == STATUS_OK)
		st = code_compile_one(a, &v->e.filter, &v->code);
	return st;
}

static enum status
run_show(const struct args *a)
{
	struct session s = { .ctl = NULL };
	struct shown v = { .info = NULL };
	enum status st = word_name(a, "filter", a->words[0]);

	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st == STATUS_OK)
		st = look(a, &s, &v);
	if (st == STATUS_OK)
		st = a->json ? show_json(&v) : show_text(&v);
	code_release(&v.code);
	expr_release(&v.e);
	session_close(&s);
	return st;
}

const struct command cmd_filter_show = {
	.group = "filter",
	.verb = "show",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.what = "everything about one bound filter",
	.example = "spindle filter show web --json",
	.run = run_show,
};
