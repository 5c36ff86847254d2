/*
 * main.c - find the command and run it.
 */
#include "commands.h"

#include <signal.h>
#include <string.h>

static const struct command *const commands[] = {
	&cmd_up,
	&cmd_down,
	&cmd_status,
	&cmd_top,
	&cmd_console,
	&cmd_app_start,
	&cmd_app_list,
	&cmd_app_stop,
	&cmd_app_revoke,
	&cmd_filter_check,
	&cmd_filter_add,
	&cmd_filter_replace,
	&cmd_filter_del,
	&cmd_filter_list,
	&cmd_filter_show,
	&cmd_filter_dump,
	&cmd_filter_run,
	&cmd_ash_load,
	&cmd_ash_replace,
	&cmd_ash_unload,
	&cmd_ash_list,
	&cmd_ash_show,
	&cmd_ash_dump,
	&cmd_ash_check,
	&cmd_ash_test,
	&cmd_replay,
	&cmd_capture,
	&cmd_rtt,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	       strcmp(word, "help") == 0;
}

/* The commands of GROUP, or all of them. */
static void
print_list(const char *group, FILE *out)
{
	char name[32];

	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = commands[i];

		if (group != NULL && strcmp(c->group, group) != 0)
			continue;
		snprintf(name, sizeof(name), "%s %s", c->group,
			c->verb != NULL ? c->verb : "");
		fprintf(out, "  %-16s %s\n", name, c->what);
	}
}

static enum status
help_all(void)
{
	puts("usage: spindle COMMAND [words] [options]\n\n"
	     "Boot a Spindle machine and work with it.  Every command has "
	     "--help\nwith an example; facts are printed as JSON with "
	     "--json.\n");
	print_list(NULL, stdout);
	puts("\nexample:\n"
	     "  spindle up\n"
	     "  spindle filter add echo 'udp dst port 7'\n"
	     "  spindle replay trace.pcap\n\n"
	     "exit status: 0 done, 1 refused or failed (stderr says why), 2 "
	     "bad "
	     "usage");
	return STATUS_OK;
}

static enum status
help_group(const char *group)
{
	printf("usage: spindle %s COMMAND [words] [options]\n\n", group);
	print_list(group, stdout);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->group, group) == 0) {
			printf("\nexample:\n  %s\n", commands[i]->example);
			break;
		}
	}
	return STATUS_OK;
}

static enum status
run(const struct command *cmd, int argc, char **argv)
{
	struct args a;
	enum status st = cli_parse(cmd, argc, argv, &a);

	if (st != STATUS_OK)
		return st;
	if (a.help) {
		cli_help(cmd, stdout);
		return STATUS_OK;
	}
	st = cmd->run(&a);
	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_fail(&a, "cannot write the answer");
	return st;
}

static enum status
dispatch(int argc, char **argv)
{
	bool group = false;

	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = commands[i];

		if (strcmp(c->group, argv[1]) != 0)
			continue;
		if (c->verb == NULL)
			return run(c, argc - 2, argv + 2);
		group = true;
		if (argc > 2 && strcmp(c->verb, argv[2]) == 0)
			return run(c, argc - 3, argv + 3);
	}
	if (group && argc > 2 && is_help(argv[2]))
		return help_group(argv[1]);
	if (group && argc > 2)
		fprintf(stderr, "spindle: %s: unknown command '%s'", argv[1],
			argv[2]);
	else if (group)
		fprintf(stderr, "spindle: %s: which command?", argv[1]);
	else
		fprintf(stderr, "spindle: unknown command '%s'", argv[1]);
	fprintf(stderr, " (see spindle %s%s--help)\n", group ? argv[1] : "",
		group ? " " : "");
	return STATUS_USAGE;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		fputs("spindle: which command? (see spindle --help)\n", stderr);
		return STATUS_USAGE;
	}
	if (is_help(argv[1]))
		return (int)help_all();
	return (int)dispatch(argc, argv);
}
