/*
 * load.c - a relocatable ELF32 MIPS object becomes an image for its addresses.
 *
 * ash_open checks all that can be checked without knowing the addresses, so that
 * only a jump that cannot reach its target is left to fail in ash_place.  What
 * comes out is still untrusted: verify.c judges it.
 */
#include "ash/elf.h"

#include "dpf/mips.h"
#include <spindle/bytes.h>

enum {
	MAX_SECTIONS = 256,
	BREAK = 0x0000000d,
};

/* A symbol must be something we can give an address, whoever refers to it. */
static int
symbol_check(struct ash_object *o, uint32_t i)
{
	struct section s;
	struct symbol sym = { 0 };
	const char *name;
	int import;

	if (i == 0 || !elf_symbol(o, i, &sym))
		return SP_OK;
	name = elf_name(o, &sym);
	if (sym.section == SHN_UNDEF) {
		import = elf_import(name);
		if (import >= 0)
			o->imports |= BIT(import);
		else if (elf_header_word(name) < 0)
			return elf_fail(o, SP_EUNSUPPORTED,
				"undefined symbol that is no service of the "
				"kernel",
				name);
		return SP_OK;
	}
	if (sym.section == SHN_ABS)
		return SP_OK;
	if (sym.section >= o->shnum)
		return elf_fail(o, SP_EFORMAT,
			"symbol without a section; compile with -fno-common",
			name);
	elf_section(o, sym.section, &s);
	if (!elf_same(name, "ash_main"))
		return SP_OK;
	if (elf_region(&s) != TEXT || sym.value >= s.bytes ||
		sym.value % 4 != 0)
		return elf_fail(
			o, SP_EFORMAT, "ash_main is not a function", name);
	o->entry = elf_region_bytes(o, TEXT, sym.section) + sym.value;
	return SP_OK;
}

/* --- checking, once -------------------------------------------------------- */

static int
header_check(struct ash_object *o)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };
	size_t i;

	if (o->bytes < EHDR_BYTES)
		return elf_fail(o, SP_ESHORT, "no ELF header", "");
	for (i = 0; i < sizeof(ident); i++)
		if (o->elf[i] != ident[i])
			return elf_fail(o, SP_EFORMAT,
				"not an ELF32 little-endian file", "");
	if (le16_get(o->elf + EHDR_MACHINE) != EM_MIPS)
		return elf_fail(o, SP_EFORMAT, "not for MIPS", "");
	if (le16_get(o->elf + EHDR_TYPE) != ET_REL)
		return elf_fail(o, SP_EFORMAT, "not a relocatable object", "");
	o->shoff = le32_get(o->elf + EHDR_SHOFF);
	o->shnum = le16_get(o->elf + EHDR_SHNUM);
	if (le16_get(o->elf + EHDR_SHENTSIZE) != SHDR_BYTES || o->shnum == 0 ||
		o->shnum > MAX_SECTIONS)
		return elf_fail(o, SP_EFORMAT, "malformed section table", "");
	if (!elf_holds(o->bytes, o->shoff, o->shnum * SHDR_BYTES))
		return elf_fail(o, SP_ESHORT, "section table is cut off", "");
	return SP_OK;
}

/* After this every section's bytes can be read and its place summed up. */
static int
sections_check(struct ash_object *o)
{
	uint32_t i, total[3] = { 0 };
	enum region r;
	struct section s;

	for (i = 0; i < o->shnum; i++) {
		elf_section(o, i, &s);
		r = elf_region(&s);
		if (s.type != SHT_NOBITS &&
			!elf_holds(o->bytes, s.off, s.bytes))
			return elf_fail(
				o, SP_ESHORT, "a section is cut off", "");
		if (s.type == SHT_SYMTAB) {
			o->symtab = i;
			o->strtab = s.link;
		}
		if (r == NOWHERE)
			continue;
		if ((s.flags & SHF_TLS) != 0)
			return elf_fail(o, SP_EFORMAT, "thread-local data", "");
		if ((s.align & (s.align - 1)) != 0 ||
			s.align > BIT(ASH_CODE_BITS_MIN))
			return elf_fail(
				o, SP_EFORMAT, "alignment above 256", "");
		total[r] = elf_align_up(total[r], elf_align(&s, r));
		if (!elf_holds(BIT(ASH_DATA_BITS_MAX), total[r], s.bytes))
			return elf_fail(o, SP_EFORMAT, "more than 1 MiB", "");
		total[r] += s.bytes;
	}
	if (o->symtab == 0)
		return elf_fail(o, SP_EFORMAT, "no symbol table", "");
	if (o->strtab >= o->shnum)
		return elf_fail(o, SP_EFORMAT, "malformed symbol table", "");
	elf_section(o, o->strtab, &s);
	if (s.type != SHT_STRTAB)
		return elf_fail(o, SP_EFORMAT, "malformed symbol table", "");
	return SP_OK;
}

static int
symbols_check(struct ash_object *o)
{
	struct symbol sym;
	uint32_t i;
	int err;

	o->entry = UINT32_MAX;
	for (i = 0; elf_symbol(o, i, &sym); i++) {
		err = symbol_check(o, i);
		if (err < 0)
			return err;
	}
	if (o->entry == UINT32_MAX)
		return elf_fail(
			o, SP_EFORMAT, "no function ash_main", "ash_main");
	return SP_OK;
}

