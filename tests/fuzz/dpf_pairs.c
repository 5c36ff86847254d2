/*
 * dpf_pairs.c - programs and frames: three ways to judge them must agree.
 *
 * Usage: dpf_pairs PAIRS SEED EXPRESSIONS.  For each pair of a program and a
 * frame: libpcap's bpf_filter, the filter that dpf_lift made of it, and the code
 * of that filter, alone and merged with seven others into sets of both kinds, run
 * in unicorn with an eye on every load and store.  The same seed gives the same
 * pairs.  Exit status 1 after a finding, which is printed.
 */
#include "tests/fuzz/guest.h"
#include "tests/fuzz/programs.h"
#include "tests/unit/dpf_frames.h"

#include <pcap/pcap.h>
#include <time.h>

enum {
	GROUP = 8, /* programs a batch */
	ARENA_BYTES = 4 << 20,
	SCRATCH_BYTES = 4 << 20,
	MOST_WORDS = 1 << 17,
};

struct subject {
	struct program prog;
	struct aim aims[MAX_AIMS];
	size_t naims;
	uint32_t blob[DPF_BLOB_MAX / 4];
	struct dpf_filter filter;
	bool want[GUEST_FRAMES];
};

static struct subject group[GROUP];
static struct rng rng;
static uint64_t arena[ARENA_BYTES / 8], scratch[SCRATCH_BYTES / 8];
static uint64_t pairs, accepted, programs, residuals;

static void
print_program(const struct subject *s)
{
	printf("program: %s\n", s->prog.text);
	for (uint32_t i = 0; i < s->prog.n; i++)
		printf("%u %u %u %u%s", s->prog.insn[i].code,
			s->prog.insn[i].jt, s->prog.insn[i].jf,
			s->prog.insn[i].k, i + 1 < s->prog.n ? ";" : "\n");
}

/* A finding: say everything there is, and end. */
static void
finding(const char *what, const struct subject *s, uint32_t frame)
{
	const struct guest_call *c = &guest.table[frame];

	printf("finding: %s\n", what);
	if (s != NULL)
		print_program(s);
	else
		for (unsigned i = 0; i < GROUP; i++)
			print_program(&group[i]);
	printf("frame %u, %u of %u bytes, libpcap %d, code %u: ", frame, c->len,
		c->wirelen, s != NULL && s->want[frame], c->result);
	for (uint32_t i = 0; i < c->len; i++)
		printf("%02x", guest_frame(frame)[i]);
	printf("\n");
	exit(1);
}

/* --- a batch ------------------------------------------------------------------ */

static void
make_subject(struct subject *s)
{
	struct dpf_why why;
	int n;

	program_make(&s->prog);
	s->naims = aims_find(s->prog.insn, s->prog.n, s->aims);
	n = dpf_lift(s->prog.insn, s->prog.n, scratch, sizeof(scratch), s->blob,
		sizeof(s->blob), &why);
	if (n < 0 || dpf_parse(s->blob, (size_t)n, &s->filter) != n)
		finding(n < 0 ? sp_err_text(n) : "not parsed", s, 0);
	programs++;
	residuals += s->filter.nresidual > 0;
}

/* Frame I: aimed at one of the programs, whole or cut short. */
static void
make_frame(uint32_t i)
{
	static uint8_t frame[FRAME_ROOM];
	const struct subject *s = &group[i % GROUP];
	struct guest_call *c = &guest.table[i];
	size_t whole = frame_make(&rng, frame), len = whole;

	for (uint32_t shots = 1 + rng_below(&rng, 3); shots > 0; shots--)
		frame_aim(&rng, s->aims, s->naims, frame);
	if (rng_below(&rng, 6) == 0)
		len = rng_below(&rng, (uint32_t)whole + 1);
	*c = (struct guest_call){
		.frame = GUEST_FRAME + i * GUEST_SLOT + 2,
		.len = (uint32_t)len,
		.wirelen = (uint32_t)whole,
	};
	memcpy(guest_frame(i), frame, whole);
}

/* What libpcap says, and the interpreter. */
static void
judge(struct subject *s)
{
	const struct bpf_insn *prog = (const void *)s->prog.insn;

	for (uint32_t i = 0; i < GUEST_FRAMES; i++) {
		const struct guest_call *c = &guest.table[i];
		const uint8_t *frame = guest_frame(i);

		s->want[i] = bpf_filter(prog, frame, c->wirelen, c->len) != 0;
		accepted += s->want[i];
		if (dpf_interp(&s->filter, frame, c->len, c->wirelen) !=
			s->want[i])
			finding("the filter says otherwise", s, i);
	}
	pairs += GUEST_FRAMES;
}

