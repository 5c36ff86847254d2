/*
 * cmd_capture.c - watch the frames of a machine, or write them to a file.
 *
 * A tap in the kernel records them (tape.c); nobody gets another frame or none
 * because of it.  At the end each frame that the filter accepted is accounted for:
 * captured, or dropped, and where.
 */
#include "commands.h"
#include "frame_line.h"
#include "pcapng.h"
#include "tape.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	REST_MS = 60, /* between two looks when nothing waits */
	BUFFER_KIB = 1024,
	SNAP_LINES = 128,     /* enough to print a line */
	SNAP_COUNT = 1,       /* ... and to count it */
	LONG_WAIT = 64 << 10, /* bytes that take a while on the line */
	BUFFER_MOST = 2048,
	LINE = 256,
};

static const struct option options[] = {
	{ "write", 'w', "FILE", "write pcapng ('-': to standard output)" },
	{ "pcap", 0, NULL,
		"write classic pcap, as for FILE.pcap; no directions" },
	{ "count", 'c', "N", "end after N frames" },
	{ "duration", 0, "S", "end after S seconds" },
	{ "direction", 'Q', "in|out|inout",
		"frames that come, leave, or both" },
	{ "snaplen", 's', "N",
		"keep at most N bytes of a frame (default: all with -w)" },
	{ "buffer", 'B', "KIB",
		"what waits in the machine: 4 to 2048 (default 1024)" },
	{ "quiet", 'q', NULL, "print no frames, only how many" },
	{ NULL, 0, NULL, NULL },
};

struct watch {
	const struct args *a;
	struct tape t;
	struct expr filter;
	char *text;
	struct tape_wish wish;
	FILE *file; /* NULL: none */
	bool classic, lines, by_count;
	uint64_t limit, end_ms;
	uint64_t captured, way[2], start_ns, last_ns;
	struct sp_nic_info before, after;
};

static volatile sig_atomic_t interrupted, suspended;

static void
on_signal(int sig)
{
	if (sig == SIGTSTP)
		suspended = 1;
	else
		interrupted++;
}

/* Without SA_RESTART, so that rests end early. */
static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGTSTP, &sa, NULL);
}

/* --- options -------------------------------------------------------------------- */

static enum status
read_direction(struct watch *w)
{
	const char *d = opt_get(w->a, "direction");

	w->wish.in = d == NULL || strcmp(d, "out") != 0;
	w->wish.out = d == NULL || strcmp(d, "in") != 0;
	if (d != NULL && strcmp(d, "in") != 0 && strcmp(d, "out") != 0 &&
		strcmp(d, "inout") != 0)
		return cli_misuse(
			w->a, "--direction is in, out or inout, not '%s'", d);
	return STATUS_OK;
}

/* Data pages of the tape: as many as were asked for, rounded up. */
static uint32_t
pages_for(uint64_t kib)
{
	uint32_t pages = 1;

	while ((uint64_t)pages * SP_PAGE < kib * 1024)
		pages *= 2;
	return pages;
}

static enum status
read_options(struct watch *w)
{
	const struct args *a = w->a;
	const char *path = opt_get(a, "write");
	bool lines = path == NULL && !a->json && opt_get(a, "quiet") == NULL;
	uint64_t snap = path != NULL ? SP_SNAP_MAX
			: lines      ? SNAP_LINES
				     : SNAP_COUNT;
	uint64_t kib = BUFFER_KIB, seconds = 0;
	enum status st = read_direction(w);

	w->limit = UINT64_MAX;
	if (st == STATUS_OK)
		st = opt_number(a, "count", 1, UINT64_MAX - 1, &w->limit);
	if (st == STATUS_OK)
		st = opt_number(a, "duration", 1, 1000000, &seconds);
	if (st == STATUS_OK)
		st = opt_number(a, "snaplen", 1, SP_SNAP_MAX, &snap);
	if (st == STATUS_OK)
		st = opt_number(a, "buffer", 4, BUFFER_MOST, &kib);
	if (st != STATUS_OK)
		return st;
	if (path != NULL && strcmp(path, "-") == 0 && a->json)
		return cli_misuse(a, "-w - and --json both want standard "
				     "output");
	w->by_count = w->limit != UINT64_MAX;
	w->end_ms = seconds != 0 ? now_ms() + seconds * 1000 : UINT64_MAX;
	w->wish.snap = (uint32_t)snap;
	w->wish.pages = pages_for(kib);
	w->wish.filter = &w->filter;
	w->lines = lines;
	return STATUS_OK;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static enum status
open_file(struct watch *w)
{
	const char *path = opt_get(w->a, "write");

	if (path == NULL)
		return opt_get(w->a, "pcap") == NULL
			       ? STATUS_OK
			       : cli_misuse(w->a, "--pcap wants -w FILE");
	w->classic = opt_get(w->a, "pcap") != NULL || ends_with(path, ".pcap");
	w->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
	if (w->file == NULL)
		return cli_fail(w->a, "%s: %s", path, strerror(errno));
	return STATUS_OK;
}

/* --- frames ---------------------------------------------------------------------- */

/* "to NAME" or "by NAME" into OUT; NULL when nobody is known. */
static const char *
whose(struct watch *w, const struct tape_frame *f, char *out, size_t room)
{
	bool leaves = (f->head.flags & SP_RECORD_OUT) != 0;
	const char *name = tape_name(&w->t, &f->head);

	if (name[0] == '\0' && (leaves || f->head.who != 0))
		return NULL;
	snprintf(out, room, "%s%s",
		name[0] == '\0' ? "unclaimed"
		: leaves        ? "sent by "
				: "taken by ",
		name);
	return out;
}

static void
print_frame(const struct tape_frame *f, const char *comment)
{
	time_t s = (time_t)(f->ns / 1000000000);
	char text[LINE], clock[16] = "";
	struct tm tm;

	if (localtime_r(&s, &tm) != NULL)
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s.%06u %-3s %s (%u)%s%s\n", clock,
		(unsigned)(f->ns % 1000000000 / 1000),
		(f->head.flags & SP_RECORD_OUT) != 0 ? "out" : "in",
		frame_line(f->bytes, f->head.kept, f->head.len, text,
			sizeof(text)),
		f->head.len, comment != NULL ? ", " : "",
		comment != NULL ? comment : "");
}

