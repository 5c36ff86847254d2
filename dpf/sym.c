/*
 * sym.c - arithmetic on symbolic values, exact modulo 2^32 or refused.
 *
 * Bits that are known not to meet (a field's and those of the constant added to
 * it) make a sum an "or", which is why masks and shifts can be pushed through.
 * Next: compare.c turns comparisons into tests, cbpf.c drives both.
 */
#include "dpf/sym.h"

#include "dpf/bpf.h"

struct sym
dpf_sym_num(uint32_t value)
{
	struct sym s = { .kind = SYM_NUM, .add = value };

	return s;
}

struct sym
dpf_sym_unknown(void)
{
	struct sym s = { .kind = SYM_UNKNOWN };

	return s;
}

struct sym
dpf_sym_field(unsigned base, uint32_t off, unsigned width)
{
	struct sym s = {
		.kind = SYM_FIELD,
		.base = (uint8_t)base,
		.width = (uint8_t)width,
		.off = (uint16_t)off,
		.mask = dpf_width_mask(width),
	};

	return s;
}

static int
refuse(const char **why, const char *text)
{
	*why = text;
	return SP_EUNSUPPORTED;
}

/* The bits that the field of A can set. */
static uint32_t
bits_of(const struct sym *a)
{
	return dpf_shift(a->mask, a->shift);
}

/* Keep only BITS of the field of A, which were moved N to the left. */
static void
set_bits(struct sym *a, uint32_t bits, int n)
{
	if (bits == 0) {
		*a = dpf_sym_num(a->add);
		return;
	}
	a->shift = (int8_t)(a->shift + n);
	a->mask = dpf_shift(bits, -a->shift);
}

static bool
is_power_of_2(uint32_t k)
{
	return k != 0 && (k & (k - 1)) == 0;
}

static void
shift_left(struct sym *a, uint32_t n)
{
	uint32_t bits = n < 32 ? bits_of(a) << n : 0;

	a->add = n < 32 ? a->add << n : 0;
	set_bits(a, bits, (int)n);
}

static int
shift_right(struct sym *a, uint32_t n, const char **why)
{
	uint32_t bits = bits_of(a);

	if (n == 0)
		return SP_OK;
	if ((bits & a->add) != 0)
		return refuse(why, "shifts a sum of a field and a constant");
	a->add = n < 32 ? a->add >> n : 0;
	set_bits(a, n < 32 ? bits >> n : 0, n < 32 ? -(int)n : 0);
	return SP_OK;
}

static int
mask_with(struct sym *a, uint32_t k, const char **why)
{
	uint32_t bits = bits_of(a);

	if (k == UINT32_MAX)
		return SP_OK;
	if (k != 0 && (bits & a->add) != 0)
		return refuse(why, "masks a sum of a field and a constant");
	a->add &= k;
	set_bits(a, bits & k, 0);
	return SP_OK;
}

static int
or_with(struct sym *a, uint32_t k, const char **why)
{
	uint32_t bits = bits_of(a);

	if (k != 0 && (bits & a->add) != 0)
		return refuse(why, "combines a sum with a constant by |");
	a->add |= k;
	set_bits(a, bits & ~k, 0);
	return SP_OK;
}

static int
xor_with(struct sym *a, uint32_t k, const char **why)
{
	if (k != 0 && (bits_of(a) & (a->add | k)) != 0)
		return refuse(why, "inverts bits of a field by ^");
	a->add ^= k;
	return SP_OK;
}

