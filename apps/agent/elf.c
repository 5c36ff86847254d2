/*
 * elf.c - parse an executable; every number in it is somebody else's.
 *
 * Offsets are those of the System V ABI (Elf32_Ehdr, Elf32_Phdr).
 */
#include "elf.h"

#include <spindle/abi.h>
#include <spindle/bytes.h>

enum {
	E_CLASS = 4,
	E_DATA = 5,
	E_TYPE = 16,
	E_MACHINE = 18,
	E_ENTRY = 24,
	E_PHOFF = 28,
	E_PHENTSIZE = 42,
	E_PHNUM = 44,
	E_BYTES = 52,

	P_TYPE = 0,
	P_OFFSET = 4,
	P_VADDR = 8,
	P_FILESZ = 16,
	P_MEMSZ = 20,
	P_FLAGS = 24,
	P_BYTES = 32,

	CLASS_32 = 1,
	DATA_LITTLE = 1,
	TYPE_EXEC = 2,
	MACHINE_MIPS = 8,
	PT_LOAD = 1,
	PT_INTERP = 3,
	PF_W = 2,
};

static int
refuse(int code, const char *text, const char **why)
{
	*why = text;
	return code;
}

/* Is [OFF, OFF + N) inside BYTES? */
static bool
inside(size_t bytes, uint32_t off, uint32_t n)
{
	return off <= bytes && n <= bytes - off;
}

static int
check_head(const uint8_t *elf, size_t bytes, const char **why)
{
	if (bytes < 4 || elf[0] != 0x7f || elf[1] != 'E' || elf[2] != 'L' ||
		elf[3] != 'F')
		return refuse(SP_EFORMAT, "not an ELF file", why);
	if (bytes < E_BYTES)
		return refuse(SP_ESHORT, "ELF header is cut off", why);
	if (elf[E_CLASS] != CLASS_32)
		return refuse(SP_EFORMAT, "not a 32-bit ELF file", why);
	if (elf[E_DATA] != DATA_LITTLE)
		return refuse(SP_EFORMAT, "ELF file is big endian", why);
	if (le16_get(elf + E_MACHINE) != MACHINE_MIPS)
		return refuse(
			SP_EFORMAT, "ELF file is for another machine", why);
	if (le16_get(elf + E_TYPE) != TYPE_EXEC)
		return refuse(SP_EFORMAT, "not a static executable", why);
	if (le16_get(elf + E_PHENTSIZE) != P_BYTES)
		return refuse(SP_EFORMAT, "odd program header size", why);
	return SP_OK;
}

static int
check_segment(const struct elf_segment *s, size_t bytes, uint32_t base,
	uint32_t top, const char **why)
{
	if (s->file_bytes > s->mem)
		return refuse(
			SP_EFORMAT, "segment: file size > memory size", why);
	if (!inside(bytes, s->offset, s->file_bytes))
		return refuse(SP_ESHORT, "file ends inside a segment", why);
	if (s->va < base || s->va >= top || s->mem > top - s->va)
		return refuse(SP_EFORMAT, "segment outside user memory", why);
	return SP_OK;
}

/* Do A and B touch a common page?  Neither wraps: check_segment(). */
static bool
share_page(const struct elf_segment *a, const struct elf_segment *b)
{
	return a->va / SP_PAGE <= (b->va + b->mem - 1) / SP_PAGE &&
	       b->va / SP_PAGE <= (a->va + a->mem - 1) / SP_PAGE;
}

/* Append the segment of program header PH, if it is one. */
static int
add_segment(const uint8_t *ph, size_t bytes, uint32_t base, uint32_t top,
	struct elf_program *out, const char **why)
{
	struct elf_segment s = {
		.va = le32_get(ph + P_VADDR),
		.mem = le32_get(ph + P_MEMSZ),
		.offset = le32_get(ph + P_OFFSET),
		.file_bytes = le32_get(ph + P_FILESZ),
		.writable = (le32_get(ph + P_FLAGS) & PF_W) != 0,
	};

	if (le32_get(ph + P_TYPE) == PT_INTERP)
		return refuse(SP_EUNSUPPORTED, "dynamically linked", why);
	if (le32_get(ph + P_TYPE) != PT_LOAD || s.mem == 0)
		return SP_OK;

	int err = check_segment(&s, bytes, base, top, why);

	if (err < 0)
		return err;
	if (out->segments == ELF_MAX_SEGMENTS)
		return refuse(SP_EUNSUPPORTED, "more than 8 segments", why);
	for (size_t i = 0; i < out->segments; i++)
		if (share_page(&s, &out->segment[i]))
			return refuse(
				SP_EFORMAT, "two segments in one page", why);
	out->segment[out->segments++] = s;
	return SP_OK;
}

static bool
entry_is_code(const struct elf_program *p)
{
	if ((p->entry & 3) != 0)
		return false;
	for (size_t i = 0; i < p->segments; i++)
		if (p->entry >= p->segment[i].va &&
			p->entry - p->segment[i].va < p->segment[i].file_bytes)
			return true;
	return false;
}

int
elf_parse(const uint8_t *elf, size_t bytes, uint32_t base, uint32_t top,
	struct elf_program *out, const char **why)
{
	int err = check_head(elf, bytes, why);

	if (err < 0)
		return err;

	uint32_t phoff = le32_get(elf + E_PHOFF);
	uint32_t phnum = le16_get(elf + E_PHNUM);

	if (!inside(bytes, phoff, phnum * P_BYTES))
		return refuse(SP_ESHORT, "file ends in program headers", why);
	out->entry = le32_get(elf + E_ENTRY);
	out->segments = 0;
	for (uint32_t i = 0; i < phnum; i++) {
		err = add_segment(
			elf + phoff + i * P_BYTES, bytes, base, top, out, why);
		if (err < 0)
			return err;
	}
	if (out->segments == 0)
		return refuse(SP_EFORMAT, "nothing to load", why);
	if (!entry_is_code(out))
		return refuse(SP_EFORMAT, "entry is outside the program", why);
	return SP_OK;
}
