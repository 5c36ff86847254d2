/*
 * elf.c - read sections and symbols of an untrusted ELF file.
 *
 * Offsets are checked against the bytes we have at every access, so that a second
 * look needs no memory of the first.  Where a section lies in its region is summed
 * up again when needed, which spares a table of unknown size.  Next: load.c.
 */
#include "ash/elf.h"

#include <spindle/bytes.h>

bool
elf_holds(size_t total, uint32_t off, uint32_t bytes)
{
	return off <= total && bytes <= total - off;
}

int
elf_fail(struct ash_object *o, int code, const char *why, const char *symbol)
{
	size_t i;

	for (i = 0; i < sizeof(o->symbol) - 1 && symbol[i] != '\0'; i++)
		o->symbol[i] = symbol[i];
	o->symbol[i] = '\0';
	o->why = why;
	return code;
}

/* --- reading the file ------------------------------------------------------ */

void
elf_section(const struct ash_object *o, uint32_t i, struct section *s)
{
	const uint8_t *p = o->elf + o->shoff + (size_t)i * SHDR_BYTES;

	*s = (struct section){
		.name = le32_get(p),
		.type = le32_get(p + 4),
		.flags = le32_get(p + 8),
		.off = le32_get(p + 16),
		.bytes = le32_get(p + 20),
		.link = le32_get(p + 24),
		.info = le32_get(p + 28),
		.align = le32_get(p + 32),
	};
}

enum region
elf_region(const struct section *s)
{
	if ((s->flags & SHF_ALLOC) == 0)
		return NOWHERE;
	if (s->type == SHT_PROGBITS && (s->flags & SHF_EXECINSTR) != 0)
		return TEXT;
	if (s->type == SHT_PROGBITS || s->type == SHT_NOBITS)
		return DATA;
	return NOWHERE;
}

/* Text starts at bundles, so that what was aligned to them stays so. */
uint32_t
elf_align(const struct section *s, enum region r)
{
	uint32_t least = r == TEXT ? ASH_BUNDLE : 8;

	return s->align > least ? s->align : least;
}

uint32_t
elf_align_up(uint32_t n, uint32_t align)
{
	return (n + align - 1) & ~(align - 1);
}

uint32_t
elf_region_bytes(const struct ash_object *o, enum region r, uint32_t last)
{
	uint32_t i, sum = 0;
	struct section s;

	for (i = 0; i < last; i++) {
		elf_section(o, i, &s);
		if (elf_region(&s) == r)
			sum = elf_align_up(sum, elf_align(&s, r)) + s.bytes;
	}
	if (last == o->shnum)
		return sum;
	elf_section(o, last, &s);
	return elf_align_up(sum, elf_align(&s, r));
}

bool
elf_symbol(const struct ash_object *o, uint32_t i, struct symbol *out)
{
	const uint8_t *p;
	struct section s;

	elf_section(o, o->symtab, &s);
	if (i >= s.bytes / SYM_BYTES)
		return false;
	p = o->elf + s.off + (size_t)i * SYM_BYTES;
	*out = (struct symbol){
		.name = le32_get(p),
		.value = le32_get(p + 4),
		.section = le16_get(p + 14),
	};
	return true;
}

const char *
elf_name(const struct ash_object *o, const struct symbol *sym)
{
	struct section s;
	const char *p;
	uint32_t i;

	elf_section(o, o->strtab, &s);
	p = (const char *)o->elf + s.off;
	for (i = sym->name; i < s.bytes; i++)
		if (p[i] == '\0')
			return p + sym->name;
	return "";
}

bool
elf_same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* --- symbols --------------------------------------------------------------- */

int
elf_import(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} imports[] = {
#define X(import, number, cost) { #import, number },
		ASH_IMPORTS(X)
#undef X
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(imports); i++)
		if (elf_same(name, imports[i].name))
			return imports[i].number;
	return -1;
}

/* The header bundles, as the assembler text of ashcc names them. */
int
elf_header_word(const char *name)
{
	if (elf_same(name, ASH_EXIT_SYMBOL))
		return ASH_EXIT_WORD;
	return elf_same(name, ASH_ABORT_SYMBOL) ? ASH_ABORT_WORD : -1;
}
