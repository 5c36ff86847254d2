/*
 * elf.h - private to ash/: what of an ELF file the loader reads, and how.
 *
 * elf.c reads, load.c checks and lays out, reloc.c relocates.
 */
#ifndef ASH_ELF_H
#define ASH_ELF_H

#include "ash/ash.h"

#include <stdbool.h>

/* System V ABI, MIPS supplement; only what we accept. */
enum {
	EHDR_BYTES = 52,
	EHDR_TYPE = 16,
	EHDR_MACHINE = 18,
	EHDR_SHOFF = 32,
	EHDR_SHENTSIZE = 46,
	EHDR_SHNUM = 48,
	ET_REL = 1,
	EM_MIPS = 8,
	SHDR_BYTES = 40,
	SHT_PROGBITS = 1,
	SHT_SYMTAB = 2,
	SHT_STRTAB = 3,
	SHT_RELA = 4,
	SHT_NOBITS = 8,
	SHT_REL = 9,
	SHT_ASH_PIPES = (int)0x80415348, /* lists of pipes (sdk/ash.h) */
	SHF_ALLOC = 2,
	SHF_EXECINSTR = 4,
	SHF_TLS = 0x400,
	SYM_BYTES = 16,
	SHN_UNDEF = 0,
	SHN_ABS = 0xfff1,
	REL_BYTES = 8,
	R_MIPS_NONE = 0,
	R_MIPS_32 = 2,
	R_MIPS_26 = 4,
	R_MIPS_HI16 = 5,
	R_MIPS_LO16 = 6,
	R_MIPS_PC16 = 10,
};

struct section {
	uint32_t name, type, flags, off, bytes, link, info, align;
};

struct symbol {
	uint32_t name, value, section;
};

/* Where a section goes: the code or the data region, and how far into it. */
enum region { NOWHERE, TEXT, DATA };

/* Where the image goes; CODE is NULL while an object is only checked. */
struct place {
	const struct ash_params *p;
	uint32_t data_base;
	uint32_t *code;
	uint8_t *data;
};

/* OFF and BYTES lie within TOTAL. */
bool elf_holds(size_t total, uint32_t off, uint32_t bytes);

/* Remember why, and about what symbol; returns CODE. */
int elf_fail(
	struct ash_object *o, int code, const char *why, const char *symbol);

/* Section I < shnum; shnum and shoff were checked. */
void elf_section(const struct ash_object *o, uint32_t i, struct section *s);

enum region elf_region(const struct section *s);
uint32_t elf_align(const struct section *s, enum region r);
uint32_t elf_align_up(uint32_t n, uint32_t align);

/* Bytes before section LAST in its region (LAST == shnum: in all). */
uint32_t elf_region_bytes(
	const struct ash_object *o, enum region r, uint32_t last);

/* Symbol I; false behind the last one. */
bool elf_symbol(const struct ash_object *o, uint32_t i, struct symbol *out);

/* The NUL-terminated name of a symbol; "" if there is none. */
const char *elf_name(const struct ash_object *o, const struct symbol *sym);
bool elf_same(const char *a, const char *b);

/* The import of that name, or -1. */
int elf_import(const char *name);

/* The word of the header bundle of that name, or -1. */
int elf_header_word(const char *name);

/*
 * elf_relocate - all relocations of what will be loaded; those of debug sections
 * are skipped.  SP_OK, SP_EFORMAT or SP_EUNSUPPORTED.
 */
int elf_relocate(struct ash_object *o, const struct place *pl) SP_MUST_CHECK;

#endif /* ASH_ELF_H */
