/*
 * key.c - what part of a path is the key of a table, and back.
 *
 * Fields that lie together are loaded together; the key is kept as the generated
 * code has it, masked and moved down.
 */
#include "dpf/emit.h"
#include "dpf/table.h"

/* Can L be loaded together with what column C has already? */
static bool
joins(const struct dpf_set *s, const struct column *c, const struct literal *l)
{
	uint32_t whole = (uint32_t)l->off + l->width - c->off;

	return l->base == c->base && l->off >= c->off + c->width &&
	       (whole == 2 || whole == 4) &&
	       dpf_is_aligned(s, c->base, c->off, whole);
}

bool
dpf_table_layout(const struct dpf_set *s, const struct form *f, uint32_t vary,
	struct table *t)
{
	t->nfields = (uint8_t)f->nfields;
	t->ncols = 0;
	for (uint32_t i = 0; i < f->nfields; i++) {
		const struct literal *l = &f->lit[i];
		struct column *c = &t->col[t->ncols];

		t->field[i].col = TABLE_FIXED;
		if ((vary >> i & 1) == 0)
			continue;
		if (t->ncols > 0 && joins(s, c - 1, l)) {
			c--;
			c->width = (uint8_t)(l->off + l->width - c->off);
		} else if (t->ncols == TABLE_COLUMNS) {
			return false;
		} else {
			*c = (struct column){ .base = l->base,
				.off = l->off,
				.width = l->width };
			t->ncols++;
		}
		t->field[i].col = (uint8_t)(t->ncols - 1);
		t->field[i].bit = (uint8_t)(8 * (l->off - c->off));
		c->mask |= l->mask << t->field[i].bit;
	}
	for (uint32_t i = 0; i < t->ncols; i++) {
		struct column *c = &t->col[i];
		struct view v = dpf_view(s, c->base, c->off, c->width, c->mask);

		c->shift = v.shift;
	}
	return t->ncols > 0;
}

void
dpf_table_key(const struct table *t, const uint32_t *values, uint32_t *key)
{
	for (uint32_t i = 0; i < t->ncols; i++)
		key[i] = 0;
	for (uint32_t i = 0; i < t->nfields; i++)
		if (t->field[i].col != TABLE_FIXED)
			key[t->field[i].col] |= values[i] << t->field[i].bit;
	for (uint32_t i = 0; i < t->ncols; i++)
		key[i] >>= t->col[i].shift;
}

void
dpf_table_values(const struct dpf_set *s, const struct table *t,
	const uint32_t *key, uint32_t *values)
{
	const struct form *f = form_at(s, t->form);

	for (uint32_t i = 0; i < t->nfields; i++) {
		uint32_t col = t->field[i].col;

		values[i] = t->fixed[i];
		if (col != TABLE_FIXED)
			values[i] = key[col] << t->col[col].shift >>
					    t->field[i].bit &
				    f->lit[i].mask;
	}
}
