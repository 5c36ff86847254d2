/*
 * top.c - differences of two copies of struct sp_info, as text and as JSON.
 *
 * The exposed page holds counters only; rates are made here.  Ticks pass only
 * while somebody runs, so a share of them is a share of the time the CPU had
 * work to do.
 */
#include "top.h"

#include "bindings.h"
#include "envs.h"

#include <spindle/bytes.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS_PER_MS = 166667 }; /* CP0 Count: 6 ns */

/* What happened to a binding or an environment since the last look. */
struct change {
	double packets, bytes, drops; /* a second */
	double share;                 /* of the ticks, 0..1 */
	double charged_ms;            /* a second */
};

static double
rate(const struct top *t, uint32_t now, uint32_t before)
{
	return t->seconds > 0 ? (double)(now - before) / t->seconds : 0;
}

static struct change
change_of_binding(const struct top *t, size_t i)
{
	static const struct sp_binding_info none;
	const struct sp_binding_info *b = &t->now->binding[i];
	const struct sp_binding_info *old = &t->before->binding[i];

	if (old->id != b->id)
		old = &none;
	return (struct change){
		.packets = rate(t, b->packets, old->packets),
		.bytes = rate(t, b->bytes, old->bytes),
		.drops =
			rate(t, drops_sum(b->dropped), drops_sum(old->dropped)),
	};
}

static struct change
change_of_env(const struct top *t, size_t i)
{
	static const struct sp_env_info none;
	const struct sp_env_info *e = &t->now->env[i];
	const struct sp_env_info *old = &t->before->env[i];
	uint32_t ticks = t->now->ticks - t->before->ticks;

	if (old->id != e->id)
		old = &none;
	return (struct change){
		.share =
			ticks > 0 ? (double)(e->ticks - old->ticks) / ticks : 0,
		.charged_ms = rate(t, e->charged, old->charged) / COUNTS_PER_MS,
	};
}

/* At most how many instructions the handler behind B takes; 0: it has none. */
static uint32_t
at_most(const struct sp_info *info, const struct sp_binding_info *b)
{
	const struct sp_ash_info *h = ash_of_binding(info, b);

	if (h == NULL)
		return 0;
	return h->bound != 0 ? h->bound : h->budget;
}

/* --- the busiest first -------------------------------------------------------- */

struct row {
	size_t at;
	double packets;
	uint32_t total;
};

static int
busier(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return x->at < y->at ? -1 : 1;
}

/* The *COUNT bindings of the sample; good until the next call. */
static const struct row *
sort_bindings(const struct top *t, size_t *count)
{
	static struct row rows[SP_MAX_BINDINGS];
	size_t n = 0;

	for (size_t i = 0; i < SP_MAX_BINDINGS; i++) {
		if (t->now->binding[i].id != 0)
			rows[n++] = (struct row){ i,
				change_of_binding(t, i).packets,
				t->now->binding[i].packets };
	}
	qsort(rows, n, sizeof(rows[0]), busier);
	*count = n;
	return rows;
}

/* --- JSON --------------------------------------------------------------------- */

/* To a thousandth: nobody reads more. */
static json_t *
number(double v)
{
	return json_real(round(v * 1000) / 1000);
}

static json_t *
binding_json(const struct top *t, size_t i)
{
	const struct sp_binding_info *b = &t->now->binding[i];
	struct change c = change_of_binding(t, i);
	uint32_t most = at_most(t->now, b);
	char to[SP_NAME + 8];
	json_t *o = json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:o}", "name",
		b->name, "id", (json_int_t)b->id, "owner",
		env_name(t->now, b->owner), "to",
		binding_to(t->now, b, to, sizeof(to)), "packets",
		(json_int_t)b->packets, "bytes", (json_int_t)b->bytes, "drops",
		drops_json(b->dropped));

	json_object_set_new(o, "packets_per_s", number(c.packets));
	json_object_set_new(o, "bytes_per_s", number(c.bytes));
	json_object_set_new(o, "drops_per_s", number(c.drops));
	json_object_set_new(o, "at_most_instructions",
		most != 0 ? json_integer(most) : json_null());
	return o;
}

static json_t *
nic_json(const struct top *t)
{
	const struct sp_nic_info *n = &t->now->nic, *o = &t->before->nic;
	json_t *all = json_pack("{s:I, s:I, s:I, s:I, s:o, s:I}", "received",
		(json_int_t)n->received, "consumed", (json_int_t)n->consumed,
		"delivered", (json_int_t)n->delivered, "sent",
		(json_int_t)n->sent, "dropped", drops_json(n->dropped),
		"missed", (json_int_t)n->missed);

	json_object_set_new(all, "received_per_s",
		number(rate(t, n->received, o->received)));
	json_object_set_new(
		all, "sent_per_s", number(rate(t, n->sent, o->sent)));
	json_object_set_new(all, "dropped_per_s",
		number(rate(t, drops_sum(n->dropped), drops_sum(o->dropped))));
	return all;
}

static json_t *
env_sample(const struct top *t, size_t i)
{
	json_t *o = env_json(t->m, &t->now->env[i]);
	struct change c = change_of_env(t, i);

	json_object_set_new(o, "ticks_share", number(c.share));
	json_object_set_new(o, "charged_ms_per_s", number(c.charged_ms));
	return o;
}

