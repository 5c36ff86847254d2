/*
 * cmd_ash_test.c - check and try handler objects; no machine is needed.
 *
 * `check` runs the kernel's verifier, `test` runs the handler itself under
 * emulation (ash/host).
 */
#include "ash/host/ash_host.h"
#include "capture.h"
#include "commands.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

static const struct option test_options[] = {
	{ "read", 'r', "IN.pcap", "frames to run it on (required)" },
	{ "write", 'w', "OUT.pcap", "write its replies" },
	{ "repeat", 0, "N", "go through the file N times" },
	{ "budget", 0, "N", "instructions a frame may cost (default 10000)" },
	{ NULL, 0, NULL, NULL },
};

/* --- check ------------------------------------------------------------------- */

static enum status
run_check(const struct args *a)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct ash_report r;
	enum status st = STATUS_OK;
	int code;

	if (out == NULL)
		return cli_fail(a, "out of memory");
	code = ash_host_check(a->words[0], out, &r);
	fclose(out);
	if (code < 0) {
		text[strcspn(text, "\n")] = '\0';
		st = cli_fail(a, "%s", text);
	}
	if (a->json && code >= 0)
		st = cli_json(json_pack("{s:b, s:I, s:I, s:b}", "accepted", 1,
			"bound", (json_int_t)r.bound, "stretch",
			(json_int_t)r.stretch, "stores_frame",
			r.stores_frame != 0));
	else if (a->json && code == SP_EUNSAFE)
		(void)cli_json(json_pack("{s:b, s:s, s:I}", "accepted", 0,
			"rule", ash_rule_name(r.rule), "word",
			(json_int_t)r.word));
	else if (code >= 0)
		fputs(text, stdout);
	free(text);
	return st;
}

/* --- test -------------------------------------------------------------------- */

enum { FRAME_MAX = 1518, FRAME_ROOM = 2048 };

struct trial {
	const struct args *a;
	struct ash_vm *vm;
	struct capture_out *out; /* NULL: replies are not kept */
	struct samples cost;
	uint64_t frames, skipped, replies, consumed, declined, ended[4];
	uint64_t outside;
	uint32_t outside_word;
};

static void
count(struct trial *t, const struct ash_vm_result *r)
{
	t->frames++;
	t->ended[r->end]++;
	samples_add(&t->cost, r->instructions);
	if (r->outside != 0 && t->outside == 0)
		t->outside_word = r->outside_word;
	t->outside += r->outside;
	if (r->end != ASH_VM_RETURNED)
		return;
	if (r->reply_len > 0)
		t->replies++;
	else if ((r->verdict & 0xffff0000) == ASH_CONSUME)
		t->consumed++;
	else
		t->declined++;
}

/* The frame as the NIC would hand it over: padded to 60 bytes. */
static enum status
try_frame(struct trial *t, const struct frame *f)
{
	static uint8_t buf[FRAME_ROOM];
	struct ash_vm_result r;
	size_t len = f->caplen < 60 ? 60 : f->caplen;

	if (len > FRAME_MAX) {
		t->skipped++;
		return STATUS_OK;
	}
	memset(buf, 0, sizeof(buf));
	memcpy(buf, f->bytes, f->caplen);
	if (ash_vm_run(t->vm, buf, len, sizeof(buf), &r) < 0)
		return cli_fail(t->a, "the emulator failed");
	count(t, &r);
	if (r.reply_len > 0 && r.reply_len <= sizeof(buf) && t->out != NULL)
		capture_write(t->out, &f->ts, buf, r.reply_len);
	return STATUS_OK;
}

static enum status
try_all(struct trial *t, const char *path, uint64_t repeat)
{
	struct capture *in;
	struct frame f;
	enum status st = STATUS_OK;

	for (uint64_t i = 0; i < repeat && st == STATUS_OK; i++) {
		st = capture_open(t->a, path, &in);
		if (st != STATUS_OK)
			return st;
		while (st == STATUS_OK && capture_next(in, &f))
			st = try_frame(t, &f);
		if (st == STATUS_OK)
			st = capture_close(in);
		else
			(void)capture_close(in);
	}
	return st;
}

