/*
 * cmd_filter_run.c - run installed native code on the frames of a capture.
 *
 * No wire and no NIC: each frame goes to the kernel's classifier with its
 * captured length and its length on the wire, so what comes back is the verdict
 * of the very code that judges real frames.  An expression is bound as a tap for
 * the time of the run and its verdicts are compared with libpcap's.
 */
#include "bindings.h"
#include "capture.h"
#include "commands.h"

#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUN_HEAD = 12, RUN_FRAME_MAX = 2046 };

static const struct option options[] = {
	{ "read", 'r', "FILE", "the capture (required)" },
	{ "repeat", 0, "N", "go through the file N times" },
	{ NULL, 0, NULL, NULL },
};

struct run {
	const struct args *a;
	struct session s;
	struct expr e;      /* of an expression: blob is not NULL */
	char name[SP_NAME]; /* of the binding */
	bool taps, temporary;
	uint16_t id; /* as the classifier gives it */
	uint64_t frames, accepted, skipped, mismatches;
	uint64_t first_mismatch;
	uint8_t *request, *answer;
};

/* Run the code on one frame; *ACCEPTED is the verdict. */
static enum status
ask(struct run *r, const struct frame *f, bool *accepted)
{
	size_t got;
	uint32_t n;
	int err;

	le32_put(r->request, r->taps);
	le32_put(r->request + 4, (uint32_t)f->wirelen);
	le32_put(r->request + 8, (uint32_t)f->caplen);
	memcpy(r->request + RUN_HEAD, f->bytes, f->caplen);
	err = ctl_breathe(r->s.ctl);
	if (err >= 0)
		err = ctl_call(r->s.ctl, AG_FILTER_RUN, r->request,
			RUN_HEAD + f->caplen, r->answer, AG_MAX_PAYLOAD, &got);
	if (err >= 0 && got < 4)
		err = CTL_STRANGE;
	if (err < 0)
		return session_fail(r->a, &r->s, "running", err);
	n = le32_get(r->answer);
	*accepted = false;
	for (uint32_t i = 0; i < n && 4 + 2 * i + 2 <= got; i++)
		*accepted |= le16_get(r->answer + 4 + 2 * i) == r->id;
	return STATUS_OK;
}

static bool
libpcap_verdict(const struct run *r, const struct frame *f)
{
	return bpf_filter(r->e.prog.bf_insns, f->bytes, (u_int)f->wirelen,
		       (u_int)f->caplen) != 0;
}

static enum status
judge(struct run *r, const struct frame *f)
{
	bool accepted = false;
	enum status st;

	if (f->caplen == 0 || f->caplen > RUN_FRAME_MAX) {
		r->skipped++;
		return STATUS_OK;
	}
	st = ask(r, f, &accepted);
	if (st != STATUS_OK)
		return st;
	r->frames++;
	r->accepted += accepted;
	if (r->e.blob != NULL && accepted != libpcap_verdict(r, f)) {
		if (r->mismatches++ == 0)
			r->first_mismatch = r->frames + r->skipped;
	}
	return STATUS_OK;
}

static enum status
judge_all(struct run *r, const char *path, uint64_t repeat)
{
	struct capture *in;
	struct frame f;
	enum status st = STATUS_OK, end;

	for (uint64_t i = 0; i < repeat && st == STATUS_OK; i++) {
		st = capture_open(r->a, path, &in);
		if (st != STATUS_OK)
			return st;
		while (st == STATUS_OK && capture_next(in, &f))
			st = judge(r, &f);
		end = capture_close(in);
		if (st == STATUS_OK)
			st = end;
	}
	return st;
}

/* Take a binding of that name; else the words are an expression: bind it. */
static enum status
find_code(struct run *r)
{
	const struct sp_binding_info *b = NULL;
	struct ag_filter f = { .to = AG_TO_COUNT };
	uint32_t id;
	char *text;
	enum status st = session_info(r->a, &r->s, CTL_ALL_TABLES);

	if (st != STATUS_OK)
		return st;
	if (r->a->nwords == 1)
		b = find_binding(r->s.info, r->a->words[0]);
	if (b != NULL) {
		memcpy(r->name, b->name, SP_NAME);
		r->taps = b->target == SP_TO_COUNT;
		r->id = (uint16_t)b->id;
		return STATUS_OK;
	}
	text = words_join(r->a, 0);
	st = expr_compile(r->a, text, &r->e);
	free(text);
	if (st != STATUS_OK)
		return st;
	snprintf(r->name, sizeof(r->name), "run+%d", (int)getpid());
	ctl_name(f.name, r->name);
	st = binding_add(r->a, &r->s, &r->e, &f, &id);
	if (st == STATUS_OK) {
		r->temporary = true;
		r->taps = true;
		r->id = (uint16_t)id;
	}
	return st;
}

static enum status
unbind(struct run *r)
{
	int err;

	if (!r->temporary)
		return STATUS_OK;
	err = ctl_ask(
		r->s.ctl, AG_FILTER_DEL, r->name, sizeof(r->name), NULL, 0);
	return err < 0 ? session_fail(r->a, &r->s, r->name, err) : STATUS_OK;
}

static enum status
report(const struct run *r)
{
	json_t *o;

	if (r->a->json) {
		o = json_pack("{s:I, s:I, s:I}", "frames",
			(json_int_t)r->frames, "accepted",
			(json_int_t)r->accepted, "skipped",
			(json_int_t)r->skipped);
		if (r->e.blob != NULL)
			json_object_set_new(o, "mismatches",
				json_integer((json_int_t)r->mismatches));
		(void)cli_json(o);
	} else {
		printf("%llu of %llu frames accepted",
			(unsigned long long)r->accepted,
			(unsigned long long)r->frames);
		if (r->skipped > 0)
			printf(", %llu skipped (empty or longer than %d bytes)",
				(unsigned long long)r->skipped, RUN_FRAME_MAX);
		puts(r->e.blob != NULL && r->mismatches == 0
				? "; libpcap agrees"
				: "");
	}
	if (r->mismatches > 0)
		return cli_fail(r->a,
			"libpcap disagrees about %llu frames, first about "
			"frame %llu",
			(unsigned long long)r->mismatches,
			(unsigned long long)r->first_mismatch);
	return STATUS_OK;
}

static enum status
run(const struct args *a)
{
	struct run r = { .a = a };
	const char *path = opt_get(a, "read");
	uint64_t repeat = 1;
	enum status st = opt_number(a, "repeat", 1, 1000000, &repeat), end;

	if (st == STATUS_OK && path == NULL)
		st = cli_misuse(a, "-r FILE is missing");
	if (st != STATUS_OK)
		return st;
	r.request = xalloc(AG_MAX_PAYLOAD);
	r.answer = xalloc(AG_MAX_PAYLOAD);
	st = session_open(a, &r.s);
	if (st == STATUS_OK)
		st = find_code(&r);
	if (st == STATUS_OK)
		st = judge_all(&r, path, repeat);
	end = unbind(&r);
	if (st == STATUS_OK)
		st = end;
	if (st == STATUS_OK)
		st = report(&r);
	expr_release(&r.e);
	session_close(&r.s);
	free(r.request);
	free(r.answer);
	return st;
}

const struct command cmd_filter_run = {
	.group = "filter",
	.verb = "run",
	.words = "NAME|EXPR... -r FILE",
	.min_words = 1,
	.max_words = CLI_NO_LIMIT,
	.what = "run native code in the booted kernel on a capture's frames",
	.options = options,
	.example = "spindle filter run 'tcp port 80' -r trace.pcap",
	.run = run,
};
