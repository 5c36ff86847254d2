/*
 * test_load.c - objects become images; whatever else comes is refused with a reason.
 *
 * The objects are written here, byte by byte, so that the same test runs where there
 * is no assembler, and so that each field can be wrong.
 */
#include "ash/ash.h"
#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	CODE = 0x80200000 - 0x100000000,
	DATA = 0x80400000 - 0x100000000,
	STUB = 0x80011000 - 0x100000000,
	CODE_WORDS = 1 << (ASH_CODE_BITS_MIN - 2),
	DATA_BYTES = 1 << ASH_DATA_BITS_MIN,

	/* sections of the object */
	TEXT = 1,
	DATASEC = 2,
	BSS = 3,
	RELTEXT = 4,
	RELDATA = 5,
	SYMTAB = 6,
	STRTAB = 7,
	SECTIONS = 8,

	/* symbols */
	S_TEXT = 1,
	S_DATA = 2,
	S_BSS = 3,
	S_MAIN = 4,
	S_UNDEF = 5,
	S_EXIT = 6,
	S_ABORT = 7,
	SYMBOLS = 8,

	R_32 = 2,
	R_26 = 4,
	R_HI16 = 5,
	R_LO16 = 6,
	R_GPREL16 = 7,
	R_PC16 = 10,

	/* where the pieces lie in the file */
	AT_TEXT = 52,
	TEXT_BYTES = 48,
	AT_DATA = AT_TEXT + TEXT_BYTES,
	DATA_SIZE = 16,
	BSS_SIZE = 24,
	AT_RELTEXT = AT_DATA + DATA_SIZE,
	RELTEXT_MAX = 8,
	AT_RELDATA = AT_RELTEXT + 8 * RELTEXT_MAX,
	AT_SYMTAB = AT_RELDATA + 8,
	AT_STRTAB = AT_SYMTAB + 16 * SYMBOLS,
	STRTAB_BYTES = 64,
	AT_SECTIONS = AT_STRTAB + STRTAB_BYTES,
	FILE_BYTES = AT_SECTIONS + 40 * SECTIONS,
};

struct object {
	uint8_t b[FILE_BYTES];
	uint32_t nrel;
};

static uint32_t code[CODE_WORDS];
static uint8_t data[DATA_BYTES];

/* --- writing an object ------------------------------------------------------- */

static uint8_t *
section_at(struct object *o, unsigned i)
{
	return o->b + AT_SECTIONS + 40 * i;
}

static void
section(struct object *o, unsigned i, uint32_t type, uint32_t flags,
	uint32_t off, uint32_t bytes)
{
	uint8_t *p = section_at(o, i);

	le32_put(p + 4, type);
	le32_put(p + 8, flags);
	le32_put(p + 16, off);
	le32_put(p + 20, bytes);
	le32_put(p + 32, 16);
}

static void
link_section(struct object *o, unsigned i, uint32_t link, uint32_t info)
{
	le32_put(section_at(o, i) + 24, link);
	le32_put(section_at(o, i) + 28, info);
}

static void
symbol(struct object *o, unsigned i, const char *name, uint32_t value,
	uint32_t sec)
{
	uint8_t *p = o->b + AT_SYMTAB + 16 * i;
	char *names = (char *)o->b + AT_STRTAB;
	uint32_t at = 1;

	while (names[at] != '\0')
		at += (uint32_t)strlen(names + at) + 1;
	memcpy(names + at, name, strlen(name));
	le32_put(p, name[0] == '\0' ? 0 : at);
	le32_put(p + 4, value);
	le16_put(p + 14, (uint16_t)sec);
}

static void
word(struct object *o, unsigned i, uint32_t w)
{
	le32_put(o->b + AT_TEXT + 4 * i, w);
}

static void
reloc(struct object *o, uint32_t off, uint32_t type, uint32_t sym)
{
	uint8_t *p = o->b + AT_RELTEXT + 8 * o->nrel++;

	le32_put(p, off);
	le32_put(p + 4, sym << 8 | type);
	le32_put(section_at(o, RELTEXT) + 20, 8 * o->nrel);
}

