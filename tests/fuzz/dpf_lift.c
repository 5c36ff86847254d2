/*
 * dpf_lift.c - damaged BPF programs and stored filters: refused, or exact.
 *
 * Usage: dpf_lift SECONDS SEED EXPRESSIONS.  A damaged program that dpf_lift
 * still takes accepts what libpcap's interpreter accepts; a damaged blob that
 * dpf_parse still takes is interpreted without reading outside (ASan looks).
 * The same seed gives the same inputs.  Exit status 1 after keeping a finding in
 * build/fuzz/.
 */
#include "dpf/bpf.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* xorshift64*: the same numbers for the same seed on every machine. */
struct rng {
	uint64_t state; /* never 0 */
};

enum {
	PROGRAMS = 256,
	FRAMES = 32,
	SNAPLEN = 65535,
	SCRATCH = 4 << 20,
};

static uint32_t
rng_next(struct rng *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)(r->state * 0x2545f4914f6cdd1dull >> 32);
}

static uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((uint64_t)rng_next(r) * n >> 32);
}

/* Change one to eight places of P in ways that break parsers. */
static void
mutate(struct rng *r, uint8_t *p, size_t n)
{
	static const uint8_t odd[] = { 0, 1, 2, 0x7f, 0x80, 0xfe, 0xff };

	for (uint32_t i = 1 + rng_below(r, 8); i > 0 && n > 0; i--) {
		uint8_t *at = p + rng_below(r, (uint32_t)n);

		switch (rng_below(r, 4)) {
		case 0:
			*at = (uint8_t)rng_next(r);
			break;
		case 1:
			*at ^= (uint8_t)(1u << rng_below(r, 8));
			break;
		case 2:
			*at = odd[rng_below(r, sizeof(odd))];
			break;
		default:
			*at = p[rng_below(r, (uint32_t)n)];
		}
	}
}

/* A frame of 0..1518 bytes, often one that filters look into. */
static size_t
random_frame(struct rng *r, uint8_t frame[1518])
{
	static const uint8_t types[][2] = { { 8, 0 }, { 8, 6 }, { 0x86, 0xdd },
		{ 0x81, 0 } };
	static const uint8_t protos[] = { 1, 6, 17, 2 };
	size_t len =
		rng_below(r, 4) == 0 ? rng_below(r, 1519) : rng_below(r, 100);

	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)rng_next(r);
	if (len > 13 && rng_below(r, 8) != 0)
		memcpy(frame + 12, types[rng_below(r, 4)], 2);
	if (len > 23 && rng_below(r, 8) != 0) {
		frame[14] = (uint8_t)(0x40 | rng_below(r, 16));
		frame[20] &= (uint8_t)(rng_below(r, 2) - 1);
		frame[21] &= (uint8_t)(rng_below(r, 2) - 1);
		frame[23] = protos[rng_below(r, 4)];
	}
	return len;
}

/* Keep N bytes as build/fuzz/NAME and say so. */
static void
keep(const char *name, const void *bytes, size_t n)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "build/fuzz/%s", name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(bytes, 1, n, f) != n)
		fprintf(stderr, "fuzz: cannot write %s\n", path);
	else
		printf("fuzz: kept %s (%zu bytes)\n", path, n);
	if (f != NULL)
		fclose(f);
}

static struct {
	struct bpf_program prog[PROGRAMS];
	size_t n;
	uint8_t *scratch;
	uint32_t blob[DPF_BLOB_MAX / 4];
	uint32_t bytes; /* of the last blob */
	uint64_t lifted;
} lift;

static int
lift_init(const char *expressions)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	FILE *f = fopen(expressions, "r");
	static char line[4096];

	lift.scratch = malloc(SCRATCH);
	if (dead == NULL || f == NULL || lift.scratch == NULL) {
		perror(expressions);
		return -1;
	}
	while (lift.n < PROGRAMS && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (pcap_compile(dead, &lift.prog[lift.n], line,
			    (int)lift.n % 2, PCAP_NETMASK_UNKNOWN) == 0)
			lift.n++;
	}
	fclose(f);
	pcap_close(dead);
	return lift.n > 0 ? 0 : -1;
}

