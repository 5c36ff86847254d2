/*
 * cmd_filter_run.c - run installed native code on the frames of captures.
 *
 * No wire and no NIC: frames go to the kernel's classifier with their captured
 * length and their length on the wire, so what comes back is the verdict of the
 * very code that judges real frames.  Expressions are bound for the time of the
 * run and every verdict on them is compared with libpcap's.
 */
#include "commands.h"
#include "judge.h"
#include "subject.h"

#include <spindle/bytes.h>

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct option options[] = {
	{ "read", 'r', "FILE", "a capture, or a folder of them (required)" },
	{ "expressions", 'F', "FILE", "expressions, one a line, all at once" },
	{ "repeat", 0, "N", "go through the captures N times" },
	{ "longest", 0, "BYTES", "skip longer frames (default 2046)" },
	{ "pack", 0, "FILE", "write the frames to FILE, run nothing" },
	{ "packed", 0, NULL,
		"do not send them: FILE is `frames` in the boot archive" },
	{ NULL, 0, NULL, NULL },
};

struct run {
	const struct args *a;
	struct session s;
	struct subjects subjects;
	struct judge *judge;
	FILE *pack;       /* frames go there instead; or NULL */
	bool *said;       /* about each subject, of the frame at hand */
	const char *path; /* the capture at hand */
	uint64_t frame;   /* ... and the number of the frame judged last */
	uint64_t longest;
	bool counting; /* the first time through the captures */
	uint64_t groups, captures, frames, skipped, other_links, unreadable;
	uint64_t accepted, mismatches;
};

/* --- verdicts ----------------------------------------------------------------- */

static void
compare(struct run *r, struct subject *one, const struct frame *f, bool said)
{
	bool want = one->e.blob == NULL ||
		    bpf_filter(one->e.prog.bf_insns, f->bytes,
			    (u_int)f->wirelen, (u_int)f->caplen) != 0;

	one->accepted += said;
	r->accepted += said;
	if (one->e.blob == NULL || said == want)
		return;
	one->mismatches++;
	r->mismatches++;
	if (one->first_mismatch == NULL)
		one->first_mismatch = xformat("%s, frame %llu", r->path,
			(unsigned long long)r->frame);
}

static void
heard(void *arg, const struct frame *f, const uint16_t *ids, size_t n)
{
	struct run *r = arg;
	struct subjects *all = &r->subjects;

	r->frame = f->number;
	memset(r->said, 0, all->n * sizeof(r->said[0]));
	for (size_t i = 0; i < n; i++) {
		uint16_t at = all->by_slot[ids[i] % SP_MAX_BINDINGS];

		if (at != 0)
			r->said[at - 1] = true;
	}
	for (size_t i = 0; i < all->n; i++)
		if (all->one[i].slot != 0)
			compare(r, &all->one[i], f, r->said[i]);
}

/* --- captures ------------------------------------------------------------------ */

static int
hand_in(struct run *r, const struct frame *f)
{
	static uint8_t bytes[JUDGE_PACKED];
	size_t n;

	if (r->pack == NULL)
		return judge_frame(r->judge, f);
	n = judge_pack(f, bytes);
	(void)fwrite(bytes, 1, n, r->pack); /* pack_all() looks */
	return SP_OK;
}

static enum status
read_frames(struct run *r, struct capture *in)
{
	struct frame f;
	int err = SP_OK;

	while (err >= 0 && capture_next(in, &f)) {
		if (f.caplen > r->longest) {
			r->skipped += r->counting;
			continue;
		}
		r->frames += r->counting;
		err = hand_in(r, &f);
	}
	if (err >= 0 && r->pack == NULL)
		err = judge_flush(r->judge);
	return err < 0 ? session_fail(r->a, &r->s, "running", err) : STATUS_OK;
}

/* One capture that was asked for by name. */
static enum status
read_file(struct run *r, const char *path)
{
	struct capture *in;
	enum status st = capture_open(r->a, path, &in), end;

	if (st != STATUS_OK)
		return st;
	r->path = path;
	r->captures += r->counting;
	st = read_frames(r, in);
	end = capture_close(in);
	return st == STATUS_OK ? end : st;
}