/* An object that is right: ash_main at VALUE, text of nops, `j exit` at the end. */
static void
make(struct object *o, uint32_t value, const char *undefined)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };

	memset(o, 0, sizeof(*o));
	memcpy(o->b, ident, sizeof(ident));
	le16_put(o->b + 16, 1);
	le16_put(o->b + 18, 8);
	le32_put(o->b + 32, AT_SECTIONS);
	le16_put(o->b + 46, 40);
	le16_put(o->b + 48, SECTIONS);
	section(o, TEXT, 1, 6, AT_TEXT, TEXT_BYTES);
	section(o, DATASEC, 1, 3, AT_DATA, DATA_SIZE);
	section(o, BSS, 8, 3, 0, BSS_SIZE);
	section(o, RELTEXT, 9, 0, AT_RELTEXT, 0);
	link_section(o, RELTEXT, SYMTAB, TEXT);
	section(o, RELDATA, 9, 0, AT_RELDATA, 0);
	link_section(o, RELDATA, SYMTAB, DATASEC);
	section(o, SYMTAB, 2, 0, AT_SYMTAB, 16 * SYMBOLS);
	link_section(o, SYMTAB, STRTAB, 0);
	section(o, STRTAB, 3, 0, AT_STRTAB, STRTAB_BYTES);
	symbol(o, S_TEXT, "", 0, TEXT);
	symbol(o, S_DATA, "", 0, DATASEC);
	symbol(o, S_BSS, "", 0, BSS);
	symbol(o, S_MAIN, "ash_main", value, TEXT);
	symbol(o, S_UNDEF, undefined, 0, 0);
	symbol(o, S_EXIT, ASH_EXIT_SYMBOL, 0, 0);
	symbol(o, S_ABORT, ASH_ABORT_SYMBOL, 0, 0);
	word(o, 10, MIPS_OP_j);
	reloc(o, 40, R_26, S_EXIT);
	memcpy(o->b + AT_DATA, "0123456789abcdef", DATA_SIZE);
}

/* --- reading it back ---------------------------------------------------------- */

static void
params(const struct ash_object *o, struct ash_params *p)
{
	*p = (struct ash_params){
		.code_base = (uint32_t)CODE,
		.code_bits = o->code_bits,
		.data_bits = o->data_bits,
		.granted = UINT32_MAX,
	};
	p->import_addr[ASH_IMPORT_ash_wake] = (uint32_t)STUB;
	p->import_addr[ASH_IMPORT_ash_clock] = (uint32_t)STUB + 16;
}

static int
place(const struct object *o)
{
	struct ash_object out;
	struct ash_params p;
	int err = ash_open(o->b, sizeof(o->b), &out);

	if (err < 0)
		return err;
	CU_ASSERT_FATAL(out.code_bits == ASH_CODE_BITS_MIN &&
			out.data_bits == ASH_DATA_BITS_MIN);
	params(&out, &p);
	return ash_place(
		&out, &p, (uint32_t)DATA, 0x80010000, 0x80010020, code, data);
}

static void
check_refused(const struct object *o, int code_wanted, const char *why)
{
	struct ash_object out;

	CU_ASSERT_EQUAL(ash_open(o->b, sizeof(o->b), &out), code_wanted);
	CU_ASSERT(strstr(out.why, why) != NULL);
	if (strstr(out.why, why) == NULL)
		printf("\nwant '%s', got '%s'", why, out.why);
}

/* --- good objects -------------------------------------------------------------- */

static void
test_an_object_is_understood(void)
{
	static struct object o;
	struct ash_object out;

	make(&o, 0, "ash_wake");
	CU_ASSERT_EQUAL_FATAL(ash_open(o.b, sizeof(o.b), &out), SP_OK);
	CU_ASSERT_EQUAL(out.text_bytes, TEXT_BYTES);
	CU_ASSERT_EQUAL(out.data_bytes, DATA_SIZE + BSS_SIZE);
	CU_ASSERT_EQUAL(out.imports, BIT(ASH_IMPORT_ash_wake));
	CU_ASSERT_EQUAL(out.text_off, ASH_FIRST_WORD);
}

static void
test_the_image_is_header_text_and_filling(void)
{
	static struct object o;
	unsigned i;

	make(&o, 0, "ash_wake");
	CU_ASSERT_EQUAL_FATAL(place(&o), SP_OK);
	CU_ASSERT_EQUAL(code[0], mips_jump(MIPS_OP_j, 0x80010000));
	CU_ASSERT_EQUAL(code[1], 0);
	CU_ASSERT_EQUAL(code[4], mips_jump(MIPS_OP_j, 0x80010020));
	CU_ASSERT_EQUAL(code[5], 0);
	CU_ASSERT_EQUAL(code[8 + 10], mips_jump(MIPS_OP_j, (uint32_t)CODE));
	for (i = ASH_FIRST_WORD + TEXT_BYTES / 4; i < CODE_WORDS; i++)
		CU_ASSERT_EQUAL(code[i], MIPS_OP_break);
	CU_ASSERT_EQUAL(memcmp(data, "0123456789abcdef", DATA_SIZE), 0);
	for (i = DATA_SIZE; i < DATA_BYTES; i++)
		CU_ASSERT_EQUAL(data[i], 0);
}