/* FRAME in a block of exactly LEN bytes, so that ASan sees any other read. */
static uint8_t *
exact(const uint8_t *frame, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, frame, len);
	return copy;
}

static bool
agree(struct rng *r, const struct bpf_insn *prog, const struct dpf_filter *f)
{
	static uint8_t frame[1518];
	uint8_t *copy;
	bool want, got;

	for (int i = 0; i < FRAMES; i++) {
		size_t len = random_frame(r, frame);

		copy = exact(frame, len);
		want = bpf_filter(prog, copy, (u_int)len, (u_int)len) != 0;
		got = dpf_interp(f, copy, len, len);
		free(copy);
		if (want != got) {
			printf("fuzz: libpcap says %d, the filter %d\n", want,
				got);
			keep("frame", frame, len);
			return false;
		}
	}
	return true;
}

/* libpcap does not clear the memory of programs that read it first. */
static bool
is_defined(const struct bpf_insn *prog, size_t n)
{
	uint32_t *live = malloc(n * sizeof(*live));
	bool yes;

	if (live == NULL)
		abort();
	dpf_bpf_live((const struct dpf_bpf *)(const void *)prog, n, live);
	yes = (live[0] & ((1u << BPF_WORDS) - 1)) == 0;
	free(live);
	return yes;
}

static bool
try_program(struct rng *r)
{
	const struct bpf_program *p =
		&lift.prog[rng_below(r, (uint32_t)lift.n)];
	size_t bytes = p->bf_len * sizeof(struct bpf_insn);
	struct bpf_insn *prog = malloc(bytes);
	struct dpf_filter f;
	struct dpf_why why;
	bool good = true;
	int n;

	_Static_assert(sizeof(struct bpf_insn) == sizeof(struct dpf_bpf),
		"the same program for both");
	if (prog == NULL)
		abort();
	memcpy(prog, p->bf_insns, bytes);
	if (rng_below(r, 4) != 0)
		mutate(r, (uint8_t *)prog, bytes);
	n = dpf_lift((const struct dpf_bpf *)(const void *)prog, p->bf_len,
		lift.scratch, SCRATCH, lift.blob, sizeof(lift.blob), &why);
	lift.bytes = n > 0 ? (uint32_t)n : 0;
	if (n > 0 && bpf_validate(prog, (int)p->bf_len) &&
		is_defined(prog, p->bf_len)) {
		lift.lifted++;
		good = dpf_parse(lift.blob, (size_t)n, &f) == n &&
		       agree(r, prog, &f);
	}
	if (!good)
		keep("program", prog, bytes);
	free(prog);
	return good;
}

/* The last filter, damaged: whatever dpf_parse accepts can be interpreted. */
static bool
try_blob(struct rng *r)
{
	static uint8_t frame[1518];
	uint8_t *copy;
	struct dpf_filter f;
	size_t len, cut = lift.bytes;

	if (cut == 0)
		return true;
	if (rng_below(r, 4) == 0)
		cut = rng_below(r, lift.bytes);
	mutate(r, (uint8_t *)lift.blob, cut);
	copy = exact((const uint8_t *)lift.blob, cut);
	if (dpf_parse(copy, cut, &f) > 0) {
		len = random_frame(r, frame);

		uint8_t *e = exact(frame, len);

		(void)dpf_interp(&f, e, len, len);
		free(e);
	}
	free(copy);
	return true;
}

int
main(int argc, char **argv)
{
	struct rng r;
	uint64_t rounds = 0;
	time_t end;
	bool good = true;

	if (argc != 4) {
		fprintf(stderr, "usage: dpf_lift SECONDS SEED EXPRESSIONS\n");
		return 2;
	}
	end = time(NULL) + strtol(argv[1], NULL, 10);
	r.state = strtoull(argv[2], NULL, 10) * 2 + 1;
	if (lift_init(argv[3]) != 0)
		return 2;
	for (; good && time(NULL) < end; rounds++)
		good = try_program(&r) && try_blob(&r);
	printf("%llu programs, %llu lifted and compared on %d frames each: "
	       "%s\n",
		(unsigned long long)rounds, (unsigned long long)lift.lifted,
		FRAMES, good ? "no difference" : "a finding");
	return good ? 0 : 1;
}
