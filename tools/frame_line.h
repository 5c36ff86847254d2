/*
 * frame_line.h - a frame as one line for people.
 */
#ifndef TOOLS_FRAME_LINE_H
#define TOOLS_FRAME_LINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Addresses, protocol and length of the frame of LEN bytes of which P holds the
 * first N, e.g. "IP 10.7.0.1.40000 > 10.7.0.2.7: UDP, length 18".  Writes at most
 * ROOM bytes with the NUL; returns OUT.
 */
const char *frame_line(
	const uint8_t *p, size_t n, size_t len, char *out, size_t room);

#endif /* TOOLS_FRAME_LINE_H */
