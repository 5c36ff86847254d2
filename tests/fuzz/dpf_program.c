/*
 * dpf_program.c - valid BPF programs by chance: libpcap, filter and code agree.
 *
 * Usage: dpf_program SECONDS SEED.  Each program is lifted; what libpcap's
 * bpf_filter(), dpf_interp(), the program alone (run.c) and the generated code,
 * in an emulator that stops at every load outside the frame, say about a frame
 * must be the same.  The first difference ends the program with both.
 */
#include "tests/unit/host/run_unicorn.h"

#include "tests/unit/dpf_random.h"

#include <pcap/pcap.h>
#include <time.h>

enum {
	SCRATCH = 1 << 20,
	ARENA = 1 << 20,
	CODE_WORDS = UNI_CODE_BYTES / 4,
	MAX_PROGRAM = 64,
	CLEARED = BPF_WORDS, /* instructions that clear the memory */
	FRAMES = 24,
	MAX_FRAME = 100,
};

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct dpf_bpf),
	"the same program for all");

static _Alignas(8) uint8_t scratch[SCRATCH];
static _Alignas(8) uint8_t blob[DPF_BLOB_MAX];
static uint64_t arena[ARENA / 8];
static uint32_t code[CODE_WORDS];

static struct {
	uint64_t programs, residual, pairs, accepted;
} done;

struct subject {
	uint32_t n;
	struct dpf_bpf prog[CLEARED + MAX_PROGRAM + 1];
	struct dpf_filter filter;
};

/* libpcap's interpreter does not clear the memory; programs of ours do. */
static void
make_program(struct rng *r, struct subject *s)
{
	uint32_t n = 1 + rng_below(r, rng_below(r, 8) ? 16 : MAX_PROGRAM);

	for (uint32_t i = 0; i < CLEARED; i++)
		s->prog[i] = (struct dpf_bpf){ .code = BPF_ST, .k = i };
	random_program(r, s->prog + CLEARED, n);
	s->n = CLEARED + n;
	if (s->prog[s->n - 1].code == (BPF_RET | BPF_A) && rng_below(r, 2)) {
		/* one bit says less often yes */
		s->prog[s->n - 1] = (struct dpf_bpf){ .code = BPF_ALU | BPF_AND,
			.k = 1u << rng_below(r, 32) };
		s->prog[s->n++] = (struct dpf_bpf){ .code = BPF_RET | BPF_A };
	}
}

static void
fail(const struct subject *s, const char *what, const uint8_t *frame,
	size_t len, size_t wirelen)
{
	printf("fuzz: %s\n", what);
	for (uint32_t i = 0; i < s->n; i++)
		printf("{ 0x%02x, %u, %u, 0x%08x },\n", s->prog[i].code,
			s->prog[i].jt, s->prog[i].jf, s->prog[i].k);
	printf("frame:");
	for (size_t i = 0; i < len; i++)
		printf(" %02x", frame[i]);
	printf(" (%zu of %zu bytes)\n", len, wirelen);
	exit(1);
}

/* Lift and compile; the code is ready to be called. */
static void
prepare(struct subject *s, bool all)
{
	struct dpf_set *set = NULL;
	struct dpf_why why;
	int bytes, words;

	bytes = dpf_lift(s->prog, s->n, scratch, sizeof(scratch), blob,
		sizeof(blob), &why);
	if (bytes < 0 || dpf_parse(blob, (size_t)bytes, &s->filter) != bytes)
		fail(s, "a valid program is refused", NULL, 0, 0);
	if (dpf_set_init(arena, sizeof(arena), all ? DPF_SET_ALL : DPF_SET_ONE,
		    &set) != SP_OK ||
		dpf_set_insert(set, &s->filter, 1, 1) != SP_OK)
		fail(s, "the set is full", NULL, 0, 0);
	words = dpf_set_emit(set, code, CODE_WORDS, run_address());
	if (words < 0)
		fail(s, "the code is too long", NULL, 0, 0);
	run_load(code, (uint32_t)words);
	done.programs++;
	done.residual += s->filter.nresidual > 0;
}

static void
judge(const struct subject *s, struct rng *r)
{
	uint8_t frame[MAX_FRAME], *exact;
	size_t len = rng_below(r, rng_below(r, 4) ? 30 : MAX_FRAME + 1);
	size_t wirelen = len + rng_below(r, 3);
	uint16_t ids[RUN_MAX_IDS];
	bool yes;

	random_frame(r, frame, len);
	exact = malloc(len + 1); /* so that ASan sees any other read */
	if (exact == NULL)
		abort();
	memcpy(exact + 1, frame, len);
	yes = bpf_filter((const struct bpf_insn *)(const void *)s->prog,
		      exact + 1, (u_int)wirelen, (u_int)len) != 0;
	if ((dpf_bpf_run(s->prog, exact + 1, len, wirelen) != 0) != yes)
		fail(s, "the interpreter differs", frame, len, wirelen);
	if (dpf_interp(&s->filter, exact + 1, len, wirelen) != yes)
		fail(s, "the filter differs", frame, len, wirelen);
	if ((run_call(frame, (uint32_t)len, (uint32_t)wirelen, ids) != 0) !=
		yes)
		fail(s, "the code differs", frame, len, wirelen);
	free(exact);
	done.pairs++;
	done.accepted += yes;
}

int
main(int argc, char **argv)
{
	static struct subject s;
	struct rng r;
	time_t end;

	if (argc != 3) {
		fprintf(stderr, "usage: dpf_program SECONDS SEED\n");
		return 2;
	}
	end = time(NULL) + strtol(argv[1], NULL, 10);
	r.s = (uint32_t)strtoul(argv[2], NULL, 10) * 2 + 1;
	while (time(NULL) < end) {
		make_program(&r, &s);
		prepare(&s, rng_below(&r, 2));
		for (unsigned i = 0; i < FRAMES; i++)
			judge(&s, &r);
	}
	printf("%llu programs, %llu with a residual, %llu frames judged, %llu "
	       "accepted: no difference\n",
		(unsigned long long)done.programs,
		(unsigned long long)done.residual,
		(unsigned long long)done.pairs,
		(unsigned long long)done.accepted);
	return 0;
}
