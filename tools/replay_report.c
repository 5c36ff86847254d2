/*
 * replay_report.c - replies compared, counters subtracted, results printed.
 */
#include "replay.h"

#include <string.h>
#include <sys/time.h>
#include <time.h>

static const char *const failures[REPLAY_FAILURES] = {
	[REPLAY_TOO_LONG] = "longer than 1518 bytes",
	[REPLAY_TOO_SHORT] = "shorter than 14 bytes",
	[REPLAY_MISSED] = "missed by the NIC",
	[REPLAY_UNSEEN] = "not received: is the NIC promiscuous?",
};

/* --- replies -------------------------------------------------------------- */

/* Both frames, 16 bytes a line, from the line that differs first. */
static void
print_difference(const uint8_t *got, size_t n, const uint8_t *want, size_t m)
{
	size_t at = 0, most = n > m ? n : m;

	while (at < n && at < m && got[at] == want[at])
		at++;
	at &= ~(size_t)15;
	for (size_t end = at + 48; at < most && at < end; at += 16) {
		fprintf(stderr, "  %04zx want ", at);
		print_hex(want + at, at < m ? (m - at < 16 ? m - at : 16) : 0,
			stderr);
		fprintf(stderr, "\n  %04zx got  ", at);
		print_hex(got + at, at < n ? (n - at < 16 ? n - at : 16) : 0,
			stderr);
		fputc('\n', stderr);
	}
}

static void
compare(struct replay *r, const uint8_t *frame, size_t n)
{
	struct frame want;

	if (r->differs)
		return;
	if (!capture_next(r->want, &want)) {
		(void)cli_fail(r->a, "reply %llu (%zu bytes) is not expected",
			(unsigned long long)r->replies, n);
		print_difference(frame, n, NULL, 0);
		r->differs = true;
	} else if (want.caplen != n || memcmp(want.bytes, frame, n) != 0) {
		(void)cli_fail(r->a,
			"reply %llu differs: %zu bytes, expected %zu",
			(unsigned long long)r->replies, n, want.caplen);
		print_difference(frame, n, want.bytes, want.caplen);
		r->differs = true;
	}
}

void
replay_reply(void *arg, const uint8_t *frame, size_t n)
{
	struct replay *r = arg;
	struct timeval now;

	r->replies++;
	if (r->out != NULL) {
		gettimeofday(&now, NULL);
		capture_write(r->out, &now, frame, n);
	}
	if (r->want != NULL)
		compare(r, frame, n);
}

void
replay_leftover(struct replay *r)
{
	struct frame want;

	if (r->want == NULL || r->differs || !capture_next(r->want, &want))
		return;
	(void)cli_fail(r->a, "only %llu replies, more were expected",
		(unsigned long long)r->replies);
	print_difference(NULL, 0, want.bytes, want.caplen);
	r->differs = true;
}

/* --- counters ------------------------------------------------------------- */

/* What binding B counted during the replay, into OUT. */
static void
difference(const struct replay *r, const struct sp_binding_info *b,
	struct sp_binding_info *out)
{
	const struct sp_binding_info *old =
		&r->before->binding[b - r->after->binding];

	*out = *b;
	if (old->id != b->id)
		return;
	out->packets -= old->packets;
	out->bytes -= old->bytes;
	for (unsigned i = 0; i < SP_DROP_COUNT; i++)
		out->dropped[i] -= old->dropped[i];
}

static uint64_t
failed_sum(const struct replay *r)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < REPLAY_FAILURES; i++)
		sum += r->failed[i];
	return sum;
}

static uint32_t
unclaimed(const struct replay *r)
{
	return r->after->nic.dropped[SP_DROP_UNCLAIMED] -
	       r->before->nic.dropped[SP_DROP_UNCLAIMED];
}

static void
report_json(const struct replay *r)
{
	json_t *filters = json_object();
	struct sp_binding_info d;

	for (size_t i = 0; i < SP_MAX_BINDINGS; i++) {
		if (r->after->binding[i].id == 0)
			continue;
		difference(r, &r->after->binding[i], &d);
		json_object_set_new(filters, d.name,
			json_pack("{s:I, s:I, s:o}", "packets",
				(json_int_t)d.packets, "bytes",
				(json_int_t)d.bytes, "drops",
				drops_json(d.dropped)));
	}
	(void)cli_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I}",
		"frames", (json_int_t)r->frames, "bytes", (json_int_t)r->bytes,
		"sent", (json_int_t)r->sent, "failed",
		(json_int_t)failed_sum(r), "replies", (json_int_t)r->replies,
		"filters", filters, "unclaimed", (json_int_t)unclaimed(r)));
}

static void
report_text(const struct replay *r)
{
	const struct sp_nic_info *nic = &r->after->nic;
	struct sp_binding_info d;

	printf("frames     %llu (%llu bytes)\nsent       %llu in %.2f s",
		(unsigned long long)r->frames, (unsigned long long)r->bytes,
		(unsigned long long)r->sent, r->seconds);
	if (r->seconds > 0)
		printf(", %.0f a second", (double)r->sent / r->seconds);
	printf("\nfailed     %llu\nreceived   %u\nreplies    %llu\n",
		(unsigned long long)failed_sum(r),
		nic->received - r->before->nic.received,
		(unsigned long long)r->replies);
	if (r->truncated > 0)
		printf("truncated  %llu, sent as far as they were captured\n",
			(unsigned long long)r->truncated);
	printf("unclaimed  %u\n\n%-20s %-20s %10s %12s %8s\n", unclaimed(r),
		"FILTER", "TO", "PACKETS", "BYTES", "DROPS");
	for (size_t i = 0; i < SP_MAX_BINDINGS; i++) {
		char to[SP_NAME + 8];

		if (r->after->binding[i].id == 0)
			continue;
		difference(r, &r->after->binding[i], &d);
		printf("%-20s %-20s %10u %12u %8u\n", d.name,
			binding_to(r->after, &r->after->binding[i], to,
				sizeof(to)),
			d.packets, d.bytes, drops_sum(d.dropped));
	}
}

enum status
replay_report(struct replay *r)
{
	char reasons[200] = "";
	size_t n = 0;

	if (r->a->json)
		report_json(r);
	else
		report_text(r);
	if (failed_sum(r) == 0)
		return r->differs ? STATUS_FAILED : STATUS_OK;
	for (unsigned i = 0; i < REPLAY_FAILURES; i++) {
		if (r->failed[i] != 0 && n < sizeof(reasons))
			n += (size_t)snprintf(reasons + n, sizeof(reasons) - n,
				"%s%llu %s", n > 0 ? ", " : "",
				(unsigned long long)r->failed[i], failures[i]);
	}
	return cli_fail(r->a, "%llu of %llu frames failed: %s",
		(unsigned long long)failed_sum(r),
		(unsigned long long)r->frames, reasons);
}
