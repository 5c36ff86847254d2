/*
 * filter_batch.h - bind many filters with one command.
 */
#ifndef TOOLS_FILTER_BATCH_H
#define TOOLS_FILTER_BATCH_H

#include "bindings.h"

/*
 * Bind each NAME=EXPR line of FILE as LIKE says, in session S.
 *
 * What is refused is said in a line of its own and the others go on, but not after
 * fifty refusals; with NONE
 * all are compiled before one is bound, and the first refusal takes back those
 * that were.
 */
enum status batch_add(const struct args *a, struct session *s, const char *file,
	const struct ag_filter *like, bool none);

#endif /* TOOLS_FILTER_BATCH_H */