/* One of a folder: what is no capture of Ethernet is counted. */
static enum status
read_found(struct run *r, const char *path)
{
	struct capture *in;
	enum status st;

	switch (capture_try(path, &in)) {
	case CAPTURE_ETHERNET:
		break;
	case CAPTURE_OTHER_LINK:
		r->other_links += r->counting;
		return STATUS_OK;
	case CAPTURE_UNREADABLE:
	default:
		r->unreadable += r->counting;
		return STATUS_OK;
	}
	r->path = path;
	r->captures += r->counting;
	st = read_frames(r, in);
	/* Frames before the damage have been judged. */
	if (!capture_drop(in))
		r->unreadable += r->counting;
	return st;
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum status
read_folder(struct run *r, const char *path)
{
	char *root = xformat("%s", path);
	char *const roots[] = { root, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	enum status st = STATUS_OK;
	FTSENT *e;

	while (tree != NULL && st == STATUS_OK && (e = fts_read(tree)) != NULL)
		if (e->fts_info == FTS_F)
			st = read_found(r, e->fts_path);
	if (tree == NULL)
		st = cli_fail(r->a, "%s: %s", path, strerror(errno));
	else
		fts_close(tree);
	free(root);
	return st;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum status
read_captures(struct run *r, uint64_t repeat)
{
	const char *path;
	enum status st = STATUS_OK;

	for (uint64_t i = 0; i < repeat && st == STATUS_OK; i++) {
		if (r->judge != NULL)
			judge_rewind(r->judge);
		for (size_t k = 0; st == STATUS_OK &&
				   (path = opt_nth(r->a, "read", k)) != NULL;
			k++)
			st = is_folder(path) ? read_folder(r, path)
					     : read_file(r, path);
	}
	return st;
}

/* Bind what fits, go through the captures, and so on until all have been. */
static enum status
run_groups(struct run *r, uint64_t repeat)
{
	size_t next = 0;
	enum status st = STATUS_OK, end;

	r->counting = true;
	while (st == STATUS_OK && next < r->subjects.n) {
		st = subjects_bind(r->a, &r->s, &r->subjects, &next);
		r->groups++;
		if (st == STATUS_OK)
			st = read_captures(r, repeat);
		end = subjects_unbind(r->a, &r->s, &r->subjects);
		if (st == STATUS_OK)
			st = end;
		r->counting = false;
	}
	return st;
}

/* --- report -------------------------------------------------------------------- */

/* What a frame takes in the code, or 0: only an --icount machine can tell. */
static double
instructions(const struct run *r)
{
	/* An instruction is 1.024 us of virtual time, a Count 6 ns. */
	return r->s.m.icount && r->frames > 0
		       ? (double)judge_counts(r->judge) * 6 / 1024 /
				 (double)r->frames
		       : 0;
}

static json_t *
subject_json(const struct subject *one)
{
	if (one->refused)
		return json_pack(
			"{s:s, s:b}", "expression", one->text, "refused", 1);
	return json_pack("{s:s, s:I, s:I}", "expression", one->text, "accepted",
		(json_int_t)one->accepted, "mismatches",
		(json_int_t)one->mismatches);
}

static enum status
report_json(const struct run *r)
{
	const struct subjects *all = &r->subjects;
	json_t *o = json_pack("{s:I, s:I, s:I}", "frames",
		(json_int_t)r->frames, "accepted", (json_int_t)r->accepted,
		"skipped", (json_int_t)r->skipped);
	json_t *list;

	if (all->one[0].e.blob != NULL || all->many)
		json_object_set_new(o, "mismatches",
			json_integer((json_int_t)r->mismatches));
	if (instructions(r) > 0)
		json_object_set_new(
			o, "instructions", json_real(instructions(r)));
	if (!all->many)
		return cli_json(o);
	list = json_array();
	for (size_t i = 0; i < all->n; i++)
		json_array_append_new(list, subject_json(&all->one[i]));
	json_object_set_new(o, "filters", list);
	json_object_set_new(
		o, "captures", json_integer((json_int_t)r->captures));
	json_object_set_new(o, "groups", json_integer((json_int_t)r->groups));
	json_object_set_new(
		o, "other_links", json_integer((json_int_t)r->other_links));
	json_object_set_new(
		o, "unreadable", json_integer((json_int_t)r->unreadable));
	return cli_json(o);
}

static void
report_one(const struct run *r)
{
	printf("%llu of %llu frames accepted", (unsigned long long)r->accepted,
		(unsigned long long)r->frames);
	if (r->skipped > 0)
		printf(", %llu skipped (longer than %llu bytes)",
			(unsigned long long)r->skipped,
			(unsigned long long)r->longest);
	if (instructions(r) > 0)
		printf(", %.0f instructions a frame", instructions(r));
	puts(r->subjects.one[0].e.blob != NULL && r->mismatches == 0
			? "; libpcap agrees"
			: "");
}

static void
report_many(const struct run *r)
{
	const struct subjects *all = &r->subjects;
	size_t ran = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct subject *one = &all->one[i];

		ran += !one->refused;
		if (one->refused)
			printf("   refused  %s\n", one->text);
		else
			printf("%10llu  %s\n",
				(unsigned long long)one->accepted, one->text);
	}
	if (r->other_links + r->unreadable > 0)
		printf("%llu files of other link types, %llu unreadable or "
		       "damaged\n",
			(unsigned long long)r->other_links,
			(unsigned long long)r->unreadable);
	if (instructions(r) > 0)
		printf("%.0f instructions a frame\n", instructions(r));
	if (r->skipped > 0)
		printf("%llu frames longer than %llu bytes skipped\n",
			(unsigned long long)r->skipped,
			(unsigned long long)r->longest);
	printf("%zu filters, %llu captures, %llu frames, %llu mismatches\n",
		ran, (unsigned long long)r->captures,
		(unsigned long long)r->frames,
		(unsigned long long)r->mismatches);
}

static enum status
report(const struct run *r)
{
	const struct subjects *all = &r->subjects;

	if (r->a->json)
		(void)report_json(r);
	else if (all->many)
		report_many(r);
	else
		report_one(r);
	fflush(stdout);
	for (size_t i = 0; i < all->n; i++) {
		const struct subject *one = &all->one[i];

		if (one->mismatches > 0)
			(void)cli_fail(r->a,
				"libpcap disagrees with '%s' about %llu "
				"frames, first about %s",
				one->text, (unsigned long long)one->mismatches,
				one->first_mismatch);
	}
	return r->mismatches > 0 ? STATUS_FAILED : STATUS_OK;
}

static enum status
pack_all(struct run *r, const char *path)
{
	enum status st;
	bool bad;

	r->pack = fopen(path, "we");
	if (r->pack == NULL)
		return cli_fail(r->a, "%s: %s", path, strerror(errno));
	r->counting = true;
	st = read_captures(r, 1);
	bad = ferror(r->pack) != 0;
	bad = fclose(r->pack) != 0 || bad;
	if (st == STATUS_OK && bad)
		st = cli_fail(r->a, "%s: %s", path, strerror(errno));
	if (st == STATUS_OK && r->a->json)
		st = cli_json(
			json_pack("{s:I}", "frames", (json_int_t)r->frames));
	else if (st == STATUS_OK)
		printf("%llu frames\n", (unsigned long long)r->frames);
	return st;
}

/* The options are good: find, run, report. */
static enum status
run_checked(struct run *r, const char *list, uint64_t repeat)
{
	struct subjects *all = &r->subjects;
	enum status st = session_open(r->a, &r->s);

	if (st == STATUS_OK)
		st = subjects_find(r->a, &r->s, list, all);
	if (st == STATUS_OK) {
		r->said = xalloc(all->n * sizeof(r->said[0]));
		r->judge = judge_open(r->s.ctl, all->set,
			opt_get(r->a, "packed") != NULL, heard, r);
		st = run_groups(r, repeat);
	}
	if (st == STATUS_OK)
		st = report(r);
	judge_close(r->judge);
	free(r->said);
	subjects_release(all);
	session_close(&r->s);
	return st;
}

static enum status
run(const struct args *a)
{
	struct run *r = xalloc(sizeof(*r));
	const char *list = opt_get(a, "expressions"),
		   *pack = opt_get(a, "pack");
	uint64_t repeat = 1;
	enum status st = opt_number(a, "repeat", 1, 1000000, &repeat);

	r->a = a;
	r->longest = SP_RUN_LONGEST;
	if (st == STATUS_OK)
		st = opt_number(a, "longest", 0, SP_RUN_LONGEST, &r->longest);
	if (st == STATUS_OK && opt_get(a, "read") == NULL)
		st = cli_misuse(a, "-r FILE is missing");
	if (st == STATUS_OK && pack == NULL &&
		(list != NULL) == (a->nwords > 0))
		st = cli_misuse(a, "wants a name, an expression or -F FILE");
	if (st == STATUS_OK)
		st = pack != NULL ? pack_all(r, pack)
				  : run_checked(r, list, repeat);
	free(r);
	return st;
}

const struct command cmd_filter_run = {
	.group = "filter",
	.verb = "run",
	.words = "[NAME|EXPR...] -r FILE",
	.min_words = 0,
	.max_words = CLI_NO_LIMIT,
	.what = "run native code in the booted kernel on captures' frames",
	.options = options,
	.example = "spindle filter run 'tcp port 80' -r trace.pcap",
	.run = run,
};
