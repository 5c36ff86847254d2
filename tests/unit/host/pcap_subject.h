/*
 * pcap_subject.h - expressions compiled by libpcap and lifted, for tests.
 *
 * What a filter says is held against bpf_filter() on aimed frames, many of them
 * at every short length.
 */
#ifndef TESTS_PCAP_SUBJECT_H
#define TESTS_PCAP_SUBJECT_H

#include "tests/unit/dpf_frames.h"

#include <CUnit/Basic.h>
#include <pcap/pcap.h>
#include <stdio.h>

enum { SCRATCH = 16 << 20, FRAMES = 500, SWEPT = 12, LENGTHS = 80 };

_Static_assert(
	sizeof(struct bpf_insn) == sizeof(struct dpf_bpf) &&
		offsetof(struct bpf_insn, jf) == offsetof(struct dpf_bpf, jf) &&
		offsetof(struct bpf_insn, k) == offsetof(struct dpf_bpf, k),
	"dpf_lift() takes libpcap's instructions");

static _Alignas(8) uint8_t blob[DPF_BLOB_MAX];

struct subject {
	struct bpf_program bpf;
	struct dpf_filter filter;
	struct dpf_why why;
	int got; /* what dpf_lift() returned */
};

static inline void
subject_open(const char *text, struct subject *s)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);
	void *scratch = malloc(SCRATCH);
	int err;

	CU_ASSERT_FATAL(p != NULL && scratch != NULL);
	err = pcap_compile(p, &s->bpf, text, 0, PCAP_NETMASK_UNKNOWN);
	if (err != 0)
		printf("\n    %s: %s", text, pcap_geterr(p));
	CU_ASSERT_EQUAL_FATAL(err, 0);
	pcap_close(p);
	s->got = dpf_lift((const struct dpf_bpf *)s->bpf.bf_insns,
		s->bpf.bf_len, scratch, SCRATCH, blob, sizeof(blob), &s->why);
	free(scratch);
	if (s->got > 0)
		CU_ASSERT_EQUAL(
			dpf_parse(blob, (size_t)s->got, &s->filter), s->got);
}

/* LEN bytes of FRAME lie at the end of ROOM, so a read behind them is seen. */
static inline bool
differs(const struct subject *s, const uint8_t *frame, size_t len, size_t whole,
	uint8_t *room, bool *want)
{
	const struct dpf_bpf *prog = (const struct dpf_bpf *)s->bpf.bf_insns;
	uint8_t *p = room + FRAME_ROOM - len;

	memcpy(p, frame, len);
	*want = bpf_filter(s->bpf.bf_insns, p, (unsigned)whole,
			(unsigned)len) != 0;
	return dpf_interp(&s->filter, p, len, whole) != *want ||
	       bpf_accepts(prog, p, len, whole) != *want;
}

static inline unsigned
differences(const struct subject *s, struct rng *r, unsigned *accepted)
{
	static struct aim aims[MAX_AIMS];
	static uint8_t frame[FRAME_ROOM];
	size_t naims = aims_find(
		(const struct dpf_bpf *)s->bpf.bf_insns, s->bpf.bf_len, aims);
	uint8_t *room = malloc(FRAME_ROOM);
	unsigned wrong = 0;

	CU_ASSERT_FATAL(room != NULL);
	for (unsigned i = 0, swept = 0; i < FRAMES; i++) {
		size_t whole = frame_make(r, frame);
		bool yes;

		if (i % 3 != 0)
			frame_aim(r, aims, naims, frame);
		wrong += differs(s, frame, whole, whole, room, &yes);
		*accepted += yes;
		/* Frames that get far are worth every length. */
		if (swept == SWEPT || (!yes && i % 100 != 0))
			continue;
		swept++;
		for (size_t len = 0; len <= LENGTHS; len++)
			wrong += differs(s, frame, len, whole, room, &yes);
	}
	free(room);
	return wrong;
}

#endif /* TESTS_PCAP_SUBJECT_H */
