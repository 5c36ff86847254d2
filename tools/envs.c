/*
 * envs.c - environments as a table and as JSON, and why they ended.
 */
#include "envs.h"

#include "program.h"

#include <spindle/bytes.h>
#include <spindle/err.h>

#include <stdlib.h>

/* Cause.ExcCode, as the MIPS32 manual names it. */
static const struct cause {
	const char *name, *text;
	bool address; /* BadVAddr tells something */
} causes[] = {
	[1] = { "Mod", "store to a read-only page", true },
	[2] = { "TLBL", "load from an unmapped address", true },
	[3] = { "TLBS", "store to an unmapped address", true },
	[4] = { "AdEL", "bad address for a load", true },
	[5] = { "AdES", "bad address for a store", true },
	[9] = { "Bp", "break", false },
	[10] = { "RI", "reserved instruction", false },
	[11] = { "CpU", "coprocessor unusable", false },
	[12] = { "Ov", "overflow", false },
	[13] = { "Tr", "trap", false },
};

const char *
env_state(uint32_t state)
{
	static const char *const names[] = {
		[SP_ENV_FREE] = "free",
		[SP_ENV_NEW] = "new",
		[SP_ENV_RUNNABLE] = "runnable",
		[SP_ENV_WAITING] = "waiting",
		[SP_ENV_DEAD] = "dead",
		[SP_ENV_SLEEPING] = "sleeping",
	};

	return state < ARRAY_LEN(names) ? names[state] : "?";
}

/* NULL: it ended of itself or was killed. */
static const struct cause *
cause_of(const struct sp_env_info *e)
{
	static const struct cause other = { "?", "exception", true };
	uint32_t code = e->exit_cause >> 2 & 31;

	if (e->exit_cause == 0)
		return NULL;
	return code < ARRAY_LEN(causes) && causes[code].name != NULL
		       ? &causes[code]
		       : &other;
}

/* ", FILE:LINE", with whom it was inlined into; empty if nobody knows. */
static char *
line_text(const struct ash_line *at, const struct ash_line *within)
{
	if (at->line == 0)
		return xformat("%s", "");
	if (within->line == 0)
		return xformat(", %s:%u", at->file, at->line);
	return xformat(", %s:%u in %s:%u", at->file, at->line, within->file,
		within->line);
}

/* In words; AT is the source line of the pc, if there is one. */
static char *
end_text(const struct machine *m, const struct sp_env_info *e,
	struct ash_line *at)
{
	const struct cause *c = cause_of(e);
	struct ash_line within;
	char address[16] = "", *line, *text;

	at->line = 0;
	if (c == NULL && (int32_t)e->exit_code == SP_EKILLED)
		return xformat("was ended by somebody else");
	if (c == NULL)
		return xformat("ended with %d", (int)e->exit_code);
	program_line(m, e->id, e->exit_pc, at, &within);
	line = line_text(at, &within);
	if (c->address)
		snprintf(address, sizeof(address), " %08x", e->exit_addr);
	text = xformat("%s%s, pc %08x%s", c->text, address, e->exit_pc, line);
	free(line);
	return text;
}

static json_t *
end_json(const struct machine *m, const struct sp_env_info *e)
{
	const struct cause *c = cause_of(e);
	struct ash_line at;
	char *text = end_text(m, e, &at);
	json_t *o = json_pack("{s:i, s:s, s:s?}", "code", (int)e->exit_code,
		"text", text, "cause", c != NULL ? c->name : NULL);

	json_object_set_new(
		o, "pc", c != NULL ? json_integer(e->exit_pc) : json_null());
	json_object_set_new(o, "address",
		c != NULL && c->address ? json_integer(e->exit_addr)
					: json_null());
	json_object_set_new(
		o, "file", at.line != 0 ? json_string(at.file) : json_null());
	json_object_set_new(
		o, "line", at.line != 0 ? json_integer(at.line) : json_null());
	free(text);
	return o;
}

json_t *
env_json(const struct machine *m, const struct sp_env_info *e)
{
	const struct {
		const char *name;
		uint32_t value;
	} counters[] = {
		{ "id", e->id },
		{ "parent", e->parent },
		{ "pages", e->pages },
		{ "slices", e->slices },
		{ "ticks", e->ticks },
		{ "upcalls", e->upcalls },
		{ "sent", e->sent },
		{ "rings", e->rings },
		{ "bindings", e->bindings },
		{ "excess", e->excess },
		{ "forfeited", e->forfeited },
		{ "charged", e->charged },
		{ "repossessed", e->repossessed },
	};
	json_t *o = json_pack(
		"{s:s, s:s}", "name", e->name, "state", env_state(e->state));

	for (size_t i = 0; i < ARRAY_LEN(counters); i++)
		json_object_set_new(
			o, counters[i].name, json_integer(counters[i].value));
	if (e->state == SP_ENV_DEAD)
		json_object_set_new(o, "ended", end_json(m, e));
	return o;
}

json_t *
envs_json(const struct machine *m, const struct sp_info *info)
{
	json_t *all = json_array();

	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		if (info->env[i].id != 0)
			json_array_append_new(all, env_json(m, &info->env[i]));
	return all;
}

void
envs_print(const struct machine *m, const struct sp_info *info, FILE *out)
{
	struct ash_line at;
	char *why;

	fprintf(out, "%-8s %-16s %-9s %6s %6s %8s %8s %8s %6s %6s\n", "ID",
		"NAME", "STATE", "PAGES", "SLICES", "TICKS", "UPCALLS", "SENT",
		"EXCESS", "TAKEN");
	for (size_t i = 0; i < SP_MAX_ENVS; i++) {
		const struct sp_env_info *e = &info->env[i];

		if (e->id != 0)
			fprintf(out,
				"%-8u %-16s %-9s %6u %6u %8u %8u %8u %6u %6u\n",
				e->id, e->name, env_state(e->state), e->pages,
				e->slices, e->ticks, e->upcalls, e->sent,
				e->excess, e->repossessed);
	}
	for (size_t i = 0; i < SP_MAX_ENVS; i++) {
		const struct sp_env_info *e = &info->env[i];

		if (e->id == 0 || e->state != SP_ENV_DEAD)
			continue;
		why = end_text(m, e, &at);
		fprintf(out, "%s (%u): %s\n", e->name, e->id, why);
		free(why);
	}
}
