/*
 * compare.c - turn comparisons of symbolic values into tests of fields.
 *
 * Every test comes out in one form (the narrowest field, the least mask, the
 * least equivalent constant), so that filters written differently share it.
 */
#include "dpf/bpf.h"
#include "dpf/sym.h"

static struct sym_atom
decided(bool yes)
{
	struct sym_atom a = { .known = yes ? FACT_YES : FACT_NO };

	return a;
}

static struct sym_atom
test_of(const struct sym *f, unsigned op, uint32_t value)
{
	struct sym_atom a = { .known = FACT_OPEN };

	a.test.op = (uint8_t)op;
	a.test.base = f->base;
	a.test.width = f->width;
	a.test.off = f->off;
	a.test.mask = f->mask;
	if (f->base != DPF_BASE_LEN)
		value >>= dpf_narrow(&a.test.off, &a.test.width, &a.test.mask);
	a.test.value = value;
	/* One bit has two spellings: the one for "clear" is kept. */
	if (op == LIT_EQ && value == a.test.mask &&
		(value & (value - 1)) == 0) {
		a.test.value = 0;
		a.opposite = true;
	}
	return a;
}

/* Field F + its constant == K. */
static struct sym_atom
equals(const struct sym *f, uint32_t k)
{
	uint32_t moved = k - f->add;
	uint32_t value = dpf_shift(moved, -f->shift);

	if (dpf_shift(value, f->shift) != moved || (value & ~f->mask) != 0)
		return decided(false);
	return test_of(f, LIT_EQ, value);
}

/* Field F, without its constant, > K. */
static struct sym_atom
exceeds(const struct sym *f, uint32_t k)
{
	uint32_t bits = dpf_shift(f->mask, f->shift);
	struct sym_atom a;

	if (k >= bits)
		return decided(false);
	k = dpf_mask_floor(k, bits);
	if (k == 0) {
		a = test_of(f, LIT_EQ, 0);
		a.opposite = true;
		return a;
	}
	if (dpf_mask_ceil(k + 1, bits) == bits)
		return test_of(f, LIT_EQ, f->mask);
	return test_of(f, LIT_GT, dpf_shift(k, -f->shift));
}

static void
only(struct sym_cmp *out, struct sym_atom a)
{
	out->first = a;
	out->high = decided(true);
	out->low = decided(false);
}

/* F + C > K: where the sum wraps, its comparison falls into two. */
static void
sum_exceeds(const struct sym *f, uint32_t k, struct sym_cmp *out)
{
	uint32_t bits = dpf_shift(f->mask, f->shift), c = f->add;
	struct sym_atom low = k < c ? decided(true) : exceeds(f, k - c);

	if (bits + c >= bits) {
		only(out, low);
		return;
	}
	out->first = exceeds(f, 0 - c - 1);
	out->high = k > UINT32_MAX - (0 - c) ? decided(false)
					     : exceeds(f, k + (0 - c));
	out->low = low;
}

static void
invert(struct sym_atom *a)
{
	if (a->known == FACT_OPEN)
		a->opposite = !a->opposite;
	else
		a->known = a->known == FACT_YES ? FACT_NO : FACT_YES;
}

static void
invert_cmp(struct sym_cmp *c)
{
	invert(&c->high);
	invert(&c->low);
}

static bool
compare_nums(unsigned op, uint32_t a, uint32_t x)
{
	switch (op) {
	case BPF_JEQ:
		return a == x;
	case BPF_JGT:
		return a > x;
	case BPF_JGE:
		return a >= x;
	default:
		return (a & x) != 0;
	}
}

static int
compare_field(unsigned op, const struct sym *a, uint32_t k, struct sym_cmp *out,
	const char **why)
{
	struct sym masked = *a, mask = dpf_sym_num(k);

	switch (op) {
	case BPF_JEQ:
		only(out, equals(a, k));
		return SP_OK;
	case BPF_JGT:
		sum_exceeds(a, k, out);
		return SP_OK;
	case BPF_JGE:
		if (k == 0)
			only(out, decided(true));
		else
			sum_exceeds(a, k - 1, out);
		return SP_OK;
	default:
		if (dpf_sym_alu(NULL, BPF_AND, &masked, &mask, why) != SP_OK)
			return SP_EUNSUPPORTED;
		only(out, masked.kind == SYM_NUM ? decided(masked.add == 0)
						 : equals(&masked, 0));
		invert_cmp(out);
		return SP_OK;
	}
}

/* K OP X with the constant on the left. */
static int
compare_num(unsigned op, uint32_t k, const struct sym *x, struct sym_cmp *out,
	const char **why)
{
	int err;

	if (op == BPF_JEQ || op == BPF_JSET)
		return compare_field(op, x, k, out, why);
	err = compare_field(op == BPF_JGT ? BPF_JGE : BPF_JGT, x, k, out, why);
	invert_cmp(out);
	return err;
}

static bool
same_term(const struct sym *a, const struct sym *x)
{
	struct sym b = *x;

	b.add = a->add;
	return __builtin_memcmp(a, &b, sizeof(b)) == 0;
}

int
dpf_sym_compare(unsigned op, const struct sym *a, const struct sym *x,
	struct sym_cmp *out, const char **why)
{
	if (a->kind == SYM_NUM && x->kind == SYM_NUM) {
		only(out, decided(compare_nums(op, a->add, x->add)));
		return SP_OK;
	}
	if (a->kind == SYM_FIELD && x->kind == SYM_NUM)
		return compare_field(op, a, x->add, out, why);
	if (a->kind == SYM_NUM && x->kind == SYM_FIELD)
		return compare_num(op, a->add, x, out, why);
	if (same_term(a, x) && (a->add == x->add || op == BPF_JEQ) &&
		op != BPF_JSET) {
		only(out, decided(compare_nums(op, a->add, x->add)));
		return SP_OK;
	}
	*why = a->kind == SYM_PLACE || x->kind == SYM_PLACE
		       ? "compares a sum of fields"
		       : "compares two fields";
	return SP_EUNSUPPORTED;
}