json_t *
top_json(const struct top *t)
{
	size_t n;
	const struct row *rows = sort_bindings(t, &n);
	json_t *bindings = json_array(), *envs = json_array();
	json_t *slices = json_array();
	json_t *o = json_pack("{s:s, s:I}", "name", t->m->name, "ticks",
		(json_int_t)t->now->ticks);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(bindings, binding_json(t, rows[i].at));
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		if (t->now->env[i].id != 0)
			json_array_append_new(envs, env_sample(t, i));
	for (size_t i = 0; i < SP_SLICES; i++)
		json_array_append_new(slices, json_integer(t->now->slice[i]));
	json_object_set_new(o, "seconds", number(t->seconds));
	json_object_set_new(o, "ticks_per_s",
		number(rate(t, t->now->ticks, t->before->ticks)));
	json_object_set_new(o, "memory",
		json_pack("{s:I, s:I}", "pages",
			(json_int_t)t->now->pages_total, "free",
			(json_int_t)t->now->pages_free));
	json_object_set_new(o, "nic", nic_json(t));
	json_object_set_new(o, "slices", slices);
	json_object_set_new(o, "environments", envs);
	json_object_set_new(o, "filters", bindings);
	return o;
}

/* --- text --------------------------------------------------------------------- */

/* The letter an environment has in the picture of the slice vector. */
static char
letter(size_t slot)
{
	return (char)(slot < 26 ? 'A' + (int)slot : 'a' + (int)slot - 26);
}

static void
print_head(const struct top *t, FILE *out)
{
	const struct sp_nic_info *n = &t->now->nic, *o = &t->before->nic;

	fprintf(out,
		"%s: %.0f frames/s in, %.0f/s out, %.0f/s dropped, %u missed; "
		"%.0f ticks/s; %u of %u pages free\n",
		t->m->name, rate(t, n->received, o->received),
		rate(t, n->sent, o->sent),
		rate(t, drops_sum(n->dropped), drops_sum(o->dropped)),
		n->missed, rate(t, t->now->ticks, t->before->ticks),
		t->now->pages_free, t->now->pages_total);
}

static void
print_slices(const struct sp_info *info, FILE *out)
{
	fputs("slices ", out);
	for (size_t i = 0; i < SP_SLICES; i++) {
		char c = '.';

		for (size_t k = 0; k < SP_MAX_ENVS; k++)
			if (info->slice[i] != 0 &&
				info->env[k].id == info->slice[i])
				c = letter(k);
		fputc(c, out);
	}
	fputc('\n', out);
}

static void
print_env(const struct top *t, size_t i, FILE *out)
{
	const struct sp_env_info *e = &t->now->env[i];
	struct change c = change_of_env(t, i);

	fprintf(out,
		"%c %-8u %-16s %-9s %6.1f %6u %6u %5u %7u %6u %6u %8.2f %5u\n",
		letter(i), e->id, e->name, env_state(e->state), c.share * 100,
		e->slices, e->pages, e->rings, e->bindings, e->excess,
		e->forfeited, c.charged_ms, e->repossessed);
}

/* "ring-full 12, aborted 1" */
static void
print_drops(const uint32_t dropped[SP_DROP_COUNT], FILE *out)
{
	const char *between = "";

	for (unsigned i = 0; i < SP_DROP_COUNT; i++) {
		if (dropped[i] == 0)
			continue;
		fprintf(out, "%s%s %u", between, drop_name(i), dropped[i]);
		between = ", ";
	}
	fputs(*between != '\0' ? "\n" : "-\n", out);
}

static void
print_binding(const struct top *t, size_t i, FILE *out)
{
	const struct sp_binding_info *b = &t->now->binding[i];
	struct change c = change_of_binding(t, i);
	uint32_t most = at_most(t->now, b);
	char to[SP_NAME + 8], instr[16] = "-";

	if (most != 0)
		snprintf(instr, sizeof(instr), "%u", most);
	fprintf(out, "%-16s %-12s %-18s %10.1f %10.0f %10u %8s  ", b->name,
		env_name(t->now, b->owner),
		binding_to(t->now, b, to, sizeof(to)), c.packets, c.bytes,
		b->packets, instr);
	print_drops(b->dropped, out);
}

void
top_print(const struct top *t, FILE *out)
{
	size_t n;
	const struct row *rows = sort_bindings(t, &n);

	print_head(t, out);
	print_slices(t->now, out);
	fprintf(out,
		"\n  %-8s %-16s %-9s %6s %6s %6s %5s %7s %6s %6s %8s %5s\n",
		"ID", "NAME", "STATE", "TICKS%", "SLICES", "PAGES", "RINGS",
		"FILTERS", "EXCESS", "PAID", "IRQ-MS/S", "TAKEN");
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		if (t->now->env[i].id != 0 &&
			t->now->env[i].state != SP_ENV_DEAD)
			print_env(t, i, out);
	fprintf(out, "\n%-16s %-12s %-18s %10s %10s %10s %8s  %s\n", "FILTER",
		"OWNER", "TO", "PACKETS/S", "BYTES/S", "PACKETS",
		"INSTR<=", "DROPS");
	for (size_t i = 0; i < n; i++)
		print_binding(t, rows[i].at, out);
	fputs("drops of all frames: ", out);
	print_drops(t->now->nic.dropped, out);
}