static void
test_main_need_not_be_first(void)
{
	static struct object o;

	make(&o, 8, "ash_wake");
	CU_ASSERT_EQUAL_FATAL(place(&o), SP_OK);
	CU_ASSERT_EQUAL(
		code[8], mips_jump(MIPS_OP_j, (uint32_t)CODE + 4 * (12 + 2)));
	CU_ASSERT_EQUAL(code[9], 0);
	CU_ASSERT_EQUAL(code[12 + 10], mips_jump(MIPS_OP_j, (uint32_t)CODE));
}

static void
test_relocations_of_jumps(void)
{
	static struct object o;

	make(&o, 0, "ash_clock");
	word(&o, 0, MIPS_OP_jal);
	reloc(&o, 0, R_26, S_UNDEF);
	word(&o, 1, MIPS_OP_jal | 5); /* 20 bytes into the text */
	reloc(&o, 4, R_26, S_TEXT);
	word(&o, 2, mips_i(MIPS_OP_bltz, 0, 21, -1));
	reloc(&o, 8, R_PC16, S_ABORT);
	word(&o, 3, mips_i(MIPS_OP_beq, 0, 0, 7)); /* 8 words behind the next */
	reloc(&o, 12, R_PC16, S_TEXT);
	CU_ASSERT_EQUAL_FATAL(place(&o), SP_OK);
	CU_ASSERT_EQUAL(code[8], mips_jump(MIPS_OP_jal, (uint32_t)STUB + 16));
	CU_ASSERT_EQUAL(
		code[9], mips_jump(MIPS_OP_jal, (uint32_t)CODE + 32 + 20));
	CU_ASSERT_EQUAL(
		code[10], mips_i(MIPS_OP_bltz, 0, 21, ASH_ABORT_WORD - 11));
	CU_ASSERT_EQUAL(code[11], mips_i(MIPS_OP_beq, 0, 0, 8 + 7 - 11));
}

/* %hi and %lo of an address whose lower half is negative. */
static void
test_halves_of_an_address_carry(void)
{
	static struct object o;

	make(&o, 0, "ash_wake");
	word(&o, 0, mips_i(MIPS_OP_lui, 2, 0, 0));
	reloc(&o, 0, R_HI16, S_DATA);
	word(&o, 1, mips_i(MIPS_OP_addiu, 2, 2, 0x7ff8));
	reloc(&o, 4, R_LO16, S_DATA);
	word(&o, 2, mips_i(MIPS_OP_lui, 3, 0, 1));
	reloc(&o, 8, R_HI16, S_BSS);
	word(&o, 3, mips_i(MIPS_OP_addiu, 3, 3, -16));
	reloc(&o, 12, R_LO16, S_BSS);
	CU_ASSERT_EQUAL_FATAL(place(&o), SP_OK);
	/* 0x80407ff8 */
	CU_ASSERT_EQUAL(code[8], mips_i(MIPS_OP_lui, 2, 0, 0x8040));
	CU_ASSERT_EQUAL(code[9], mips_i(MIPS_OP_addiu, 2, 2, 0x7ff8));
	/* 0x80400010 + 0x10000 - 16 */
	CU_ASSERT_EQUAL(code[10], mips_i(MIPS_OP_lui, 3, 0, 0x8041));
	CU_ASSERT_EQUAL(code[11], mips_i(MIPS_OP_addiu, 3, 3, 0));
}

static void
test_pointers_in_data(void)
{
	static struct object o;

	make(&o, 0, "ash_wake");
	le32_put(o.b + AT_DATA + 4, 4); /* 4 bytes into .bss */
	le32_put(o.b + AT_RELDATA, 4);
	le32_put(o.b + AT_RELDATA + 4, S_BSS << 8 | R_32);
	le32_put(section_at(&o, RELDATA) + 20, 8);
	CU_ASSERT_EQUAL_FATAL(place(&o), SP_OK);
	CU_ASSERT_EQUAL(le32_get(data + 4), (uint32_t)DATA + DATA_SIZE + 4);
}

/* --- bad ones ------------------------------------------------------------------- */

static void
test_other_files_are_refused(void)
{
	static const struct {
		unsigned at;
		uint8_t byte;
		const char *why;
	} cases[] = { { 0, 0, "ELF32" }, { 4, 2, "ELF32" }, { 5, 2, "ELF32" },
		{ 6, 0, "ELF32" }, { 18, 3, "MIPS" }, { 16, 2, "relocatable" },
		{ 46, 41, "section table" }, { 48, 0, "section table" },
		{ 49, 2, "section table" } };
	static struct object o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		make(&o, 0, "ash_wake");
		o.b[cases[i].at] = cases[i].byte;
		check_refused(&o, SP_EFORMAT, cases[i].why);
	}
}

