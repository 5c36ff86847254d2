/*
 * cmd_rtt.c - measure round trips, one frame at a time.
 *
 * Host time is what this process sees; it is dominated by the host's scheduler.
 * Guest instructions come from QEMU's dump of a machine that is up with
 * --icount: from the moment the frame reaches the NIC to the store that rings
 * the transmit doorbell.
 */
#include "bindings.h"
#include "commands.h"
#include "probe.h"
#include "stats.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	GIVE_UP = 5,    /* frames without any reply at all */
	LATE_MS = 50,   /* duplicates may come that much later */
	DUMP_MS = 2000, /* for QEMU's dump to be complete */
};

static const struct option options[] = {
	{ "proto", 0, "P", "udp (default), icmp or raw (EtherType 0x88b5)" },
	{ "to", 0, "ADDR[:PORT]", "default 10.7.0.2:7" },
	{ "size", 's', "N", "bytes of the frame, 60..1514 (default 60)" },
	{ "count", 'c', "N", "frames to send (default 1000)" },
	{ "warmup", 0, "N", "frames to send before, not counted" },
	{ "timeout", 'W', "MS", "wait that long for a reply (default 1000)" },
	{ "hist", 0, "F.svg", "draw a histogram" },
	{ "raw", 0, "F.csv", "write a line a round trip" },
	{ NULL, 0, NULL, NULL },
};

struct rtt {
	const struct args *a;
	struct session s;
	struct wire *wire;
	struct probe probe;
	uint64_t count, warmup, timeout_ms;
	uint64_t sent, received, duplicates, others;
	uint32_t waiting_for;
	bool waiting;
	double sent_us;
	double *host_us, *instructions; /* by number; negative: none */
	bool measured;                  /* instructions are known */
	double shown_us;
};

/* Sequence numbers: the warm-up comes first. */
static void
on_frame(void *arg, const uint8_t *frame, size_t n)
{
	struct rtt *r = arg;
	uint32_t seq;

	if (!probe_seq(&r->probe, frame, n, &seq) ||
		seq >= r->warmup + r->count) {
		r->others++;
	} else if (r->waiting && seq == r->waiting_for) {
		r->waiting = false;
		r->host_us[seq] = now_us() - r->sent_us;
	} else if (seq >= r->warmup) {
		r->duplicates++;
	}
}

/* --- options -------------------------------------------------------------- */

static enum status
parse_to(struct rtt *r)
{
	const char *text = opt_get(r->a, "to");
	unsigned b[4], port = 7;
	char rest;
	int n;

	if (text == NULL)
		text = "10.7.0.2:7";
	n = sscanf(text, "%3u.%3u.%3u.%3u:%5u%c", &b[0], &b[1], &b[2], &b[3],
		&port, &rest);
	if ((n != 5 && (n != 4 || strchr(text, ':') != NULL)) || b[0] > 255 ||
		b[1] > 255 || b[2] > 255 || b[3] > 255 || port > 65535)
		return cli_misuse(
			r->a, "--to wants ADDR[:PORT], not '%s'", text);
	for (int i = 0; i < 4; i++)
		r->probe.to[i] = (uint8_t)b[i];
	r->probe.port = (uint16_t)port;
	return STATUS_OK;
}

static enum status
parse_proto(struct rtt *r)
{
	static const char *const names[] = { "udp", "icmp", "raw" };
	const char *text = opt_get(r->a, "proto");

	for (int i = 0; i < 3; i++) {
		if (text == NULL || strcmp(text, names[i]) == 0) {
			r->probe.proto = (enum probe_proto)i;
			return STATUS_OK;
		}
	}
	return cli_misuse(r->a, "--proto is udp, icmp or raw, not '%s'", text);
}

