/*
 * cmd_replay.c - put the frames of a capture on a machine's wire.
 *
 * The NIC has no back-pressure: a frame that finds no descriptor is gone.  So
 * unless a speed was asked for, at most WINDOW frames are on their way, counted
 * by what the kernel says it has received.  Replies: replay_report.c.
 */
#include "commands.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WINDOW = 64,
	FRAME_MIN = 14,
	FRAME_MAX = 1518,
	STALL_MS = 3000, /* without progress: the frames are lost ... */
	AGAIN_MS = 50,   /* ... and after that it is no surprise */
	QUIET_MS = 50,   /* without a reply: there are no more */
	QUIET_LIMIT_MS = 2000,
};

static const struct option options[] = {
	{ "write", 'w', "OUT.pcap", "write the replies" },
	{ "expect", 0, "WANT.pcap",
		"compare the replies, fail if they differ" },
	{ "pps", 'p', "N", "send N frames a second" },
	{ "multiplier", 'x', "X", "send at X times the speed of the capture" },
	{ "topspeed", 't', NULL, "send as fast as possible; frames get lost" },
	{ "loop", 'l', "N", "go through the file N times" },
	{ "limit", 'L', "N", "send at most N frames" },
	{ "rewrite-dst", 0, NULL, "address every frame to the machine's NIC" },
	{ NULL, 0, NULL, NULL },
};

enum pace { LOSSLESS, BY_RATE, BY_CLOCK, TOPSPEED };

struct sender {
	struct replay r;
	enum pace pace;
	double rate; /* frames a second, or times the captured speed */
	uint64_t loops, limit;
	bool rewrite;
	uint64_t outstanding;
	unsigned stall_ms;
	uint32_t seen; /* nic.received + nic.missed, last time we looked */
	double start_us, first_ts; /* of this pass through the file */
	double shown_us;
};

static enum status
parse_factor(const struct args *a, const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (*end != '\0' || end == text || !(*out > 0) || *out > 1e6)
		return cli_misuse(a,
			"--multiplier must be a number above 0, "
			"not '%s'",
			text);
	return STATUS_OK;
}

static enum status
read_options(struct sender *s)
{
	const struct args *a = s->r.a;
	const char *factor = opt_get(a, "multiplier");
	uint64_t pps = 0;
	enum status st;

	s->loops = 1;
	s->limit = UINT64_MAX;
	st = opt_number(a, "pps", 1, 10000000, &pps);
	if (st == STATUS_OK)
		st = opt_number(a, "loop", 1, 1000000, &s->loops);
	if (st == STATUS_OK)
		st = opt_number(a, "limit", 1, UINT64_MAX, &s->limit);
	if (st == STATUS_OK && factor != NULL)
		st = parse_factor(a, factor, &s->rate);
	if (st != STATUS_OK)
		return st;
	if ((pps != 0) + (factor != NULL) + (opt_get(a, "topspeed") != NULL) >
		1)
		return cli_misuse(a, "--pps, --multiplier and --topspeed "
				     "exclude each other");
	if (pps != 0) {
		s->pace = BY_RATE;
		s->rate = (double)pps;
	} else if (factor != NULL) {
		s->pace = BY_CLOCK;
	} else if (opt_get(a, "topspeed") != NULL) {
		s->pace = TOPSPEED;
	}
	s->rewrite = opt_get(a, "rewrite-dst") != NULL;
	return STATUS_OK;
}

static void
progress(struct sender *s)
{
	double now = now_us();

	if (!isatty(STDERR_FILENO) || now - s->shown_us < 2e5)
		return;
	s->shown_us = now;
	fprintf(stderr, "\r%llu frames, %llu replies ",
		(unsigned long long)s->r.frames,
		(unsigned long long)s->r.replies);
}

