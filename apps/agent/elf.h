/*
 * elf.h - programs: ELF32 little-endian MIPS executables.
 *
 * Freestanding, no I/O: the agent and the unit tests use the same code.
 */
#ifndef APPS_AGENT_ELF_H
#define APPS_AGENT_ELF_H

#include <spindle/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ELF_MAX_SEGMENTS = 8 };

/* MEM bytes at VA; the first FILE_BYTES of them from OFFSET, the rest zero. */
struct elf_segment {
	uint32_t va, mem;
	uint32_t offset, file_bytes;
	bool writable;
};

struct elf_program {
	uint32_t entry;
	size_t segments;
	struct elf_segment segment[ELF_MAX_SEGMENTS];
};

/*
 * elf_parse - check a program once; after that nothing about it can fail.
 *
 * Segments lie in [BASE, TOP), no two of them in one page, and the entry lies in
 * the bytes of one of them.  Returns SP_OK or
 *	SP_ESHORT	the file ends inside something
 *	SP_EFORMAT	not ELF32 MIPS little endian executable, or inconsistent
 *	SP_EUNSUPPORTED	dynamically linked, or more than ELF_MAX_SEGMENTS
 * and then *WHY says it in words.
 */
int elf_parse(const uint8_t *elf, size_t bytes, uint32_t base, uint32_t top,
	struct elf_program *out, const char **why) SP_MUST_CHECK;

#endif /* APPS_AGENT_ELF_H */