static enum status
report(const struct trial *t)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"frames", (json_int_t)t->frames, "skipped",
		(json_int_t)t->skipped, "replies", (json_int_t)t->replies,
		"consumed", (json_int_t)t->consumed, "declined",
		(json_int_t)t->declined, "aborted",
		(json_int_t)t->ended[ASH_VM_ABORTED], "faults",
		(json_int_t)t->ended[ASH_VM_FAULT], "escaped",
		(json_int_t)t->ended[ASH_VM_ESCAPED], "outside",
		(json_int_t)t->outside);

	json_object_set_new(o, "instructions", samples_json(&t->cost, true));
	if (t->a->json)
		return cli_json(o);
	json_decref(o);
	printf("frames    %llu (%llu skipped: longer than %d bytes)\n"
	       "replies   %llu\nconsumed  %llu\ndeclined  %llu\n",
		(unsigned long long)t->frames, (unsigned long long)t->skipped,
		FRAME_MAX, (unsigned long long)t->replies,
		(unsigned long long)t->consumed,
		(unsigned long long)t->declined);
	if (t->ended[ASH_VM_ABORTED] != 0)
		printf("aborted   %llu: budget exhausted\n",
			(unsigned long long)t->ended[ASH_VM_ABORTED]);
	if (t->ended[ASH_VM_FAULT] != 0)
		printf("faults    %llu: unaligned access\n",
			(unsigned long long)t->ended[ASH_VM_FAULT]);
	if (t->outside != 0)
		printf("outside   %llu accesses were bent back into their "
		       "region, first at word %u\n",
			(unsigned long long)t->outside, t->outside_word);
	samples_print(&t->cost, "instructions", stdout);
	return STATUS_OK;
}

static enum status
open_vm(struct trial *t, struct ash_file *file, uint64_t budget)
{
	char *text = NULL;
	size_t bytes;
	FILE *err = open_memstream(&text, &bytes);

	if (err == NULL)
		return cli_fail(t->a, "out of memory");
	if (ash_file_open(file, t->a->words[0], err) >= 0)
		t->vm = ash_vm_open(file, (uint32_t)budget, err);
	fclose(err);
	text[strcspn(text, "\n")] = '\0';
	if (t->vm == NULL)
		(void)cli_fail(t->a, "%s", text);
	free(text);
	return t->vm == NULL ? STATUS_FAILED : STATUS_OK;
}

static enum status
run_test(const struct args *a)
{
	struct trial t = { .a = a };
	struct ash_file file = { .path = NULL };
	const char *in = opt_get(a, "read"), *to = opt_get(a, "write");
	uint64_t repeat = 1, budget = ASH_VM_BUDGET;
	enum status st = opt_number(a, "repeat", 1, 1000000, &repeat);

	if (st == STATUS_OK)
		st = opt_number(a, "budget", 1, 200000, &budget);
	if (st == STATUS_OK && in == NULL)
		st = cli_misuse(a, "-r IN.pcap is missing");
	if (st == STATUS_OK)
		st = open_vm(&t, &file, budget);
	if (st == STATUS_OK && to != NULL)
		st = capture_create(a, to, &t.out);
	if (st == STATUS_OK)
		st = try_all(&t, in, repeat);
	if (t.out != NULL && capture_finish(t.out) < 0 && st == STATUS_OK)
		st = cli_fail(a, "cannot write %s", to);
	if (st == STATUS_OK)
		st = report(&t);
	if (st == STATUS_OK && t.ended[ASH_VM_ESCAPED] != 0)
		st = cli_fail(a, "the handler left its regions: a hole in the "
				 "verifier");
	if (t.vm != NULL)
		ash_vm_close(t.vm);
	ash_file_close(&file);
	samples_free(&t.cost);
	return st;
}

const struct command cmd_ash_check = {
	.group = "ash",
	.verb = "check",
	.words = "FILE.o",
	.min_words = 1,
	.max_words = 1,
	.what = "verify an object as the kernel would; needs no machine",
	.example = "spindle ash check build/ash/udp_echo.o",
	.run = run_check,
};

const struct command cmd_ash_test = {
	.group = "ash",
	.verb = "test",
	.words = "FILE.o -r IN.pcap",
	.min_words = 1,
	.max_words = 1,
	.what = "run a handler on each frame of a capture; needs no machine",
	.options = test_options,
	.example =
		"spindle ash test build/ash/udp_echo.o -r in.pcap -w out.pcap",
	.run = run_test,
};
