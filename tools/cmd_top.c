/*
 * cmd_top.c - a live table of what a machine does.
 *
 * On a terminal each sample is drawn over the last one, cut to its size; into
 * a file or a pipe samples follow each other.  The line to the machine is free
 * between two samples, so other commands work meanwhile.
 */
#include "bindings.h"
#include "commands.h"
#include "top.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct option top_options[] = {
	{ "iterations", 'n', "N", "end after N samples (default: go on)" },
	{ "interval", 'i', "S", "seconds between samples (default 1)" },
	{ NULL, 0, NULL, NULL },
};

static volatile sig_atomic_t stopped;

static void
stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* --interval: seconds, with a fraction if need be. */
static enum status
interval_ms(const struct args *a, unsigned *out)
{
	const char *text = opt_get(a, "interval");
	char *end;
	double v;

	*out = 1000;
	if (text == NULL)
		return STATUS_OK;
	v = strtod(text, &end);
	if (strspn(text, "0123456789.") != strlen(text) || end == text ||
		*end != '\0' || v < 0.05 || v > 3600)
		return cli_misuse(a,
			"--interval must be 0.05..3600 seconds, not '%s'",
			text);
	*out = (unsigned)lround(v * 1000);
	return STATUS_OK;
}

/* As many lines and columns of TEXT as the terminal has, over what is there. */
static void
draw(const char *text)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 2 ||
		size.ws_col < 2)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	fputs("\033[H", stdout);
	for (unsigned row = 1; *text != '\0' && row < size.ws_row; row++) {
		size_t n = strcspn(text, "\n");

		printf("%.*s\033[K\n", (int)(n < size.ws_col ? n : size.ws_col),
			text);
		text += n + (text[n] != '\0');
	}
	fputs("\033[J", stdout);
}

static void
show_text(const struct top *t)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (out == NULL)
		return;
	top_print(t, out);
	fclose(out);
	if (isatty(STDOUT_FILENO))
		draw(text);
	else
		printf("%s\n", text);
	free(text);
}

/* Sleep for what is left of MS since START_US. */
static void
wait_until(double start_us, unsigned ms)
{
	double left;

	while (!stopped) {
		left = ms - (now_us() - start_us) / 1000;
		if (left <= 0)
			return;
		sleep_ms((unsigned)ceil(left));
	}
}

/* One sample after another, each compared with the one before. */
static enum status
watch(const struct args *a, struct session *s, uint64_t samples, unsigned ms)
{
	struct sp_info *before = xalloc(sizeof(*before));
	struct top t = { .m = &s->m, .before = before };
	double then, now;
	enum status st = session_info(a, s, CTL_ALL_TABLES);

	then = now_us();
	for (uint64_t i = 0; st == STATUS_OK && i < samples; i++) {
		memcpy(before, s->info, sizeof(*before));
		ctl_pause(s->ctl);
		wait_until(then, ms);
		if (stopped)
			break;
		st = session_info(a, s, CTL_ALL_TABLES);
		now = now_us();
		t.now = s->info;
		t.seconds = (now - then) / 1e6;
		then = now;
		if (st == STATUS_OK && a->json)
			(void)cli_json(top_json(&t));
		else if (st == STATUS_OK)
			show_text(&t);
		if (fflush(stdout) != 0)
			break;
	}
	free(before);
	return st;
}

static enum status
run(const struct args *a)
{
	const struct sigaction on_stop = { .sa_handler = stop };
	struct session s = { .ctl = NULL };
	uint64_t samples = UINT64_MAX;
	unsigned ms;
	enum status st = opt_number(a, "iterations", 1, 1000000000, &samples);

	if (st == STATUS_OK)
		st = interval_ms(a, &ms);
	if (st == STATUS_OK)
		st = session_open(a, &s);
	if (st != STATUS_OK)
		return st;
	(void)sigaction(SIGINT, &on_stop, NULL);
	(void)sigaction(SIGTERM, &on_stop, NULL);
	st = watch(a, &s, samples, ms);
	session_close(&s);
	return st;
}

const struct command cmd_top = {
	.group = "top",
	.words = "",
	.what = "live table: filters, environments, slices, free pages",
	.options = top_options,
	.example = "spindle top -n 5 --interval 0.5",
	.run = run,
};