static void
write_frame(struct watch *w, const struct tape_frame *f, const char *comment)
{
	const struct pcapng_frame p = {
		.ns = f->ns,
		.bytes = f->bytes,
		.kept = f->head.kept,
		.len = f->head.len,
		.out = (f->head.flags & SP_RECORD_OUT) != 0,
		.comment = comment,
	};

	if (w->classic)
		pcap_put(w->file, &p);
	else
		pcapng_put(w->file, &p);
}

static bool
take(void *arg, const struct tape_frame *f)
{
	struct watch *w = arg;
	char text[SP_NAME + 16];
	const char *comment = NULL;

	if (w->captured == w->limit)
		return false;
	if (w->lines || (w->file != NULL && !w->classic))
		comment = whose(w, f, text, sizeof(text));
	if (w->lines)
		print_frame(f, comment);
	if (w->file != NULL)
		write_frame(w, f, comment);
	if (w->captured++ == 0)
		w->start_ns = f->ns;
	w->way[(f->head.flags & SP_RECORD_OUT) != 0]++;
	w->last_ns = f->ns;
	return w->captured < w->limit;
}

/* --- the capture ------------------------------------------------------------------- */

static FILE *
output(const struct watch *w)
{
	return w->file != NULL ? w->file : stdout;
}

static bool
is_over(const struct watch *w)
{
	return interrupted > 0 || w->captured == w->limit ||
	       now_ms() >= w->end_ms || ferror(output(w));
}

/* The line is others', the more so while we are stopped. */
static void
rest(struct watch *w)
{
	tape_rest(&w->t);
	if (suspended) {
		suspended = 0;
		raise(SIGSTOP);
	}
	sleep_ms(REST_MS);
}

/* What waits is fetched at once; else we rest. */
static int
follow(struct watch *w)
{
	bool more;
	int err;

	while (!is_over(w)) {
		err = tape_read(&w->t, take, w, &more);
		if (err < 0)
			return err;
		if (more && !suspended)
			continue;
		fflush(output(w));
		rest(w);
	}
	return SP_OK;
}

/* No more frames: what is on the tape still comes, unless enough have come. */
static int
finish(struct watch *w)
{
	int enough = interrupted > 0 ? 2 : 1, err = tape_stop(&w->t);
	uint32_t waits = w->t.state.head - w->t.tail;
	bool more = true;

	if (waits > LONG_WAIT && w->captured < w->limit)
		fprintf(stderr, "fetching %u KiB; ctrl-C again leaves them\n",
			waits / 1024);

	while (err >= 0 && more && interrupted < enough && !ferror(output(w))) {
		err = tape_read(&w->t, take, w, &more);
		more = more && w->captured < w->limit;
	}
	return err;
}

static uint64_t
accepted(const struct watch *w)
{
	return (uint64_t)w->t.state.accepted[0] + w->t.state.accepted[1];
}

static uint64_t
dropped(const struct watch *w)
{
	return (uint64_t)w->t.state.dropped[0] + w->t.state.dropped[1];
}

/* Recorded and not read. */
static uint64_t
left(const struct watch *w)
{
	uint64_t gone = dropped(w) + w->captured;

	return accepted(w) > gone ? accepted(w) - gone : 0;
}

