/*
 * program.h - which program an environment runs, so that a pc becomes a line.
 *
 * `app start` keeps a copy of the executable in the machine's directory: the
 * original may be rebuilt before anybody asks where it died.
 */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

#include "machine.h"

#include "ash/host/ash_host.h"

/* Remember what was started as ENV; what ran in its slot before is forgotten.
 * On failure there will be no lines. */
void program_keep(const struct machine *m, uint32_t env, const uint8_t *elf,
	size_t bytes);

/* The source line of PC in the program of ENV; OUT->line is 0 if unknown.
 * WITHIN: of the function it was inlined into, if it was. */
void program_line(const struct machine *m, uint32_t env, uint32_t pc,
	struct ash_line *out, struct ash_line *within);

#endif /* TOOLS_PROGRAM_H */
