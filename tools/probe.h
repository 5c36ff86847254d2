/*
 * probe.h - the frames `rtt` sends, and the marks it knows them by.
 *
 * A probe carries a mark of 8 bytes, constant and sequence number, so that the
 * same run sends the same bytes every time: instruction counts must not depend
 * on chance.
 */
#ifndef TOOLS_PROBE_H
#define TOOLS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probe_proto { PROBE_UDP, PROBE_ICMP, PROBE_RAW };

enum {
	PROBE_MIN = 60,
	PROBE_MAX = 1514,
	PROBE_RAW_TYPE = 0x88b5, /* local experimental EtherType 1 */
};

struct probe {
	enum probe_proto proto;
	uint8_t mac[6]; /* of the machine */
	uint8_t to[4];  /* its address */
	uint16_t port;
	size_t bytes; /* of the frame, without FCS */
};

/* Write the frame with number SEQ to OUT (PROBE_MAX bytes). */
void probe_build(const struct probe *p, uint32_t seq, uint8_t *out);

/* Does FRAME carry a mark of such a probe?  Then *SEQ is its number. */
bool probe_seq(
	const struct probe *p, const uint8_t *frame, size_t n, uint32_t *seq);

/* Is it on its way to the machine, not from it? */
bool probe_is_request(const struct probe *p, const uint8_t *frame, size_t n);

/*
 * probe_times - how long the machine took to answer, in virtual microseconds.
 *
 * FILE is QEMU's dump of a machine up with --icount; records before OFFSET are
 * skipped.  OUT[seq] for seq < COUNT becomes the time, or stays as it is when
 * request or reply is missing.  Returns how many were found.
 */
size_t probe_times(const struct probe *p, const char *file, uint64_t offset,
	double *out, size_t count);

/*
 * probe_instructions - turn N such times into numbers of instructions.
 *
 * An instruction takes 1.024 us and both ends of a time are rounded down to whole
 * microseconds, so a time alone allows two numbers.  Neighbouring times that one
 * number explains get that number.  Negative times are left alone.
 */
void probe_instructions(double *us, size_t n);

#endif /* TOOLS_PROBE_H */
