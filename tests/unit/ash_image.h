/*
 * ash_image.h - build a small handler image word by word, and have it verified.
 */
#ifndef TESTS_ASH_IMAGE_H
#define TESTS_ASH_IMAGE_H

#include "ash/ash.h"
#include "dpf/mips.h"

#include <spindle/bytes.h>

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	CODE = 0x200000, /* any address will do, kseg0 or not */
	CODE_BITS = 10,
	DATA_BITS = 12,
	ROOM = 1 << (CODE_BITS - 2),
	NOP = 0,
	STUB = 0x11000,
	STUB_COST = 40,
};

struct image {
	uint32_t code[ROOM];
	uint32_t n;
};

static inline void
params(struct ash_params *p)
{
	*p = (struct ash_params){
		.code_base = CODE,
		.code_bits = CODE_BITS,
		.data_bits = DATA_BITS,
		.granted = BIT(ASH_IMPORT_ash_wake),
	};
	p->import_addr[ASH_IMPORT_ash_wake] = STUB;
	p->import_cost[ASH_IMPORT_ash_wake] = STUB_COST;
	p->import_addr[ASH_IMPORT_ash_clock] = STUB + 16;
}

static inline void
begin(struct image *im)
{
	uint32_t i;

	for (i = 0; i < ROOM; i++)
		im->code[i] = MIPS_OP_break;
	im->n = ASH_FIRST_WORD;
}

static inline void
put(struct image *im, uint32_t w)
{
	im->code[im->n++] = w;
}

static inline void
put_exit(struct image *im)
{
	put(im, mips_jump(MIPS_OP_j, CODE));
	put(im, NOP);
}

static inline void
put_payment(struct image *im, int32_t cost)
{
	put(im, mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET, -cost));
	put(im, mips_i(MIPS_OP_bltz, 0, ASH_REG_BUDGET,
			ASH_ABORT_WORD - (int32_t)im->n - 1));
	put(im, NOP);
}

/* From memory of exactly the size needed, so that ASan sees a stray access. */
static inline int
verify_words(const uint32_t *code, size_t words, const struct ash_params *p,
	struct ash_report *r)
{
	uint32_t *copy = malloc(words * 4);
	uint8_t *scratch = malloc(words * ASH_SCRATCH);
	int err;

	CU_ASSERT_FATAL(copy != NULL && scratch != NULL);
	memcpy(copy, code, words * 4);
	err = ash_verify(copy, words, p, scratch, words * ASH_SCRATCH, r);
	free(copy);
	free(scratch);
	return err;
}

static inline int
verify(const struct image *im, struct ash_report *r)
{
	struct ash_params p;

	params(&p);
	return verify_words(im->code, im->n, &p, r);
}

#endif /* TESTS_ASH_IMAGE_H */
