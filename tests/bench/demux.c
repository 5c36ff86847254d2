/*
 * demux.c - what it costs to find the owner of a frame, in instructions.
 *
 * Usage: bench_demux TARGET.elf.  pcap expressions are compiled by libpcap and
 * lifted here; the target (sets_target.c) merges them and its classifier runs in
 * the same emulator, counted from call to return.  Prints rows for bench.py: the
 * mean over all keys, and under NAME-worst the worst one; dpf-insert is the mean
 * of all insertions up to N, the search for whom a filter may meet included.
 */
#include "tests/bench/cases.h"
#include "tests/bench/sets.h"
#include "tests/bench/target.h"

#include "dpf/dpf.h"

#include <pcap/pcap.h>

enum { SCRATCH_BYTES = 4 << 20, MOST = 10000 };

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct dpf_bpf),
	"dpf_lift() takes libpcap's instructions");

static uint64_t scratch[SCRATCH_BYTES / 8];
static uint32_t blob[(DPF_BLOB_MAX + 3) / 4];

/* What the expression TEXT means: a blob in the target; returns its length. */
static uint32_t
lift(const char *text, uint32_t *at)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	struct dpf_why why = { .text = NULL };
	struct bpf_program prog;
	int n;

	if (pcap_compile(p, &prog, text, 0, PCAP_NETMASK_UNKNOWN) < 0)
		die(text, pcap_geterr(p));
	n = dpf_lift((const struct dpf_bpf *)prog.bf_insns, prog.bf_len,
		scratch, sizeof(scratch), blob, sizeof(blob), &why);
	if (n < 0)
		die(text, sp_err_text(n));
	pcap_freecode(&prog);
	pcap_close(p);
	target.data = 0;
	*at = put(blob, (size_t)n);
	return (uint32_t)n;
}

/* Returns what that took. */
static uint64_t
insert(const char *text, uint32_t id)
{
	uint32_t at, n = lift(text, &at);
	int err = (int)call(SET_INSERT, at, n, id);

	if (err < 0)
		die(text, sp_err_text(err));
	return target.insns;
}

static void
row(const char *what, const char *name, uint32_t n, const char *unit,
	double value, uint32_t keys)
{
	printf("demux\t%s%s-%u\tcompiled\t%s\t%.2f\t%u\tmeasured\n", what, name,
		n, unit, value, keys);
}

/* --- frames --------------------------------------------------------------- */

struct cost {
	uint64_t sum, worst;
};

/* Who gets a frame of F? */
static uint32_t
judge(const struct flow *f, struct cost *c)
{
	uint8_t frame[160] = { 0 };
	size_t len = flow_frame(f, 5, frame);
	uint32_t id, address = call(SET_ADDRESS, 0, 0, 0);

	len = len < sizeof(frame) ? sizeof(frame) : len;
	if (f->proto == 17 && f->sport < 100 && f->dport == 0)
		frame[42 + f->sport] = (uint8_t)(1 + f->sport); /* a form */
	must(uc_mem_write(target.uc, FRAME, frame, len));
	id = call_at(address, FRAME, (uint32_t)len, (uint32_t)len);
	c->sum += target.insns;
	c->worst = target.insns > c->worst ? target.insns : c->worst;
	if (target.insns > call(SET_BOUND, 0, 0, 0))
		die("classifier", "took longer than its bound");
	return id;
}

static void
cost_rows(const char *what, const char *name, uint32_t n, const struct cost *c)
{
	char worst[32];

	snprintf(worst, sizeof(worst), "%u-worst", n);
	row(what, name, n, "instr", (double)c->sum / n, n);
	printf("demux\t%s%s-%s\tcompiled\tinstr\t%llu\t%u\tmeasured\n", what,
		name, worst, (unsigned long long)c->worst, n);
}

static void
hits(const struct kind *k, uint32_t n)
{
	struct cost c = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct flow f = k->flow(i);

		if (judge(&f, &c) != i + 1)
			die(k->name, "frame went to somebody else");
	}
	cost_rows("", k->name, n, &c);
}

/* Ports, or connections of the same hosts, that nobody owns. */
static void
misses(const struct kind *k, uint32_t n)
{
	struct cost c = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct flow f = k->flow(i);

		if (k == &ports)
			f = missed_port(i, n);
		else if (k == &conns)
			f.sport = (uint16_t)(f.sport + 50);
		else
			f.dport = (uint16_t)(f.dport + 8);
		if (judge(&f, &c) != 0)
			die(k->name, "frame found an owner");
	}
	cost_rows(k == &ports   ? ""
		  : k == &conns ? "conn-"
				: "ranges-",
		"miss", n, &c);
}

/* --- sets ----------------------------------------------------------------- */

/* N filters of a kind; returns instructions, and those of the last one. */
static uint64_t
fill(const struct kind *k, uint32_t n, uint64_t *last)
{
	uint64_t sum = 0;

	call(SET_OPEN, 0, 0, 0);
	for (uint32_t i = 0; i < n; i++) {
		char text[256];

		k->text(i, text, sizeof(text));
		*last = insert(text, i + 1);
		sum += *last;
	}
	return sum;
}

static void
table(const struct kind *k, uint32_t n)
{
	uint64_t last, sum = fill(k, n, &last);

	hits(k, n);
	misses(k, n);
	row("bytes-", k->name, n, "bytes", call(SET_BYTES, 0, 0, 0), n);
	row("dpf-insert-", k->name, n, "instr", (double)sum / n, n);
}

/* A filter that is not data: the last of N. */
static void
code(const struct kind *k, uint32_t n, bool miss)
{
	uint64_t last = 0;

	fill(k, n, &last);
	hits(k, n);
	if (miss)
		misses(k, n);
	row("dpf-insert-", k->name, n, "instr", (double)last, 1);
}

int
main(int argc, char **argv)
{
	uint64_t last;

	if (argc != 2)
		die("usage", "bench_demux TARGET.elf");
	target_open(argv[1]);
	for (uint32_t n = 1; n <= MOST; n *= 10)
		table(&ports, n);
	for (uint32_t n = 1; n <= MOST; n *= 10)
		table(&conns, n);
	row("dpf-insert-", "broad", MOST, "instr",
		(double)insert("ip", MOST + 1), 1);
	fill(&tuples, 10, &last);
	hits(&tuples, 10);
	code(&ranges, 100, true);
	code(&forms, 100, false);
	return 0;
}