static void
begin_file(struct watch *w)
{
	struct pcapng_interface i = {
		.name = w->t.s.m.name,
		.filter = w->text[0] != '\0' ? w->text : NULL,
		.snap = w->wish.snap,
	};

	memcpy(i.mac, w->before.mac, sizeof(i.mac));
	if (w->file != NULL && w->classic)
		pcap_begin(w->file, w->wish.snap);
	else if (w->file != NULL)
		pcapng_begin(w->file, &i);
	fflush(output(w));
}

static void
end_file(struct watch *w)
{
	const struct sp_nic_info *b = &w->before, *n = &w->after;
	const struct pcapng_statistics s = {
		.start_ns = w->start_ns,
		.end_ns = w->last_ns,
		.received = (w->wish.in ? n->received - b->received : 0u) +
			    (w->wish.out ? n->sent - b->sent : 0u),
		.missed = n->missed - b->missed,
		.accepted = accepted(w),
		.dropped = dropped(w) + (w->by_count ? 0 : left(w)),
		.delivered = w->captured,
	};

	if (w->file != NULL && !w->classic)
		pcapng_end(w->file, &s);
}

static enum status
report(const struct watch *w)
{
	uint64_t line = w->captured == w->limit ? 0 : left(w);

	fprintf(stderr,
		"%llu captured, %llu accepted by the filter, %llu dropped by "
		"the kernel, %llu dropped at the line",
		(unsigned long long)w->captured,
		(unsigned long long)accepted(w), (unsigned long long)dropped(w),
		(unsigned long long)line);
	if (left(w) > line)
		fprintf(stderr, ", %llu came later",
			(unsigned long long)left(w));
	fputc('\n', stderr);
	if (!w->a->json)
		return STATUS_OK;
	return cli_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"captured", (json_int_t)w->captured, "in",
		(json_int_t)w->way[0], "out", (json_int_t)w->way[1], "accepted",
		(json_int_t)accepted(w), "dropped_kernel",
		(json_int_t)dropped(w), "dropped_line", (json_int_t)line,
		"later", (json_int_t)(left(w) - line)));
}

static int
nic(struct watch *w, struct sp_nic_info *out)
{
	struct session *s = &w->t.s;
	int err = ctl_breathe(s->ctl);

	if (s->info == NULL)
		s->info = xalloc(sizeof(*s->info));
	if (err >= 0)
		err = ctl_info_part(s->ctl, s->info,
			offsetof(struct sp_info, nic), sizeof(*out));
	*out = s->info->nic;
	return err;
}

static enum status
capture(struct watch *w)
{
	enum status st = tape_open(w->a, &w->wish, &w->t);
	int err;

	if (st != STATUS_OK)
		return st;
	err = nic(w, &w->before);
	begin_file(w);
	fprintf(stderr, "watching '%s'%s%s; ctrl-C ends\n", w->t.s.m.name,
		w->text[0] != '\0' ? ": " : "", w->text);
	if (err >= 0)
		err = follow(w);
	if (err >= 0)
		err = finish(w);
	if (err >= 0)
		err = nic(w, &w->after);
	end_file(w);
	if (err < 0)
		st = session_fail(w->a, &w->t.s, "capturing", err);
	if (fflush(output(w)) != 0 || ferror(output(w)))
		st = cli_fail(w->a, "cannot write %s",
			w->file != NULL ? opt_get(w->a, "write")
					: "the frames");
	if (!tape_close(&w->t) && st == STATUS_OK)
		st = cli_fail(w->a, "the machine keeps the capture for %d s",
			AG_CAPTURE_SECONDS);
	(void)report(w);
	return st;
}

static enum status
run(const struct args *a)
{
	struct watch *w = xalloc(sizeof(*w));
	enum status st;

	w->a = a;
	w->text = words_join(a, 0);
	st = read_options(w);
	if (st == STATUS_OK)
		st = expr_compile(a, w->text, &w->filter);
	if (st == STATUS_OK)
		st = open_file(w);
	if (st == STATUS_OK) {
		catch_signals();
		st = capture(w);
	}
	if (w->file != NULL && w->file != stdout && fclose(w->file) != 0 &&
		st == STATUS_OK)
		st = cli_fail(a, "cannot write %s", opt_get(a, "write"));
	expr_release(&w->filter);
	free(w->text);
	free(w);
	return st;
}

const struct command cmd_capture = {
	.group = "capture",
	.words = "[EXPR...]",
	.min_words = 0,
	.max_words = CLI_NO_LIMIT,
	.what = "watch frames that come and leave, or write them to a file",
	.options = options,
	.example = "spindle capture 'udp port 7' -w frames.pcapng -c 100",
	.run = run,
};