static int
field_by_num(unsigned op, struct sym *a, uint32_t k, const char **why)
{
	switch (op) {
	case BPF_MUL:
		if (k == 0)
			*a = dpf_sym_num(0);
		else if (is_power_of_2(k))
			shift_left(a, (uint32_t)__builtin_ctz(k));
		else
			return refuse(why,
				"multiplies a field by what is no power of 2");
		return SP_OK;
	case BPF_DIV:
		if (!is_power_of_2(k))
			return refuse(why,
				"divides a field by what is no power of 2");
		return shift_right(a, (uint32_t)__builtin_ctz(k), why);
	case BPF_MOD:
		if (!is_power_of_2(k))
			return refuse(why,
				"takes a field modulo what is no power of 2");
		return mask_with(a, k - 1, why);
	case BPF_OR:
		return or_with(a, k, why);
	case BPF_AND:
		return mask_with(a, k, why);
	case BPF_XOR:
		return xor_with(a, k, why);
	case BPF_LSH:
		shift_left(a, k);
		return SP_OK;
	default:
		return shift_right(a, k, why);
	}
}

static uint32_t
num_by_num(unsigned op, uint32_t a, uint32_t x)
{
	switch (op) {
	case BPF_MUL:
		return a * x;
	case BPF_DIV:
		return a / x;
	case BPF_MOD:
		return a % x;
	case BPF_OR:
		return a | x;
	case BPF_AND:
		return a & x;
	case BPF_XOR:
		return a ^ x;
	case BPF_LSH:
		return x < 32 ? a << x : 0;
	default:
		return x < 32 ? a >> x : 0;
	}
}

/* How far behind the frame's first byte can BASE lie? */
static uint64_t
farthest(const struct graph *g, unsigned base)
{
	uint64_t sum = 0;

	for (; base != DPF_BASE_FRAME; base = g->bases[base - 1].from)
		sum += dpf_shift(
			g->bases[base - 1].mask, g->bases[base - 1].shift);
	return sum;
}

/* The number of the base that lies field A behind the base that A is in. */
static int
base_of(struct graph *g, const struct sym *a, const char **why)
{
	struct dpf_base b = {
		.from = a->base,
		.width = a->width,
		.shift = a->shift,
		.off = a->off,
		.mask = a->mask,
	};
	int n;

	if (a->base == DPF_BASE_LEN)
		return refuse(why, "uses the frame's length as an offset");
	b.shift =
		(int8_t)(b.shift + (int)dpf_narrow(&b.off, &b.width, &b.mask));
	n = dpf_graph_base(g, &b);
	if (n < 0) {
		*why = "needs more than 16 variable offsets";
		return n;
	}
	if (farthest(g, (unsigned)n) > UINT32_MAX)
		return refuse(why, "adds offsets whose sum can wrap");
	return n;
}

/*
 * The sum of place P and field F, when F lies in the base that P is the place
 * of; 0 when it does not.
 */
static int
base_of_sum(struct graph *g, const struct sym *p, const struct sym *f,
	const char **why)
{
	int at = p->base;

	if (f->kind != SYM_FIELD || f->base == DPF_BASE_LEN ||
		f->base == DPF_BASE_FRAME)
		return 0;
	if (p->kind == SYM_FIELD) {
		if (p->base != DPF_BASE_FRAME)
			return 0;
		at = base_of(g, p, why);
		if (at < 0)
			return at;
	}
	return at == f->base ? base_of(g, f, why) : 0;
}

static int
add_values(
	struct graph *g, struct sym *a, const struct sym *x, const char **why)
{
	struct sym sum = { .kind = SYM_PLACE, .add = a->add + x->add };
	int base;

	if (x->kind == SYM_NUM) {
		a->add = sum.add;
		return SP_OK;
	}
	if (a->kind == SYM_NUM) {
		sum = *x;
		sum.add += a->add;
		*a = sum;
		return SP_OK;
	}
	base = base_of_sum(g, a, x, why);
	if (base == 0)
		base = base_of_sum(g, x, a, why);
	if (base < 0)
		return base;
	if (base == 0)
		return refuse(why, "adds two fields");
	sum.base = (uint8_t)base;
	*a = sum;
	return SP_OK;
}