static enum status
read_options(struct rtt *r)
{
	uint64_t size = PROBE_MIN;
	enum status st = parse_proto(r);

	r->count = 1000;
	r->timeout_ms = 1000;
	if (st == STATUS_OK)
		st = parse_to(r);
	if (st == STATUS_OK)
		st = opt_number(r->a, "size", PROBE_MIN, PROBE_MAX, &size);
	if (st == STATUS_OK)
		st = opt_number(r->a, "count", 1, 10000000, &r->count);
	if (st == STATUS_OK)
		st = opt_number(r->a, "warmup", 0, 1000000, &r->warmup);
	if (st == STATUS_OK)
		st = opt_number(r->a, "timeout", 1, 600000, &r->timeout_ms);
	r->probe.bytes = size;
	return st;
}

/* --- measuring ------------------------------------------------------------ */

static void
progress(struct rtt *r)
{
	double now = now_us();

	if (!isatty(STDERR_FILENO) || now - r->shown_us < 2e5)
		return;
	r->shown_us = now;
	fprintf(stderr, "\r%llu of %llu ", (unsigned long long)r->sent,
		(unsigned long long)r->count);
}

/* Send frame SEQ and wait for its reply. */
static enum status
exchange(struct rtt *r, uint32_t seq)
{
	static uint8_t frame[PROBE_MAX];
	double end;

	probe_build(&r->probe, seq, frame);
	r->waiting_for = seq;
	r->waiting = true;
	r->sent_us = now_us();
	if (!wire_send(r->wire, frame, r->probe.bytes))
		return cli_fail(r->a, machine_alive(&r->s.m)
					      ? "the NIC takes no frames"
					      : "the machine ended");
	end = r->sent_us + (double)r->timeout_ms * 1e3;
	while (r->waiting && now_us() < end)
		wire_wait(r->wire, end);
	if (seq >= r->warmup) {
		r->sent++;
		r->received += !r->waiting;
	}
	r->waiting = false;
	progress(r);
	return STATUS_OK;
}

static enum status
exchange_all(struct rtt *r)
{
	uint64_t all = r->warmup + r->count;
	double end;
	enum status st = STATUS_OK;

	for (uint64_t i = 0; i < all && st == STATUS_OK; i++) {
		st = exchange(r, (uint32_t)i);
		if (r->sent >= GIVE_UP && r->received == 0)
			break;
	}
	end = now_us() + LATE_MS * 1e3;
	while (st == STATUS_OK && now_us() < end)
		wire_wait(r->wire, end);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	return st;
}

static uint64_t
dump_size(const struct machine *m)
{
	char path[MACHINE_PATH];
	struct stat st;

	if (stat(machine_path(m, "wire.pcap", path), &st) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* Read instruction counts off QEMU's dump, which may lag behind a little. */
static void
count_instructions(struct rtt *r, uint64_t offset)
{
	uint64_t end = now_ms() + DUMP_MS, want = 0;
	char path[MACHINE_PATH];
	size_t found, all = r->warmup + r->count;

	for (size_t i = 0; i < all; i++)
		want += r->host_us[i] >= 0;
	machine_path(&r->s.m, "wire.pcap", path);
	for (;;) {
		found = probe_times(
			&r->probe, path, offset, r->instructions, all);
		if (found >= want || now_ms() >= end)
			break;
		sleep_ms(20);
	}
	probe_instructions(r->instructions + r->warmup, r->count);
	r->measured = found > 0;
}

/* --- reporting ------------------------------------------------------------ */

/* The samples of the counted frames. */
static struct samples
collect(const struct rtt *r, const double *v)
{
	struct samples s = { .v = NULL };

	for (size_t i = r->warmup; i < r->warmup + r->count; i++) {
		if (r->host_us[i] >= 0 && v[i] >= 0)
			samples_add(&s, v[i]);
	}
	return s;
}

static enum status
write_raw(const struct rtt *r, const char *path)
{
	FILE *f = fopen(path, "we");
	bool bad;

	if (f == NULL)
		return cli_fail(r->a, "%s: %s", path, strerror(errno));
	fputs("seq,host_us,instructions\n", f);
	for (size_t i = r->warmup; i < r->warmup + r->sent; i++) {
		fprintf(f, "%zu,", i - r->warmup);
		if (r->host_us[i] >= 0)
			fprintf(f, "%.1f", r->host_us[i]);
		fputc(',', f);
		if (r->instructions[i] >= 0)
			fprintf(f, "%.0f", r->instructions[i]);
		fputc('\n', f);
	}
	bad = ferror(f);
	if (fclose(f) != 0 || bad)
		return cli_fail(r->a, "cannot write %s", path);
	return STATUS_OK;
}

static void
report(const struct rtt *r, const struct samples *instructions,
	const struct samples *host)
{
	uint64_t lost = r->sent - r->received;

	if (r->a->json) {
		(void)cli_json(json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}",
			"sent", (json_int_t)r->sent, "received",
			(json_int_t)r->received, "lost", (json_int_t)lost,
			"duplicates", (json_int_t)r->duplicates, "instructions",
			samples_json(instructions, true), "host_us",
			samples_json(host, false)));
		return;
	}
	printf("sent %llu, received %llu, lost %llu, duplicates %llu\n",
		(unsigned long long)r->sent, (unsigned long long)r->received,
		(unsigned long long)lost, (unsigned long long)r->duplicates);
	if (r->measured)
		samples_print(instructions, "instructions", stdout);
	else if (!r->s.m.icount)
		puts("instructions  unknown: the machine is up without "
		     "--icount");
	samples_print(host, "host us", stdout);
}