/* --- code --------------------------------------------------------------------- */

/* Code of the filters FIRST .. FIRST + N - 1, run on all frames. */
static void
run_set(enum dpf_set_kind kind, uint32_t first, uint32_t n)
{
	uint32_t at = guest_room(MOST_WORDS);
	const struct subject *one = n == 1 ? &group[first] : NULL;
	struct dpf_set *set;
	int words = dpf_set_init(arena, sizeof(arena), kind, &set);

	for (uint32_t i = 0; words == SP_OK && i < n; i++)
		words = dpf_set_insert(set, &group[first + i].filter, i + 1,
			i * 5 % GROUP + 1);
	if (words == SP_OK)
		words = dpf_set_emit(
			set, guest.code + at, MOST_WORDS, GUEST_CODE + 4 * at);
	if (words < 0)
		finding(sp_err_text(words), one, 0);
	guest.at = at + (uint32_t)words;
	if (!guest_run(at, GUEST_FRAMES))
		finding(guest.wrong, one, guest.now);
}

static void
check_alone(void)
{
	for (uint32_t k = 0; k < GROUP; k++) {
		const struct subject *s = &group[k];

		run_set(DPF_SET_ONE, k, 1);
		for (uint32_t i = 0; i < GUEST_FRAMES; i++)
			if (guest.table[i].result != s->want[i])
				finding("code says otherwise", s, i);
	}
}

static void
check_best(void)
{
	run_set(DPF_SET_ONE, 0, GROUP);
	for (uint32_t i = 0; i < GUEST_FRAMES; i++) {
		uint32_t best = 0, rank = 0;

		for (uint32_t k = 0; k < GROUP; k++)
			if (group[k].want[i] && k * 5 % GROUP + 1 > rank) {
				best = k + 1;
				rank = k * 5 % GROUP + 1;
			}
		if (guest.table[i].result != best)
			finding("another one is the best", NULL, i);
	}
}

static void
check_every(void)
{
	run_set(DPF_SET_ALL, 0, GROUP);
	for (uint32_t i = 0; i < GUEST_FRAMES; i++) {
		const struct guest_call *c = &guest.table[i];
		uint32_t want = 0, got = 0;

		for (uint32_t k = 0; k < GROUP; k++)
			want |= (uint32_t)group[k].want[i] << (k + 1);
		if (c->result > GROUP)
			finding("more than all", NULL, i);
		for (uint32_t k = 0; k < c->result; k++)
			got |= 1u << (c->ids[k] & 31);
		if (got != want ||
			(uint32_t)__builtin_popcount(want) != c->result)
			finding("others accept", NULL, i);
	}
}

static void
batch(void)
{
	for (uint32_t k = 0; k < GROUP; k++)
		make_subject(&group[k]);
	for (uint32_t i = 0; i < GUEST_FRAMES; i++)
		make_frame(i);
	for (uint32_t k = 0; k < GROUP; k++)
		judge(&group[k]);
	check_alone();
	check_best();
	check_every();
}

int
main(int argc, char **argv)
{
	uint64_t goal;
	time_t from = time(NULL), told = from;

	if (argc != 4) {
		fprintf(stderr, "usage: dpf_pairs PAIRS SEED EXPRESSIONS\n");
		return 2;
	}
	goal = strtoull(argv[1], NULL, 10);
	rng.state = (uint32_t)strtoul(argv[2], NULL, 10) * 2 + 1;
	if (!programs_open(argv[3], rng.state)) {
		perror(argv[3]);
		return 2;
	}
	guest_open();
	while (pairs < goal) {
		batch();
		if (time(NULL) >= told + 10) {
			told = time(NULL);
			fprintf(stderr, "%llu pairs, %llu programs, %ld s\n",
				(unsigned long long)pairs,
				(unsigned long long)programs,
				(long)(told - from));
		}
	}
	printf("%llu pairs of %llu distinct programs (%llu with a residual) "
	       "and "
	       "a frame, %llu accepted, %llu loads looked at: no difference\n",
		(unsigned long long)pairs, (unsigned long long)programs,
		(unsigned long long)residuals, (unsigned long long)accepted,
		(unsigned long long)guest.loads);
	return 0;
}