static void
test_bad_sections_are_refused(void)
{
	static const struct {
		unsigned section, field;
		uint32_t value;
		int code;
		const char *why;
	} cases[] = {
		{ TEXT, 20, 0x7fffffff, SP_ESHORT, "cut off" },
		{ TEXT, 16, 0xfffffff0, SP_ESHORT, "cut off" },
		{ TEXT, 32, 3, SP_EFORMAT, "alignment" },
		{ TEXT, 32, 512, SP_EFORMAT, "alignment" },
		{ BSS, 20, 0x7fffffff, SP_EFORMAT, "1 MiB" },
		{ BSS, 20, 0xffffffff, SP_EFORMAT, "1 MiB" },
		{ BSS, 20, 0x000fff00, SP_EFORMAT, "too large" },
		{ BSS, 8, 0x403, SP_EFORMAT, "thread-local" },
		{ SYMTAB, 4, 1, SP_EFORMAT, "no symbol table" },
		{ SYMTAB, 24, SECTIONS, SP_EFORMAT, "symbol table" },
		{ SYMTAB, 24, DATASEC, SP_EFORMAT, "symbol table" },
		{ RELTEXT, 4, 4, SP_EFORMAT, "kind we refuse" },
		{ RELTEXT, 24, STRTAB, SP_EFORMAT, "kind we refuse" },
		{ RELTEXT, 28, SECTIONS, SP_EFORMAT, "of no section" },
	};
	static struct object o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		make(&o, 0, "ash_wake");
		le32_put(section_at(&o, cases[i].section) + cases[i].field,
			cases[i].value);
		check_refused(&o, cases[i].code, cases[i].why);
	}
}

static void
test_bad_symbols_are_refused(void)
{
	static struct object o;

	make(&o, 0, "memcpy");
	check_refused(&o, SP_EUNSUPPORTED, "undefined symbol");
	make(&o, 0, "ash_wake");
	le16_put(o.b + AT_SYMTAB + 16 * S_BSS + 14, 0xfff2);
	check_refused(&o, SP_EFORMAT, "-fno-common");
	make(&o, 0, "ash_wake");
	memcpy(strstr((char *)o.b + AT_STRTAB + 1, "ash_main"), "ash_mine", 8);
	check_refused(&o, SP_EFORMAT, "no function ash_main");
	make(&o, 2, "ash_wake");
	check_refused(&o, SP_EFORMAT, "not a function");
	make(&o, TEXT_BYTES, "ash_wake");
	check_refused(&o, SP_EFORMAT, "not a function");
	make(&o, 0, "ash_wake");
	symbol(&o, S_MAIN, "ash_main", 0, DATASEC);
	check_refused(&o, SP_EFORMAT, "not a function");
}

static void
test_the_undefined_symbol_is_named(void)
{
	static struct object o;
	struct ash_object out;

	make(&o, 0, "__udivdi3");
	CU_ASSERT_EQUAL(ash_open(o.b, sizeof(o.b), &out), SP_EUNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(out.symbol, "__udivdi3");
}

static void
test_bad_relocations_are_refused(void)
{
	static const struct {
		uint32_t off, type, symbol;
		const char *why;
	} cases[] = {
		{ 0, R_GPREL16, S_DATA, "kind we refuse" },
		{ 0, 250, S_DATA, "kind we refuse" },
		{ TEXT_BYTES - 3, R_26, S_TEXT, "outside its section" },
		{ 0xfffffffc, R_26, S_TEXT, "outside its section" },
		{ 2, R_26, S_TEXT, "outside its section" },
		{ 0, R_26, SYMBOLS, "without a symbol" },
		{ 0, R_HI16, S_DATA, "without its LO16" },
	};
	static struct object o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		make(&o, 0, "ash_wake");
		reloc(&o, cases[i].off, cases[i].type, cases[i].symbol);
		check_refused(&o, SP_EFORMAT, cases[i].why);
	}
}

static void
test_a_jump_that_cannot_reach_is_refused(void)
{
	static struct object o;

	make(&o, 0, "ash_wake");
	word(&o, 0, MIPS_OP_beq);
	reloc(&o, 0, R_PC16, S_UNDEF);
	CU_ASSERT_EQUAL(place(&o), SP_EFORMAT);
	make(&o, 0, "ash_wake");
	word(&o, 0, MIPS_OP_j);
	symbol(&o, S_BSS, "far", 0x10000000, BSS);
	reloc(&o, 0, R_26, S_BSS);
	CU_ASSERT_EQUAL(place(&o), SP_EFORMAT);
}