/* Ask the kernel how many of our frames have arrived. */
static enum status
look(struct sender *s)
{
	struct session *ses = &s->r.s;
	struct sp_nic_info *nic = &ses->info->nic;
	uint32_t now;
	int err = ctl_breathe(ses->ctl);

	if (err >= 0)
		err = ctl_info_part(ses->ctl, ses->info,
			offsetof(struct sp_info, nic), sizeof(*nic));
	if (err < 0)
		return session_fail(s->r.a, ses, "reading counters", err);
	now = nic->received + nic->missed;
	if (now - s->seen > s->outstanding)
		s->outstanding = 0; /* frames that are not ours came too */
	else
		s->outstanding -= now - s->seen;
	s->seen = now;
	return STATUS_OK;
}

/* Wait until at most MOST frames are on their way. */
static enum status
settle(struct sender *s, uint64_t most)
{
	uint64_t end = now_ms() + s->stall_ms, last = s->outstanding;
	enum status st;

	while (s->outstanding > most) {
		st = look(s);
		if (st != STATUS_OK)
			return st;
		if (s->outstanding < last)
			end = now_ms() + s->stall_ms;
		last = s->outstanding;
		if (s->outstanding <= most)
			break;
		if (now_ms() >= end) {
			s->outstanding = 0;
			s->stall_ms = AGAIN_MS;
			break;
		}
		wire_wait(s->r.wire, now_us() + 200);
	}
	return STATUS_OK;
}

/* Wait until frame INDEX of this pass is due. */
static enum status
pace(struct sender *s, const struct frame *f, uint64_t index)
{
	double ts = (double)f->ts.tv_sec * 1e6 + (double)f->ts.tv_usec;
	double due = s->start_us;

	switch (s->pace) {
	case LOSSLESS:
		return s->outstanding < WINDOW ? STATUS_OK
					       : settle(s, WINDOW / 2);
	case TOPSPEED:
		wire_drain(s->r.wire);
		return STATUS_OK;
	case BY_RATE:
		due += (double)index / s->rate * 1e6;
		break;
	case BY_CLOCK:
		due += (ts - s->first_ts) / s->rate;
		break;
	}
	while (now_us() < due)
		wire_wait(s->r.wire, due);
	wire_drain(s->r.wire);
	return STATUS_OK;
}

static enum status
send_frame(struct sender *s, const struct frame *f)
{
	static uint8_t copy[FRAME_MAX];
	struct replay *r = &s->r;

	if (f->caplen > FRAME_MAX || f->caplen < FRAME_MIN) {
		r->failed[f->caplen < FRAME_MIN ? REPLAY_TOO_SHORT
						: REPLAY_TOO_LONG]++;
		return STATUS_OK;
	}
	memcpy(copy, f->bytes, f->caplen);
	if (s->rewrite)
		memcpy(copy, r->before->nic.mac, sizeof(r->before->nic.mac));
	if (!wire_send(r->wire, copy, f->caplen))
		return cli_fail(r->a, machine_alive(&r->s.m)
					      ? "the NIC takes no frames"
					      : "the machine ended");
	r->sent++;
	r->truncated += f->wirelen > f->caplen;
	s->outstanding++;
	return STATUS_OK;
}

/* One pass through the file. */
static enum status
play(struct sender *s)
{
	struct replay *r = &s->r;
	struct capture *in;
	struct frame f;
	uint64_t index = 0;
	enum status st = capture_open(r->a, r->a->words[0], &in), end;

	if (st != STATUS_OK)
		return st;
	s->start_us = now_us();
	while (st == STATUS_OK && r->frames < s->limit &&
		capture_next(in, &f)) {
		if (index == 0)
			s->first_ts = (double)f.ts.tv_sec * 1e6 +
				      (double)f.ts.tv_usec;
		r->frames++;
		r->bytes += f.caplen;
		st = pace(s, &f, index++);
		if (st == STATUS_OK)
			st = send_frame(s, &f);
		progress(s);
	}
	end = capture_close(in);
	return st == STATUS_OK ? end : st;
}

