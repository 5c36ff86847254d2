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

enum { PLAN_TABLES = 4, PLAN_LEAVES = 6 };

/*
 * What a search for candidates comes to on a path, whatever the constants are in
 * which such filters differ; as long as the trie is that of VERSION.
 */
struct plan {
	uint32_t version;
	bool known;
	uint8_t ntables, nleaves;
	struct {
		ref_t table;
		bool certain, inside;
		uint8_t from[FORM_FIELDS]; /* fields of the path */
	} table[PLAN_TABLES];
	struct {
		ref_t leaf; /* the first of a place */
		bool certain, inside;
	} leaf[PLAN_LEAVES];
};

/* The values of path I of F, for which RECIPE is, and its form; 0 if there are
 * no more paths. */
ref_t dpf_recipe_path(const struct dpf_set *s, ref_t recipe,
	const struct dpf_filter *f, uint32_t i, uint32_t *values);
struct plan *dpf_recipe_plan(const struct dpf_set *s, ref_t recipe, uint32_t i);
bool dpf_recipe_knows_paths(const struct dpf_set *s, ref_t recipe);

/* W's filter has been inserted and all its leaves are in tables; W knows its
 * bases.  Without memory nothing is learnt. */
void dpf_recipe_learn(struct dpf_set *s, const struct walk *w, void *scratch);

/* Nobody has a path of FORM any more; 0: forget all. */
void dpf_recipe_forget(struct dpf_set *s, ref_t form);

#endif /* DPF_RECIPE_H */
