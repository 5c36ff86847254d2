/*
 * peers.c - what it costs others to find the owner of a frame, in instructions.
 *
 * Usage: bench_peers TARGET.elf.  The target's functions (peers_target.c) get the
 * filters and frames of demux.c and run in the same emulator; counted from call
 * to return.  Prints rows for bench.py.  libpcap runs optimised programs, as its
 * users do, and under its own name unoptimised ones; where a frame of theirs went
 * to somebody else the bench fails.
 */
#include "tests/bench/peers.h"
#include "tests/bench/cases.h"
#include "tests/bench/target.h"

#include "dpf/dpf.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>

enum {
	SCRATCH_BYTES = 4 << 20,
	SAMPLE =
		100, /* keys tried where each costs all the filters before it */
};

static uint64_t scratch[SCRATCH_BYTES / 8];
static uint32_t blob[(DPF_BLOB_MAX + 3) / 4];

/* --- filters -------------------------------------------------------------------- */

static void
compile(const char *text, bool optimize, struct bpf_program *out)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);

	if (pcap_compile(p, out, text, optimize, PCAP_NETMASK_UNKNOWN) < 0)
		die(text, pcap_geterr(p));
	pcap_close(p);
}

static void
add_lifted(const struct bpf_program *prog, const char *text)
{
	struct dpf_why why = { .text = NULL };
	int n = dpf_lift((const struct dpf_bpf *)prog->bf_insns, prog->bf_len,
		scratch, sizeof(scratch), blob, sizeof(blob), &why);

	if (n < 0 || (int)call(PEER_ADD_FILTER, put(blob, (size_t)n),
			     (uint32_t)n, 0) < 0)
		die(text, "cannot be lifted");
}

static void
add(const struct kind *k, uint32_t i, bool optimize)
{
	struct flow f = k->flow(i);
	struct peer_key key = { htonl(f.src), htonl(f.dst),
		htonl((uint32_t)f.sport << 16 | f.dport) };
	struct bpf_program prog;
	char text[256];

	k->text(i, text, sizeof(text));
	compile(text, optimize, &prog);
	call(PEER_ADD_PROGRAM,
		put(prog.bf_insns, prog.bf_len * sizeof(prog.bf_insns[0])), 0,
		0);
	pcap_freecode(&prog);
	compile(text, false, &prog);
	add_lifted(&prog, text);
	pcap_freecode(&prog);
	call(PEER_ADD_KEY, put(&key, sizeof(key)), 0, 0);
}

/* --- rows ----------------------------------------------------------------------- */

struct system {
	const char *name;
	enum peer ports, tuples;
	bool optimize;
	bool tries_all; /* one after the other */
};

static const struct system systems[] = {
	{ "interpreted", PEER_INTERPRETED, PEER_INTERPRETED, false, true },
	{ "libpcap", PEER_LIBPCAP, PEER_LIBPCAP, true, true },
	{ "libpcap-unoptimized", PEER_LIBPCAP, PEER_LIBPCAP, false, true },
	{ "c", PEER_C_PORTS, PEER_C_TUPLES, false, false },
};

static uint32_t
judge(enum peer fn, const struct flow *f)
{
	uint8_t frame[128];
	size_t len = flow_frame(f, 5, frame);

	must(uc_mem_write(target.uc, FRAME, frame, len));
	return call(fn, FRAME, (uint32_t)len, (uint32_t)len);
}

static void
print_row(const char *name, uint32_t n, const char *system, uint64_t sum,
	uint32_t keys)
{
	printf("demux\t%s-%u\t%s\tinstr\t%.2f\t%u\tmeasured\n", name, n, system,
		(double)sum / keys, keys);
	fflush(stdout);
}

/* Keys evenly spread among N. */
static void
hits(const struct system *s, const struct kind *k, uint32_t n)
{
	enum peer fn = k == &ports ? s->ports : s->tuples;
	uint32_t keys = s->tries_all && n > SAMPLE ? SAMPLE : n;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < keys; i++) {
		uint32_t at = (2 * i + 1) * n / (2 * keys);
		struct flow f = k->flow(at);

		if (judge(fn, &f) != at + 1)
			die(s->name, "frame went to somebody else");
		sum += target.insns;
	}
	print_row(k->name, n, s->name, sum, keys);
}

static void
misses(const struct system *s, uint32_t n)
{
	uint32_t keys = s->tries_all ? SAMPLE : n;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < keys; i++) {
		struct flow f = missed_port(i * (n / keys), n);

		if (judge(s->ports, &f) != 0)
			die(s->name, "frame found an owner");
		sum += target.insns;
	}
	print_row("miss", n, s->name, sum, keys);
}

/* N filters of a kind for everybody; libpcap's OPTIMIZEd or not. */
static void
run(const struct kind *k, uint32_t n, bool optimize)
{
	target.data = 0;
	call(PEER_RESET, 0, 0, 0);
	for (uint32_t i = 0; i < n; i++)
		add(k, i, optimize);
	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		if (systems[i].optimize != optimize)
			continue;
		hits(&systems[i], k, n);
		if (k == &ports && n == 1000)
			misses(&systems[i], n);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		die("usage", "bench_peers TARGET.elf");
	target_open(argv[1]);
	for (int optimize = 0; optimize <= 1; optimize++) {
		for (uint32_t n = 1; n <= PEERS_MAX; n *= 10)
			run(&ports, n, optimize);
		run(&tuples, 10, optimize);
	}
	return 0;
}
