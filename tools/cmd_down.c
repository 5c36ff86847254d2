/*
 * cmd_down.c - stop a machine: politely through its agent, else by force.
 */
#include "commands.h"
#include "ctl.h"

#include <spindle/bytes.h>

static const struct option options[] = {
	{ "force", 'f', NULL, "do not ask the agent first" },
	{ NULL, 0, NULL, NULL },
};

enum { PATIENCE_MS = 1500 };

/* Ask the agent to end the machine; true when it agreed. */
static bool
ask_agent(const struct args *a, const struct machine *m)
{
	uint8_t status[4];
	struct ctl *c;
	int err;

	if (m->frozen || opt_get(a, "force") != NULL)
		return false;
	c = ctl_try(m, PATIENCE_MS);
	if (c == NULL)
		return false;
	ctl_patience(c, 1, AG_TIMEOUT_MS);
	le32_put(status, 0);
	err = ctl_ask(c, AG_HALT, status, sizeof(status), NULL, 0);
	ctl_close(c);
	return err >= 0 || err == CTL_CLOSED;
}

static enum status
run(const struct args *a)
{
	struct machine m;
	enum status st = machine_find(a, false, &m);
	bool agreed;

	if (st != STATUS_OK)
		return st;
	if (m.pid == 0)
		return cli_fail(a, "no machine '%s' is up", m.name);
	agreed = ask_agent(a, &m);
	if (!machine_kill(&m, agreed))
		return cli_fail(a, "process %d does not end", (int)m.pid);
	machine_clean(&m);
	if (a->json)
		return cli_json(json_pack("{s:b, s:s, s:b}", "up", 0, "name",
			m.name, "asked", agreed));
	printf("machine '%s' is down\n", m.name);
	return STATUS_OK;
}

const struct command cmd_down = {
	.group = "down",
	.words = "",
	.what = "stop a machine",
	.options = options,
	.example = "spindle down --name second",
	.run = run,
};
