/*
 * demux.c - what it costs to find the owner of a frame, in instructions.
 *
 * pcap expressions are compiled by libpcap, lifted, merged and run in unicorn;
 * counted from the call of the classifier to its return.  Prints rows for
 * bench.py: the mean over all keys, and under NAME-worst the worst key.
 */
#include "tests/bench/cases.h"
#include "tests/unit/host/run_unicorn.h"

#include <pcap/pcap.h>

enum {
	ARENA_BYTES = 64 << 20,
	CODE_WORDS = UNI_CODE_BYTES / 4,
	SCRATCH_BYTES = 4 << 20,
};

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct dpf_bpf),
	"dpf_lift() takes libpcap's instructions");

static uint64_t arena[ARENA_BYTES / 8];
static uint64_t scratch[SCRATCH_BYTES / 8];
static uint32_t blob[DPF_BLOB_MAX / 4];
static uint32_t code[CODE_WORDS];

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "demux: %s: %s\n", what, why);
	exit(1);
}

static int
check(int err, const char *what)
{
	if (err < 0)
		die(what, sp_err_text(err));
	return err;
}

/* What the expression TEXT means. */
static struct dpf_filter
lift(const char *text)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	static struct dpf_bpf insns[DPF_MAX_NODES];
	struct bpf_program prog;
	struct dpf_why why = { .text = NULL };
	struct dpf_filter f;
	int n;

	if (pcap_compile(p, &prog, text, 0, PCAP_NETMASK_UNKNOWN) < 0)
		die(text, pcap_geterr(p));
	if (prog.bf_len > ARRAY_LEN(insns))
		die(text, "too long");
	memcpy(insns, prog.bf_insns, prog.bf_len * sizeof(*insns));
	n = dpf_lift(insns, prog.bf_len, scratch, sizeof(scratch), blob,
		sizeof(blob), &why);
	check(dpf_parse(blob, (size_t)check(n, text), &f), text);
	pcap_freecode(&prog);
	pcap_close(p);
	return f;
}

/* --- cases (cases.h) ------------------------------------------------------ */

static void
load(const struct kind *k, uint32_t n)
{
	struct dpf_set *s;

	check(dpf_set_init(arena, sizeof(arena), DPF_SET_ONE, &s), k->name);
	for (uint32_t i = 0; i < n; i++) {
		struct dpf_filter f;
		char text[256];

		k->text(i, text, sizeof(text));
		f = lift(text);
		check(dpf_set_insert(s, &f, i + 1, i + 1), text);
	}
	run_load(code, (uint32_t)check(
			       dpf_set_emit(s, code, CODE_WORDS, run_address()),
			       k->name));
}

static uint32_t
call(const struct flow *f)
{
	uint8_t frame[128];
	size_t len = flow_frame(f, 5, frame);

	return run_call(frame, (uint32_t)len, (uint32_t)len, NULL);
}

static void
row(const char *name, uint32_t n, double sum, uint32_t worst)
{
	printf("demux\t%s-%u\tcompiled\tinstr\t%.2f\t%u\tmeasured\n", name, n,
		sum / n, n);
	printf("demux\t%s-%u-worst\tcompiled\tinstr\t%u\t%u\tmeasured\n", name,
		n, worst, n);
}

static void
hits(const struct kind *k, uint32_t n)
{
	uint32_t worst = 0;
	double sum = 0;

	load(k, n);
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = k->flow(i);

		if (call(&f) != i + 1)
			die(k->name, "frame went to somebody else");
		sum += run_insns();
		worst = run_insns() > worst ? run_insns() : worst;
	}
	row(k->name, n, sum, worst);
}

/* N filters; N ports that nobody owns, on both sides of those that are. */
static void
misses(uint32_t n)
{
	uint32_t worst = 0;
	double sum = 0;

	load(&ports, n);
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = missed_port(i, n);

		if (call(&f) != 0)
			die("ports", "frame found an owner");
		sum += run_insns();
		worst = run_insns() > worst ? run_insns() : worst;
	}
	row("miss", n, sum, worst);
}

int
main(void)
{
	hits(&ports, 1);
	hits(&ports, 10);
	hits(&ports, 100);
	hits(&ports, 1000);
	hits(&ports, 10000);
	hits(&tuples, 10);
	misses(1000);
	return 0;
}
