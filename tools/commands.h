/*
 * commands.h - every command of the tool; main.c lists them, cmd_*.c are them.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "cli.h"

extern const struct command cmd_up, cmd_down, cmd_status, cmd_top, cmd_console;
extern const struct command cmd_app_start, cmd_app_list, cmd_app_stop,
	cmd_app_revoke;
extern const struct command cmd_filter_check, cmd_filter_add,
	cmd_filter_replace, cmd_filter_del, cmd_filter_list, cmd_filter_show,
	cmd_filter_dump, cmd_filter_run;
extern const struct command cmd_ash_load, cmd_ash_replace, cmd_ash_unload,
	cmd_ash_list, cmd_ash_show, cmd_ash_dump, cmd_ash_check, cmd_ash_test;
extern const struct command cmd_replay, cmd_capture, cmd_rtt;

#endif /* TOOLS_COMMANDS_H */