/* Replies of handlers are out when the kernel has seen the frames; those of
 * applications come when they come. */
static void
await_replies(struct sender *s)
{
	uint64_t limit = now_ms() + QUIET_LIMIT_MS, had;

	do {
		had = s->r.replies;
		wire_wait(s->r.wire, now_us() + QUIET_MS * 1e3);
	} while (s->r.replies != had && now_ms() < limit);
}

static enum status
counters(struct replay *r, struct sp_info **out)
{
	enum status st = session_info(r->a, &r->s, CTL_ALL_TABLES);

	*out = xalloc(sizeof(**out));
	if (st == STATUS_OK)
		memcpy(*out, r->s.info, sizeof(**out));
	return st;
}

/* What was sent and did not arrive. */
static void
count_lost(struct replay *r)
{
	const struct sp_nic_info *a = &r->after->nic, *b = &r->before->nic;
	uint64_t missed = a->missed - b->missed;
	uint64_t seen = a->received - b->received + missed;

	r->failed[REPLAY_MISSED] = missed;
	r->failed[REPLAY_UNSEEN] = seen < r->sent ? r->sent - seen : 0;
}

static enum status
perform(struct sender *s)
{
	struct replay *r = &s->r;
	double start = now_us();
	enum status st = counters(r, &r->before);

	/* A paced replay asks nothing until its end. */
	if (s->pace != LOSSLESS)
		ctl_pause(r->s.ctl);
	if (st != STATUS_OK)
		return st;
	s->seen = r->before->nic.received + r->before->nic.missed;
	s->stall_ms = STALL_MS;
	for (uint64_t i = 0;
		i < s->loops && st == STATUS_OK && r->frames < s->limit; i++)
		st = play(s);
	if (st == STATUS_OK)
		st = settle(s, 0);
	r->seconds = (now_us() - start) / 1e6;
	if (st != STATUS_OK)
		return st;
	await_replies(s);
	st = counters(r, &r->after);
	if (st != STATUS_OK)
		return st;
	count_lost(r);
	replay_leftover(r);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	return replay_report(r);
}

static enum status
open_files(struct replay *r)
{
	const char *out = opt_get(r->a, "write");
	const char *want = opt_get(r->a, "expect");
	struct capture *in;
	enum status st = capture_open(r->a, r->a->words[0], &in);

	if (st != STATUS_OK)
		return st;
	(void)capture_close(in);
	if (want != NULL)
		st = capture_open(r->a, want, &r->want);
	if (st == STATUS_OK && out != NULL)
		st = capture_create(r->a, out, &r->out);
	return st;
}

static enum status
run(const struct args *a)
{
	struct sender *s = xalloc(sizeof(*s));
	struct replay *r = &s->r;
	enum status st;

	r->a = a;
	st = read_options(s);
	if (st == STATUS_OK)
		st = open_files(r);
	if (st == STATUS_OK)
		st = session_open(a, &r->s);
	if (st == STATUS_OK)
		st = wire_open(a, &r->s.m, &r->wire);
	if (st == STATUS_OK) {
		wire_receiver(r->wire, replay_reply, r);
		ctl_meanwhile(r->s.ctl, wire_fd(r->wire), wire_drain, r->wire);
		st = perform(s);
	}
	if (r->want != NULL)
		(void)capture_close(r->want);
	if (r->out != NULL && capture_finish(r->out) < 0 && st == STATUS_OK)
		st = cli_fail(a, "cannot write %s", opt_get(a, "write"));
	wire_close(r->wire);
	session_close(&r->s);
	free(r->before);
	free(r->after);
	free(s);
	return st;
}

const struct command cmd_replay = {
	.group = "replay",
	.words = "FILE.pcap|pcapng",
	.min_words = 1,
	.max_words = 1,
	.what = "send the frames of a capture, none of them lost, and count",
	.options = options,
	.example = "spindle replay trace.pcap -w replies.pcap --json",
	.run = run,
};
