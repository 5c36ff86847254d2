/*
 * reloc.c - give every reference in a handler its final address.
 *
 * Only the kinds that our assembler text contains; the rest is refused rather than
 * guessed.  Called twice: to check when an object is opened, to do it when it is
 * placed.
 */
#include "ash/elf.h"

#include <spindle/bytes.h>

/* --- relocation ------------------------------------------------------------ */

/* One relocation: where, of what kind, against which symbol. */
struct reloc {
	uint32_t type, symbol;
	enum region region;
	uint32_t at; /* byte offset in the region */
	uint32_t pc; /* address */
};

static uint32_t
region_base(const struct ash_object *o, const struct place *pl, enum region r)
{
	if (r == DATA)
		return pl->data_base;
	return pl->p->code_base + 4 * o->text_off;
}

static uint32_t
word_get(const struct ash_object *o, const struct place *pl,
	const struct reloc *r)
{
	if (r->region == DATA)
		return le32_get(pl->data + r->at);
	return pl->code[o->text_off + r->at / 4];
}

static void
word_put(const struct ash_object *o, const struct place *pl,
	const struct reloc *r, uint32_t w)
{
	if (r->region == DATA)
		le32_put(pl->data + r->at, w);
	else
		pl->code[o->text_off + r->at / 4] = w;
}

/* The final address of symbol I. */
static int
symbol_address(
	struct ash_object *o, const struct place *pl, uint32_t i, uint32_t *out)
{
	struct section s;
	struct symbol sym;
	enum region r;
	const char *name;
	int header;

	if (!elf_symbol(o, i, &sym))
		return elf_fail(
			o, SP_EFORMAT, "relocation without a symbol", "");
	name = elf_name(o, &sym);
	if (sym.section == SHN_UNDEF) {
		header = elf_header_word(name);
		*out = pl->p->code_base + 4 * (uint32_t)header;
		if (header < 0 && elf_import(name) < 0)
			return elf_fail(
				o, SP_EUNSUPPORTED, "undefined symbol", name);
		if (header < 0)
			*out = pl->p->import_addr[elf_import(name)];
		return SP_OK;
	}
	if (sym.section >= o->shnum)
		return elf_fail(
			o, SP_EFORMAT, "symbol without a section", name);
	elf_section(o, sym.section, &s);
	r = elf_region(&s);
	if (r == NOWHERE)
		return elf_fail(
			o, SP_EFORMAT, "symbol outside code and data", name);
	*out = region_base(o, pl, r) + elf_region_bytes(o, r, sym.section) +
	       sym.value;
	return SP_OK;
}

static uint32_t
sign_extend(uint32_t v, uint32_t bits)
{
	uint32_t sign = BIT(bits - 1);

	return ((v & (2 * sign - 1)) ^ sign) - sign;
}

static int
overflow(struct ash_object *o, uint32_t symbol)
{
	struct symbol sym = { 0 };

	(void)elf_symbol(o, symbol, &sym);
	return elf_fail(o, SP_EFORMAT, "a jump cannot reach its target",
		elf_name(o, &sym));
}

/* What W becomes when it refers to address S; LOW is the paired LO16's addend. */
static int
relocate(struct ash_object *o, const struct reloc *r, uint32_t s, uint32_t low,
	uint32_t *w)
{
	uint32_t v;

	switch (r->type) {
	case R_MIPS_32:
		*w += s;
		return SP_OK;
	case R_MIPS_26:
		v = s + sign_extend((*w & 0x03ffffff) << 2, 28);
		if ((v & 0xf0000003) != ((r->pc + 4) & 0xf0000000))
			return overflow(o, r->symbol);
		*w = (*w & 0xfc000000) | (v >> 2 & 0x03ffffff);
		return SP_OK;
	case R_MIPS_HI16:
		v = s + (*w << 16) + low;
		*w = (*w & 0xffff0000) | (v + 0x8000) >> 16;
		return SP_OK;
	case R_MIPS_LO16:
		*w = (*w & 0xffff0000) | ((*w + s) & 0xffff);
		return SP_OK;
	default: /* R_MIPS_PC16 */
		v = s + sign_extend((*w & 0xffff) << 2, 18) - r->pc;
		if (sign_extend(v, 18) != v || (v & 3) != 0)
			return overflow(o, r->symbol);
		*w = (*w & 0xffff0000) | (v >> 2 & 0xffff);
		return SP_OK;
	}
}