/* Smallest region of MIN..MAX bits that holds BYTES; 0 if there is none. */
static uint32_t
region_bits(uint32_t bytes, uint32_t min, uint32_t max)
{
	uint32_t bits = min;

	while (bits <= max && bytes > BIT(bits))
		bits++;
	return bits <= max ? bits : 0;
}

static int
sizes_check(struct ash_object *o)
{
	o->text_bytes = elf_region_bytes(o, TEXT, o->shnum);
	o->data_bytes = elf_region_bytes(o, DATA, o->shnum);
	o->text_off = ASH_FIRST_WORD;
	if (o->entry != 0)
		o->text_off += ASH_BUNDLE / 4; /* of the jump to it */
	/* One `break` behind the text, the stack behind the data. */
	o->code_bits = region_bits(4 * o->text_off + o->text_bytes + 4,
		ASH_CODE_BITS_MIN, ASH_CODE_BITS_MAX);
	o->data_bits = region_bits(o->data_bytes + ASH_STACK, ASH_DATA_BITS_MIN,
		ASH_DATA_BITS_MAX);
	if (o->code_bits == 0 || o->data_bits == 0)
		return elf_fail(o, SP_EFORMAT, "too large for a handler",
			o->code_bits == 0 ? ".text" : ".data");
	return SP_OK;
}

/* --- the two entry points -------------------------------------------------- */

int
ash_open(const uint8_t *elf, size_t bytes, struct ash_object *out)
{
	static const struct ash_params nowhere;
	struct place pl = { .p = &nowhere };
	int err;

	*out = (struct ash_object){ .elf = elf, .bytes = bytes, .why = "" };
	err = header_check(out);
	if (err == SP_OK)
		err = sections_check(out);
	if (err == SP_OK)
		err = symbols_check(out);
	if (err == SP_OK)
		err = sizes_check(out);
	return err == SP_OK ? elf_relocate(out, &pl) : err;
}

/* Copy what the sections hold; the rest of the regions is break and zero. */
static void
fill(const struct ash_object *o, const struct place *pl)
{
	struct section s;
	uint32_t i, j, at;

	for (i = 0; i < o->shnum; i++) {
		elf_section(o, i, &s);
		if (s.type != SHT_PROGBITS || elf_region(&s) == NOWHERE)
			continue;
		at = elf_region_bytes(o, elf_region(&s), i);
		if (elf_region(&s) == TEXT)
			for (j = 0; j < s.bytes / 4; j++)
				pl->code[o->text_off + at / 4 + j] =
					le32_get(o->elf + s.off + 4 * j);
		else
			for (j = 0; j < s.bytes; j++)
				pl->data[at + j] = o->elf[s.off + j];
	}
}

int
ash_place(struct ash_object *o, const struct ash_params *p, uint32_t data_base,
	uint32_t exit, uint32_t abort, uint32_t *code, uint8_t *data)
{
	struct place pl = {
		.p = p, .data_base = data_base, .code = code, .data = data
	};
	uint32_t i;

	if (p->code_bits < o->code_bits || p->data_bits < o->data_bits ||
		p->code_bits > ASH_CODE_BITS_MAX ||
		p->data_bits > ASH_DATA_BITS_MAX)
		return elf_fail(o, SP_EFORMAT, "does not fit its regions", "");
	for (i = 0; i < BIT(p->code_bits - 2); i++)
		code[i] = BREAK;
	for (i = 0; i < BIT(p->data_bits); i++)
		data[i] = 0;
	code[ASH_EXIT_WORD] = mips_jump(MIPS_OP_j, exit);
	code[ASH_EXIT_WORD + 1] = 0;
	code[ASH_ABORT_WORD] = mips_jump(MIPS_OP_j, abort);
	code[ASH_ABORT_WORD + 1] = 0;
	if (o->text_off != ASH_FIRST_WORD) {
		for (i = ASH_FIRST_WORD; i < o->text_off; i++)
			code[i] = 0;
		code[ASH_FIRST_WORD] = mips_jump(
			MIPS_OP_j, p->code_base + 4 * o->text_off + o->entry);
	}
	fill(o, &pl);
	return elf_relocate(o, &pl);
}

/* --- lists of pipes -------------------------------------------------------- */

/* A list is a word, its place << 16 | its length, and so many words. */
int
ash_object_list(
	const struct ash_object *o, uint32_t i, uint32_t *place, uint32_t *out)
{
	for (uint32_t at = 0; at < o->shnum; at++) {
		struct section s;
		uint32_t off = 0, n;

		elf_section(o, at, &s);
		if (s.type != (uint32_t)SHT_ASH_PIPES)
			continue;
		for (; s.bytes - off >= 4; off += 4 + 4 * n) {
			const uint8_t *from = o->elf + s.off + off;

			n = le32_get(from) & 0xffff;
			if (n > ASH_PIPES_LIST || 4 * n > s.bytes - off - 4)
				return SP_EFORMAT;
			if (i-- > 0)
				continue;
			*place = le32_get(from) >> 16;
			for (uint32_t w = 0; w < n; w++)
				out[w] = le32_get(from + 4 + 4 * w);
			return (int)n;
		}
	}
	return SP_ENOENT;
}
