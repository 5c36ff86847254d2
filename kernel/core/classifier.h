/*
 * classifier.h - a merged set of filters with a pool and code of its own.
 *
 * The code is always up to date: a frame may be classified at any instruction of
 * any change, and is judged as before it or as after it.  So the entry of an id
 * is complete before the filter is added, and is taken away after it.
 *
 * To have one more: define a struct classifier with what it is to be like, add
 * filters, and ask it.  It takes memory while it has filters.
 */
#ifndef KERNEL_CORE_CLASSIFIER_H
#define KERNEL_CORE_CLASSIFIER_H

#include "dpf/dpf.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct classifier {
	enum dpf_set_kind kind;
	uint32_t share; /* its pool is the SHARE-th part of all memory */
	/* Instructions a frame: at most LIMIT, 0 for any number; COST more for
	 * each filter that accepts it. */
	uint32_t limit, cost;
	uint32_t *bytes;       /* where its size is told; NULL: nowhere */
	void (*changed)(void); /* something came or went; interrupts off */
	bool stays;            /* never closed */

	/* The rest is for classifier.c, but may be read. */
	struct dpf_set *set; /* NULL: closed */
	uint32_t code;       /* its address, as dpf stores it; 0: closed */
	uint32_t filters;
	uint32_t bound; /* what a frame takes at most, all of it */
	uint32_t pfn, pages;
};

/* Open it; what has filters is open.  SP_OK or SP_ENOMEM. */
int classifier_open(struct classifier *c) SP_MUST_CHECK;

/*
 * Add a filter.  Returns SP_OK, SP_ENOMEM, or SP_EFULL when a frame might take too
 * long; then nothing has changed.  Ids and ranks are as in dpf.h; where all that
 * accept a frame are wanted ranks mean nothing.
 */
int classifier_add(struct classifier *c, const struct dpf_filter *f,
	uint32_t id, uint32_t rank) SP_MUST_CHECK;

/* The same in place of OLD, another id: there is no moment without one of them. */
int classifier_replace(struct classifier *c, uint32_t old,
	const struct dpf_filter *f, uint32_t id, uint32_t rank) SP_MUST_CHECK;

/* ID is TO from now on; SP_ENOMEM: it is not. */
int classifier_rename(
	struct classifier *c, uint32_t id, uint32_t to) SP_MUST_CHECK;

/* Returns SP_OK, SP_ENOMEM or SP_EFULL. */
int classifier_rank(
	struct classifier *c, uint32_t id, uint32_t rank) SP_MUST_CHECK;

void classifier_remove(struct classifier *c, uint32_t id);

/*
 * Ask an open one; FRAME is 2 modulo 4.  DPF_SET_ONE: returns the id or 0.
 * DPF_SET_ALL: returns how many ids were stored; IDS has room for all filters.
 */
static inline uint32_t
classifier_one(const struct classifier *c, const uint8_t *frame, uint32_t len,
	uint32_t wirelen)
{
	typedef uint32_t (*one_t)(
		const uint8_t *frame, uint32_t len, uint32_t wirelen);

	return ((one_t)(uintptr_t)c->code)(frame, len, wirelen);
}

static inline uint32_t
classifier_all(const struct classifier *c, const uint8_t *frame, uint32_t len,
	uint32_t wirelen, uint16_t *ids)
{
	typedef uint32_t (*all_t)(const uint8_t *frame, uint32_t len,
		uint32_t wirelen, uint16_t *ids);

	return ((all_t)(uintptr_t)c->code)(frame, len, wirelen, ids);
}

#endif /* KERNEL_CORE_CLASSIFIER_H */
