/*
 * unicast.h - frames to one receiver, and frames to a group.
 */
#ifndef KERNEL_CORE_UNICAST_H
#define KERNEL_CORE_UNICAST_H

#include "dpf/dpf.h"

#include <spindle/bytes.h>

/* To a group address, or ARP: whoever shares the link may need it. */
static inline bool
unicast_is_not(const uint8_t *frame)
{
	return (frame[0] & 1) != 0 || be16_get(frame + 12) == 0x0806;
}

/* A filter that accepts just what unicast_is_not(). */
extern const struct dpf_filter unicast_rest;

/* Bytes that unicast_part() of F needs. */
size_t unicast_bytes(const struct dpf_filter *f);

/*
 * The filter that accepts what F accepts and unicast_is_not() denies; PART refers
 * to ROOM, which is 4-byte aligned.  Returns SP_OK, or SP_EINVAL when F has too
 * many tests for two more.
 */
int unicast_part(const struct dpf_filter *f, void *room,
	struct dpf_filter *part) SP_MUST_CHECK;

#endif /* KERNEL_CORE_UNICAST_H */
