/*
 * expr.c - compile a pcap expression with libpcap, lift it to a filter.
 *
 * libpcap's optimizer stays off: it miscompiles, and the lift prunes better.
 * How a filter is printed is in show.c, other ways to write one in source.c.
 */
#include "expr.h"

#include <stdlib.h>
#include <string.h>

enum {
	SNAPLEN = 65535,
	SCRATCH = 32 << 20,
	RELATE_STEPS = 1 << 22,
};

_Static_assert(sizeof(struct dpf_bpf) == sizeof(struct bpf_insn),
	"dpf.h lays it out as libpcap does");

/* Working memory, for one at a time. */
static void *
scratch(void)
{
	static void *once;

	if (once == NULL)
		once = xalloc(SCRATCH);
	return once;
}

/* Lift OUT->prog; NULL or the reason. */
static char *
lift(struct expr *out, size_t *pc)
{
	size_t n = out->prog.bf_len;
	struct dpf_bpf *insns = xalloc(n * sizeof(*insns));
	struct dpf_why why = { .text = NULL };
	int got;

	memcpy(insns, out->prog.bf_insns, n * sizeof(*insns));
	out->blob = xalloc(DPF_BLOB_MAX);
	got = dpf_lift(
		insns, n, scratch(), SCRATCH, out->blob, DPF_BLOB_MAX, &why);
	if (got >= 0) {
		out->bytes = (size_t)got;
		got = dpf_parse(out->blob, out->bytes, &out->filter);
	}
	free(insns);
	*pc = why.pc;
	out->residual_why = got >= 0 ? why.text : NULL;
	if (got >= 0)
		return NULL;
	return xformat("%s", why.text != NULL ? why.text : sp_err_text(got));
}

char *
expr_try(const char *text, struct expr *out)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	char *why = NULL, *reason;
	size_t pc;

	memset(out, 0, sizeof(*out));
	if (p == NULL)
		return xformat("libpcap: out of memory");
	if (pcap_compile(p, &out->prog, text, 0, PCAP_NETMASK_UNKNOWN) < 0)
		why = xformat("cannot parse '%s': %s", text, pcap_geterr(p));
	pcap_close(p);
	if (why == NULL) {
		reason = lift(out, &pc);
		if (reason != NULL)
			why = xformat(
				"'%s' cannot be compiled: %s", text, reason);
		free(reason);
	}
	if (why != NULL)
		expr_release(out);
	else
		out->text = xformat("%s", text);
	return why;
}

char *
expr_try_program(
	const struct bpf_insn *insns, size_t n, struct expr *out, size_t *pc)
{
	char *why;

	memset(out, 0, sizeof(*out));
	out->prog.bf_insns = xalloc(n * sizeof(*insns));
	out->prog.bf_len = (u_int)n;
	memcpy(out->prog.bf_insns, insns, n * sizeof(*insns));
	why = lift(out, pc);
	if (why != NULL)
		expr_release(out);
	return why;
}

enum status
expr_compile(const struct args *a, const char *text, struct expr *out)
{
	char *why = expr_try(text, out);
	enum status st = STATUS_OK;

	if (why != NULL)
		st = cli_fail(a, "%s", why);
	free(why);
	return st;
}

enum status
expr_from_blob(const struct args *a, const char *name, void *blob, size_t bytes,
	struct expr *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	out->blob = blob;
	out->bytes = bytes;
	err = dpf_parse(blob, bytes, &out->filter);
	if (err >= 0)
		return STATUS_OK;
	expr_release(out);
	return cli_fail(a, "the machine's filter '%s' is damaged: %s", name,
		sp_err_text(err));
}

void
expr_release(struct expr *e)
{
	free(e->text);
	free(e->blob);
	pcap_freecode(&e->prog);
	memset(e, 0, sizeof(*e));
}

int
expr_relate(const struct dpf_filter *a, const struct dpf_filter *b,
	struct dpf_example *ex)
{
	return dpf_relate(a, b, scratch(), SCRATCH, RELATE_STEPS, ex);
}