static enum status
finish(struct rtt *r)
{
	const char *hist = opt_get(r->a, "hist"), *raw = opt_get(r->a, "raw");
	struct samples instructions = collect(r, r->instructions);
	struct samples host = collect(r, r->host_us);
	enum status st = STATUS_OK;

	report(r, &instructions, &host);
	if (hist != NULL)
		st = samples_svg(r->a, r->measured ? &instructions : &host,
			"round trip", r->measured ? "instructions" : "us",
			hist);
	if (raw != NULL && st == STATUS_OK)
		st = write_raw(r, raw);
	samples_free(&instructions);
	samples_free(&host);
	if (st == STATUS_OK && r->received == 0)
		return cli_fail(r->a,
			"no reply to %llu frames; is anything bound to them?",
			(unsigned long long)r->sent);
	return st;
}

static enum status
measure(struct rtt *r)
{
	size_t all = r->warmup + r->count;
	uint64_t offset = dump_size(&r->s.m);
	enum status st = session_info(r->a, &r->s, CTL_NO_TABLES);

	if (st != STATUS_OK)
		return st;
	memcpy(r->probe.mac, r->s.info->nic.mac, sizeof(r->probe.mac));
	/* Others may talk to the agent while we measure. */
	ctl_close(r->s.ctl);
	r->s.ctl = NULL;
	r->host_us = xalloc(all * sizeof(double));
	r->instructions = xalloc(all * sizeof(double));
	for (size_t i = 0; i < all; i++)
		r->host_us[i] = r->instructions[i] = -1;
	wire_receiver(r->wire, on_frame, r);
	st = exchange_all(r);
	if (st == STATUS_OK && r->s.m.icount)
		count_instructions(r, offset);
	return st == STATUS_OK ? finish(r) : st;
}

static enum status
run(const struct args *a)
{
	struct rtt r = { .a = a };
	enum status st = read_options(&r);

	if (st == STATUS_OK)
		st = session_open(a, &r.s);
	if (st == STATUS_OK)
		st = wire_open(a, &r.s.m, &r.wire);
	if (st == STATUS_OK)
		st = measure(&r);
	wire_close(r.wire);
	session_close(&r.s);
	free(r.host_us);
	free(r.instructions);
	return st;
}

const struct command cmd_rtt = {
	.group = "rtt",
	.words = "",
	.what = "round trips: guest instructions (machine up with --icount) "
		"and "
		"host time",
	.options = options,
	.example = "spindle rtt --proto udp --to 10.7.0.2:7 --count 100",
	.run = run,
};