static bool
kind_is_known(const struct reloc *r)
{
	switch (r->type) {
	case R_MIPS_32:
		return true;
	case R_MIPS_26:
	case R_MIPS_HI16:
	case R_MIPS_LO16:
	case R_MIPS_PC16:
		return r->region == TEXT;
	default:
		return false;
	}
}

/* Read and check relocation I of section REL. */
static int
reloc_get(struct ash_object *o, const struct section *rel, uint32_t i,
	struct reloc *out)
{
	const uint8_t *p = o->elf + rel->off + (size_t)i * REL_BYTES;
	uint32_t off = le32_get(p), info = le32_get(p + 4);
	struct symbol sym = { 0 };
	struct section to;

	elf_section(o, rel->info, &to);
	out->region = elf_region(&to);
	out->type = info & 0xff;
	out->symbol = info >> 8;
	out->at = elf_region_bytes(o, out->region, rel->info) + off;
	if (!elf_symbol(o, out->symbol, &sym))
		return elf_fail(
			o, SP_EFORMAT, "relocation without a symbol", "");
	if (!kind_is_known(out))
		return elf_fail(o, SP_EFORMAT,
			"relocation of a kind we refuse; compile with ashcc",
			elf_name(o, &sym));
	if (to.type == SHT_NOBITS || !elf_holds(to.bytes, off, 4) ||
		(out->region == TEXT && off % 4 != 0))
		return elf_fail(o, SP_EFORMAT, "relocation outside its section",
			elf_name(o, &sym));
	return SP_OK;
}

/* Last to first, so that a HI16 has seen the LO16 it belongs to. */
static int
section_relocate(
	struct ash_object *o, const struct section *rel, const struct place *pl)
{
	uint32_t i = rel->bytes / REL_BYTES, s = 0, w, low = 0, low_symbol = 0;
	struct reloc r;
	int err;

	while (i-- > 0) {
		if (le32_get(o->elf + rel->off + (size_t)i * REL_BYTES + 4) ==
			R_MIPS_NONE)
			continue;
		err = reloc_get(o, rel, i, &r);
		if (err < 0)
			return err;
		if (r.type == R_MIPS_HI16 && low_symbol != r.symbol)
			return elf_fail(
				o, SP_EFORMAT, "HI16 without its LO16", "");
		if (r.type == R_MIPS_LO16)
			low_symbol = r.symbol;
		err = symbol_address(o, pl, r.symbol, &s);
		if (err < 0)
			return err;
		if (pl->code == NULL)
			continue;
		r.pc = region_base(o, pl, r.region) + r.at;
		w = word_get(o, pl, &r);
		if (r.type == R_MIPS_LO16)
			low = sign_extend(w & 0xffff, 16);
		err = relocate(o, &r, s, low, &w);
		if (err < 0)
			return err;
		word_put(o, pl, &r, w);
	}
	return SP_OK;
}

/* All relocations of what will be loaded; those of debug sections are skipped. */
int
elf_relocate(struct ash_object *o, const struct place *pl)
{
	struct section rel, to;
	uint32_t i;
	int err;

	for (i = 0; i < o->shnum; i++) {
		elf_section(o, i, &rel);
		if (rel.type != SHT_REL && rel.type != SHT_RELA)
			continue;
		if (rel.info >= o->shnum)
			return elf_fail(
				o, SP_EFORMAT, "relocations of no section", "");
		elf_section(o, rel.info, &to);
		if (elf_region(&to) == NOWHERE)
			continue;
		if (rel.type == SHT_RELA || rel.link != o->symtab)
			return elf_fail(o, SP_EFORMAT,
				"relocations of a kind we refuse", "");
		err = section_relocate(o, &rel, pl);
		if (err < 0)
			return err;
	}
	return SP_OK;
}
