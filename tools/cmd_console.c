/*
 * cmd_console.c - show what a machine printed, and follow it.
 */
#include "commands.h"
#include "machine.h"

#include <errno.h>
#include <string.h>

static const struct option options[] = {
	{ "no-follow", 'n', NULL, "stop at the end of what there is" },
	{ NULL, 0, NULL, NULL },
};

/* Copy what F has to stdout; true when there was something. */
static bool
copy(FILE *f)
{
	static char buf[4096];
	size_t n, total = 0;

	clearerr(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		fwrite(buf, 1, n, stdout);
		total += n;
	}
	return total > 0;
}

static enum status
run(const struct args *a)
{
	char path[MACHINE_PATH];
	struct machine m;
	enum status st = machine_find(a, false, &m);
	bool follow = opt_get(a, "no-follow") == NULL;
	FILE *f;

	if (st != STATUS_OK)
		return st;
	f = fopen(machine_path(&m, "console.log", path), "re");
	if (f == NULL && errno == ENOENT)
		return cli_fail(a, "no machine '%s' has been up", m.name);
	if (f == NULL)
		return cli_fail(a, "%s: %s", path, strerror(errno));
	copy(f);
	while (follow && fflush(stdout) == 0 && !ferror(stdout) &&
		machine_alive(&m)) {
		if (!copy(f))
			sleep_ms(100);
	}
	copy(f);
	fclose(f);
	return STATUS_OK;
}

const struct command cmd_console = {
	.group = "console",
	.words = "",
	.what = "show the console of a machine and follow it until it is down",
	.options = options,
	.example = "spindle console --no-follow",
	.run = run,
};
