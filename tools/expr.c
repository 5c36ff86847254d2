/*
 * expr.c - compile a pcap expression with libpcap, lift it to a filter.
 *
 * libpcap's optimizer stays off: it miscompiles, and the lift prunes better.
 * How a filter is printed is in show.c.
 */
#include "expr.h"

#include <stdlib.h>
#include <string.h>

enum { SNAPLEN = 65535, SCRATCH = 32 << 20 };

_Static_assert(sizeof(struct dpf_bpf) == sizeof(struct bpf_insn),
	"dpf.h lays it out as libpcap does");

static enum status
pcap_text(const struct args *a, const char *text, struct bpf_program *out)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	enum status st = STATUS_OK;

	if (p == NULL)
		return cli_fail(a, "libpcap: out of memory");
	if (pcap_compile(p, out, text, 0, PCAP_NETMASK_UNKNOWN) < 0)
		st = cli_fail(a, "cannot parse '%s': %s", text, pcap_geterr(p));
	pcap_close(p);
	return st;
}

static enum status
lift(const struct args *a, const char *text, struct expr *e)
{
	struct dpf_bpf *insns = xalloc(e->prog.bf_len * sizeof(*insns));
	struct dpf_why why = { .text = NULL };
	void *scratch = xalloc(SCRATCH);
	enum status st = STATUS_OK;
	int n;

	memcpy(insns, e->prog.bf_insns, e->prog.bf_len * sizeof(*insns));
	e->blob = xalloc(DPF_BLOB_MAX);
	n = dpf_lift(insns, e->prog.bf_len, scratch, SCRATCH, e->blob,
		DPF_BLOB_MAX, &why);
	if (n >= 0) {
		e->bytes = (size_t)n;
		n = dpf_parse(e->blob, e->bytes, &e->filter);
	}
	if (n < 0)
		st = cli_fail(a, "'%s' cannot be compiled: %s", text,
			why.text != NULL ? why.text : sp_err_text(n));
	free(scratch);
	free(insns);
	return st;
}

enum status
expr_compile(const struct args *a, const char *text, struct expr *out)
{
	enum status st;

	memset(out, 0, sizeof(*out));
	st = pcap_text(a, text, &out->prog);
	if (st == STATUS_OK)
		st = lift(a, text, out);
	if (st != STATUS_OK)
		expr_release(out);
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
	free(e->blob);
	pcap_freecode(&e->prog);
	memset(e, 0, sizeof(*e));
}