static bool
same_term(const struct sym *a, const struct sym *x)
{
	return a->kind == x->kind && a->base == x->base &&
	       (a->kind != SYM_FIELD ||
		       (a->off == x->off && a->width == x->width &&
			       a->mask == x->mask && a->shift == x->shift));
}

static int
sub_values(struct sym *a, const struct sym *x, const char **why)
{
	if (x->kind == SYM_NUM) {
		a->add -= x->add;
		return SP_OK;
	}
	if (!same_term(a, x))
		return refuse(
			why, a->kind == SYM_NUM
				     ? "subtracts a field from a constant"
				     : "compares or subtracts two fields");
	*a = dpf_sym_num(a->add - x->add);
	return SP_OK;
}

int
dpf_sym_alu(struct graph *g, unsigned op, struct sym *a, const struct sym *x,
	const char **why)
{
	struct sym swapped = *a;

	if ((op == BPF_DIV || op == BPF_MOD) && x->kind == SYM_NUM &&
		x->add == 0)
		return SYM_REJECTS;
	if (op == BPF_ADD)
		return add_values(g, a, x, why);
	if (op == BPF_SUB)
		return sub_values(a, x, why);
	if (op == BPF_NEG) {
		if (a->kind != SYM_NUM)
			return refuse(why, "negates a field");
		a->add = 0 - a->add;
		return SP_OK;
	}
	if (a->kind == SYM_NUM && x->kind == SYM_NUM) {
		a->add = num_by_num(op, a->add, x->add);
		return SP_OK;
	}
	if (a->kind == SYM_NUM && (op == BPF_MUL || op == BPF_OR ||
					  op == BPF_AND || op == BPF_XOR)) {
		*a = *x;
		x = &swapped;
	}
	if (a->kind == SYM_FIELD && x->kind == SYM_NUM)
		return field_by_num(op, a, x->add, why);
	return refuse(why, a->kind == SYM_PLACE || x->kind == SYM_PLACE
				   ? "computes with a sum of fields"
				   : "computes with two fields, or divides or "
				     "shifts by one");
}

/* X lies so that X + 2^32 - BACK wraps unless the field is at least BACK. */
static int
index_back(const struct sym *x, uint32_t k, struct sym_index *out,
	const char **why)
{
	uint32_t back = 0 - x->add;
	struct sym term = *x, least = dpf_sym_num(back);
	struct sym_cmp cmp;

	if (k < back)
		return refuse(why, "reads before a variable offset");
	term.add = 0;
	out->off = k - back;
	if (dpf_sym_compare(BPF_JGE, &term, &least, &cmp, why) != SP_OK)
		return SP_EUNSUPPORTED;
	out->guard = cmp.first;
	return SP_OK;
}

int
dpf_sym_index(struct graph *g, const struct sym *x, uint32_t k,
	struct sym_index *out, const char **why)
{
	uint64_t most;
	int base = x->base;

	out->guard.known = FACT_YES;
	if (x->kind == SYM_NUM) {
		out->base = DPF_BASE_FRAME;
		out->off = x->add + k;
		/* No frame is that long, and the sum does not wrap. */
		return x->add > INT32_MAX || k > INT32_MAX ? SYM_REJECTS
							   : SP_OK;
	}
	if (x->kind == SYM_FIELD) {
		if (x->base != DPF_BASE_FRAME && x->base != DPF_BASE_LEN)
			return refuse(why, "uses an inner field as an offset "
					   "into the frame");
		base = base_of(g, x, why);
		if (base < 0)
			return base;
	}
	if (k > INT32_MAX)
		return SYM_REJECTS;
	out->base = (unsigned)base;
	out->off = x->add + k;
	most = farthest(g, out->base);
	if (x->add <= INT32_MAX && most + x->add <= UINT32_MAX)
		return SP_OK;
	if (x->kind != SYM_FIELD || x->add <= INT32_MAX)
		return refuse(why, "computes an offset that can wrap");
	return index_back(x, k, out, why);
}