static void
test_regions_too_small_are_refused(void)
{
	static struct object o;
	struct ash_object out;
	struct ash_params p;

	make(&o, 0, "ash_wake");
	CU_ASSERT_EQUAL_FATAL(ash_open(o.b, sizeof(o.b), &out), SP_OK);
	params(&out, &p);
	p.data_bits--;
	CU_ASSERT_EQUAL(ash_place(&out, &p, (uint32_t)DATA, 0, 0, code, data),
		SP_EFORMAT);
	p.data_bits = ASH_DATA_BITS_MAX + 1;
	CU_ASSERT_EQUAL(ash_place(&out, &p, (uint32_t)DATA, 0, 0, code, data),
		SP_EFORMAT);
}

/* --- whatever comes --------------------------------------------------------------- */

static void
make_rich(struct object *o)
{
	make(o, 8, "ash_clock");
	word(o, 0, MIPS_OP_jal);
	reloc(o, 0, R_26, S_UNDEF);
	reloc(o, 4, R_HI16, S_DATA);
	reloc(o, 8, R_LO16, S_DATA);
	reloc(o, 12, R_PC16, S_ABORT);
	le32_put(o->b + AT_RELDATA, 4);
	le32_put(o->b + AT_RELDATA + 4, S_BSS << 8 | R_32);
	le32_put(section_at(o, RELDATA) + 20, 8);
}

/* Open and, if that works, place: exactly as much memory as was asked for. */
static int
try(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n), *d = NULL;
	uint32_t *c = NULL;
	struct ash_object out;
	struct ash_params p;
	int err;

	CU_ASSERT_FATAL(copy != NULL);
	memcpy(copy, bytes, n);
	err = ash_open(copy, n, &out);
	if (err == SP_OK) {
		params(&out, &p);
		c = malloc((size_t)1 << out.code_bits);
		d = malloc((size_t)1 << out.data_bits);
		CU_ASSERT_FATAL(c != NULL && d != NULL);
		err = ash_place(&out, &p, (uint32_t)DATA, 0, 0, c, d);
	}
	CU_ASSERT(err == SP_OK || out.why[0] != '\0');
	free(c);
	free(d);
	free(copy);
	return err;
}

static void
test_every_truncation_is_refused(void)
{
	static struct object o;
	size_t n;

	make_rich(&o);
	CU_ASSERT_EQUAL(try(o.b, sizeof(o.b)), SP_OK);
	for (n = 0; n < sizeof(o.b); n++)
		CU_ASSERT(try(o.b, n) < 0);
}

static void
test_no_flipped_bit_breaks_the_loader(void)
{
	static struct object o;
	size_t i;
	unsigned bit;

	make_rich(&o);
	for (i = 0; i < sizeof(o.b); i++)
		for (bit = 0; bit < 8; bit++) {
			o.b[i] ^= (uint8_t)BIT(bit);
			(void)try(o.b, sizeof(o.b));
			o.b[i] ^= (uint8_t)BIT(bit);
		}
}

static void
test_random_fields_break_nothing(void)
{
	static struct object o;
	uint32_t state = 5, round, n;

	for (round = 0; round < 20000; round++) {
		make_rich(&o);
		for (n = 0; n < 1 + round % 4; n++) {
			state = state * 1664525 + 1013904223;
			le32_put(o.b + 4 * (state >> 8) % (FILE_BYTES - 3),
				state % 3 == 0 ? state >> 24 : state);
		}
		(void)try(o.b, sizeof(o.b));
	}
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("load", NULL, NULL);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_an_object_is_understood);
	ADD(test_the_image_is_header_text_and_filling);
	ADD(test_main_need_not_be_first);
	ADD(test_relocations_of_jumps);
	ADD(test_halves_of_an_address_carry);
	ADD(test_pointers_in_data);
	ADD(test_other_files_are_refused);
	ADD(test_bad_sections_are_refused);
	ADD(test_bad_symbols_are_refused);
	ADD(test_the_undefined_symbol_is_named);
	ADD(test_bad_relocations_are_refused);
	ADD(test_a_jump_that_cannot_reach_is_refused);
	ADD(test_regions_too_small_are_refused);
	ADD(test_every_truncation_is_refused);
	ADD(test_no_flipped_bit_breaks_the_loader);
	ADD(test_random_fields_break_nothing);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	return CU_get_number_of_failures() > 0;
}
