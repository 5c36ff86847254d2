/*
 * dpf_fuzzer.c - libFuzzer's way in: a program and a frame from its bytes.
 *
 * Input: one byte, the number of instructions (times 8 bytes, as dpf.h has them),
 * the instructions, two bytes of wire length, the captured frame.  What libpcap
 * would run must be lifted, and accepts what libpcap accepts, interpreted and
 * compiled; what it would not run is only looked at by the sanitizers.
 */
#include "tests/fuzz/guest.h"

#include "dpf/bpf.h"

#include <pcap/pcap.h>

enum { SCRATCH_BYTES = 4 << 20, ARENA_BYTES = 1 << 20, WORDS = 1 << 15 };

static uint64_t scratch[SCRATCH_BYTES / 8], arena[ARENA_BYTES / 8];
static uint32_t blob[DPF_BLOB_MAX / 4];
static struct dpf_bpf insn[256];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
expect(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "finding: %s\n", what);
	abort();
}

/* The loads that libpcap leaves undefined, or Linux. */
static bool
is_defined(const struct dpf_bpf *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned mode = p[i].code & (BPF_CLASS_MASK | BPF_MODE_MASK);

		if (mode == (BPF_LD | BPF_MEM) || mode == (BPF_LDX | BPF_MEM) ||
			(mode == (BPF_LD | BPF_ABS) && p[i].k >= BPF_ANCILLARY))
			return false;
	}
	return true;
}

static void
compiled(const struct dpf_filter *f, const uint8_t *frame, uint32_t len,
	uint32_t wirelen, bool want)
{
	uint32_t at = guest_room(WORDS);
	struct dpf_set *s;
	int n = dpf_set_init(arena, sizeof(arena), DPF_SET_ONE, &s);

	if (n == SP_OK)
		n = dpf_set_insert(s, f, 1, 1);
	if (n == SP_OK)
		n = dpf_set_emit(
			s, guest.code + at, WORDS, GUEST_CODE + 4 * at);
	expect(n > 0, "no code");
	guest.at = at + (uint32_t)n;
	guest.table[0] = (struct guest_call){
		.frame = GUEST_FRAME + 2, .len = len, .wirelen = wirelen
	};
	memcpy(guest_frame(0), frame, len);
	expect(guest_run(at, 1), "the guest was stopped");
	expect(guest.table[0].result == want, "code says otherwise");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	size_t n = bytes > 0 ? data[0] : 0, len = bytes - 1 - 8 * n - 2;
	const uint8_t *frame = data + 1 + 8 * n + 2;
	const struct bpf_insn *prog = (const void *)insn;
	struct dpf_filter f;
	struct dpf_why why;
	uint32_t wirelen;
	bool want;
	int got;

	if (guest.uc == NULL)
		guest_open();
	if (n == 0 || bytes < 1 + 8 * n + 2 || len > 1518)
		return 0;
	memcpy(insn, data + 1, 8 * n);
	got = dpf_lift(
		insn, n, scratch, sizeof(scratch), blob, sizeof(blob), &why);
	if (got > 0)
		expect(dpf_parse(blob, (size_t)got, &f) == got, "not parsed");
	if (!bpf_validate(prog, (int)n) || !is_defined(insn, n))
		return 0;
	if (got == SP_EFORMAT) /* libpcap lets unknown opcodes pass */
		return 0;
	expect(got > 0, "not lifted");
	wirelen = (uint32_t)len + (frame[-1] & 7u);
	want = bpf_filter(prog, frame, wirelen, (u_int)len) != 0;
	expect(dpf_interp(&f, frame, len, wirelen) == want,
		"the filter says otherwise");
	compiled(&f, frame, (uint32_t)len, wirelen, want);
	return 0;
}
