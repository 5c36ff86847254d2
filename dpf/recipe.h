/*
 * recipe.h - private to dpf/: inserting what is like an earlier filter.
 */
#ifndef DPF_RECIPE_H
#define DPF_RECIPE_H

#include "dpf/table.h"

/* How filters like F are inserted, or 0. */
ref_t dpf_recipe_find(struct dpf_set *s, const struct dpf_filter *f);

/* Insert F, for which RECIPE is, as filter ID.  Returns SP_OK, SP_ENOMEM (some
 * leaves may be there), or SP_EAGAIN: it has to be walked. */
int dpf_recipe_follow(struct dpf_set *s, ref_t recipe,
	const struct dpf_filter *f, uint32_t id) SP_MUST_CHECK;

/* W's filter has been inserted and all its leaves are in tables; W knows its
 * bases.  Without memory nothing is learnt. */
void dpf_recipe_learn(struct dpf_set *s, const struct walk *w, void *scratch);

/* Nobody has a path of FORM any more; 0: forget all. */
void dpf_recipe_forget(struct dpf_set *s, ref_t form);

#endif /* DPF_RECIPE_H */
